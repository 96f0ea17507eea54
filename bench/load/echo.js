/**
 * Echo: each connection keeps so many messages in flight, and sends as many as have come back.
 *
 * Everything is encoded beforehand. What comes back is compared whole at first, then now and then, and its length
 * always: at the end exactly the octets must have come that are due.
 */
import { clientFrame, serverFrame } from "../lib/frames.js";
import { openRawConnection } from "./raw-connection.js";

// Messages of each connection that are compared whole before anything is measured.
const checkedMessages = 64;
// After that, one read in so many is.
const checkEvery = 64;
// No server needs this long for an echo, on however busy a machine.
const stallTimeoutMs = 10_000;

/**
 * @typedef {object} EchoSettings
 * @property {number} connections
 * @property {import("../lib/frames.js").MessageType} type
 * @property {number} messageBytes
 * @property {number} messagesInFlight for each connection
 */

/**
 * A payload of ASCII that tells which connection it belongs to.
 *
 * @param {number} index
 * @param {number} length
 */
function payloadOf(index, length) {
  return Buffer.from(
    `${index} says: the quick brown fox jumps over the lazy dog. `.repeat(Math.ceil(length / 40)),
  ).subarray(0, length);
}

class EchoConnection {
  /** Messages that have come back. */
  completed = 0;
  #sent = 0;
  #received = 0;
  #reads = 0;
  #isStopping = false;
  /** Frames to send, by how many: `#bursts[3]` is three of them in one buffer. */
  #bursts;
  #reply;
  #onError;
  /** @type {import("node:net").Socket | undefined} */
  #socket;

  /**
   * @param {number} index
   * @param {EchoSettings} settings
   * @param {(error: Error) => void} onError
   */
  constructor(index, { type, messageBytes, messagesInFlight }, onError) {
    const payload = payloadOf(index, messageBytes);
    const frames = Buffer.concat(Array.from({ length: messagesInFlight }, () => clientFrame(type, payload)));
    const frameBytes = frames.length / messagesInFlight;
    this.#bursts = Array.from({ length: messagesInFlight + 1 }, (_, count) => frames.subarray(0, count * frameBytes));
    this.#reply = serverFrame(type, payload);
    this.#onError = onError;
  }

  /** @param {number} port */
  async open(port) {
    this.#socket = await openRawConnection(
      port,
      (octets) => this.#take(octets),
      (error) => this.#onError(error),
    );
  }

  start() {
    this.#send(this.#bursts.length - 1);
  }

  /** Sends no more. */
  stop() {
    this.#isStopping = true;
  }

  get isIdle() {
    return this.completed === this.#sent;
  }

  /** @param {number} count */
  #send(count) {
    this.#sent += count;
    this.#socket?.write(this.#bursts[count]);
  }

  /** @param {Buffer} octets */
  #take(octets) {
    const replyBytes = this.#reply.length;
    if (this.completed < checkedMessages || ++this.#reads % checkEvery === 0) this.#check(octets);
    this.#received += octets.length;
    const completed = Math.floor(this.#received / replyBytes);
    if (this.#received > this.#sent * replyBytes) {
      this.#onError(new Error(`the server sent ${this.#received} octets where ${this.#sent * replyBytes} were due`));
      return;
    }
    const count = completed - this.completed;
    this.completed = completed;
    if (count > 0 && !this.#isStopping) this.#send(count);
  }

  /** @param {Buffer} octets */
  #check(octets) {
    const reply = this.#reply;
    let at = this.#received % reply.length;
    for (let position = 0; position < octets.length; ) {
      const length = Math.min(reply.length - at, octets.length - position);
      if (reply.compare(octets, position, position + length, at, at + length) !== 0) {
        this.#onError(new Error(`the server sent wrong octets after ${this.#received + position}`));
        return;
      }
      position += length;
      at = 0;
    }
  }
}

/**
 * @param {EchoSettings} settings
 * @returns {import("./main.js").Load}
 */
export function createLoad(settings) {
  const fail = (/** @type {Error} */ error) => {
    // Out of a socket's callback, this ends the process.
    throw error;
  };
  const connections = Array.from({ length: settings.connections }, (_, index) => {
    return new EchoConnection(index, settings, fail);
  });
  const completed = () => connections.reduce((sum, connection) => sum + connection.completed, 0);

  /** Looks now and then whether `isDone`, and fails when nothing moves. */
  const until = async (/** @type {() => boolean} */ isDone) => {
    let before = -1;
    let movedAt = Date.now();
    while (!isDone()) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      const now = completed();
      if (now !== before) movedAt = Date.now();
      else if (Date.now() - movedAt > stallTimeoutMs) fail(new Error(`the server stalled after ${now} messages`));
      before = now;
    }
  };

  return {
    async start(port) {
      for (const connection of connections) await connection.open(port);
      for (const connection of connections) connection.start();
      await until(() => connections.every((connection) => connection.completed >= checkedMessages));
    },
    count() {
      const messages = completed();
      return { messages, bytes: messages * settings.messageBytes };
    },
    async finish() {
      for (const connection of connections) connection.stop();
      await until(() => connections.every((connection) => connection.isIdle));
    },
  };
}
