/**
 * Run by `fork` with the library's name and the server's URL: floods it, checks every echo, and sends how far its
 * memory has grown and how often it was stuck.
 */
import { once } from "node:events";
import { connect } from "openline";
import { WebSocket } from "ws";
import { floodBytes, messageBytes, stuckAtBytes, watchMemory } from "./flood.js";

/**
 * A client that reads only when told to.
 *
 * @typedef {object} LazyClient
 * @property {(message: Uint8Array) => void} send
 * @property {() => number} bufferedBytes output that has not left
 * @property {(count: number, each: (message: Uint8Array) => void) => Promise<void>} read takes `count` messages
 */

/** @returns {Promise<LazyClient>} */
async function openlineClient(url) {
  const socket = await connect(url);
  // Reading stops while nobody asks the iterator.
  const messages = socket[Symbol.asyncIterator]();
  return {
    send(message) {
      if (!socket.send(message).ok) throw new Error("the message was refused");
    },
    bufferedBytes: () => socket.bufferedBytes,
    async read(count, each) {
      for (let index = 0; index < count; index++) {
        const { done, value } = await messages.next();
        if (done === true) throw new Error("the connection ended");
        each(value);
      }
    },
  };
}

/** @returns {Promise<LazyClient>} */
async function wsClient(url) {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  await once(socket, "open");
  socket.pause();
  return {
    send: (message) => socket.send(message),
    bufferedBytes: () => socket.bufferedAmount,
    async read(count, each) {
      await new Promise((resolve, reject) => {
        let left = count;
        const take = (message) => {
          each(message);
          if (--left > 0) return;
          socket.off("message", take);
          socket.pause();
          resolve(undefined);
        };
        socket.on("message", take);
        socket.once("close", (code) => reject(new Error(`the connection ended with ${code}`)));
        socket.resume();
      });
    },
  };
}

const [library, url] = process.argv.slice(2);
const client = await (library === "openline" ? openlineClient : wsClient)(url);
const message = new Uint8Array(messageBytes);
const memory = watchMemory();
let timesStuck = 0;
let sent = 0;
let received = 0;

/** Each message is filled with the low octet of its number. */
function check(echo) {
  const octet = received++ & 0xff;
  const isRight = echo.byteLength === messageBytes && echo[0] === octet && echo[messageBytes - 1] === octet;
  if (!isRight) throw new Error(`message ${received} came back wrong`);
  memory.sample();
}

const count = floodBytes / messageBytes;
while (received < count) {
  if (sent < count && client.bufferedBytes() < stuckAtBytes) {
    client.send(new Uint8Array(message.fill(sent++ & 0xff)));
    memory.sample();
    // What can leave, leaves.
    await new Promise(setImmediate);
    continue;
  }
  if (sent < count) timesStuck++;
  await client.read(sent - received, check);
}
process.send?.({ grownBytes: memory.grownBytes(), timesStuck }, () => process.exit());
