/**
 * Viewers, a few hundred in a process: WebSockets that speak as much of each server's protocol as a stream takes, and
 * look at when each frame comes and whether one is missing.
 */
import { connect } from "node:net";
import { msgpackCodec } from "openline/realtime/msgpack";
import { answerQuestions } from "../lib/questions.js";
import { FrameReader } from "./frame-reader.js";
import { nowMs } from "./picture.js";

/** A viewer that nothing comes to for so long has stalled: it has shown all that it had in hand. */
const stallMs = 1000;
const atOnce = 25;
const shared = Buffer.alloc(262_144);

/** @type {Viewer[]} */
const viewers = [];
/** @type {number[]} */
let latenciesMs = [];
let closed = 0;

class Viewer {
  frames = 0;
  bytes = 0;
  lost = 0;
  longestGapMs = 0;
  #last = -1;
  #cameMs = 0;

  /** @param {Buffer} start of the message @param {number} at where the data begins @param {number} length of the message */
  frame(start, at, length) {
    const number = start.readUInt32BE(at + 8);
    const now = nowMs();
    if (this.#last >= 0) {
      this.lost += number - this.#last - 1;
      this.longestGapMs = Math.max(this.longestGapMs, now - this.#cameMs);
    }
    this.#last = number;
    this.#cameMs = now;
    this.frames++;
    this.bytes += length - at;
    // One in sixteen says enough.
    if ((number & 15) === 0) latenciesMs.push(now - start.readDoubleBE(at));
  }

  begin() {
    this.frames = this.bytes = this.lost = this.longestGapMs = 0;
  }

  /** Until the next frame, which may not have come. */
  get gapMs() {
    return Math.max(this.longestGapMs, nowMs() - this.#cameMs);
  }
}

/**
 * How each server is spoken to: the path and the subprotocol, what is said when the connection is there, and where in a message the
 * data begins; `hears` answers what is no data.
 *
 * @typedef {object} Way
 * @property {string} path
 * @property {string} [subprotocol]
 * @property {readonly Uint8Array[]} says
 * @property {(start: Buffer) => number} dataAt -1: it is no frame of the stream
 * @property {(start: Buffer) => Uint8Array | undefined} hears
 */

/** @type {Readonly<Record<string, Way>>} */
const ways = {
  openline: {
    path: "/",
    subprotocol: msgpackCodec.subprotocol,
    says: [
      ["hello", {}],
      ["sub", 1, "video/live", {}],
    ].map((frame) => clientFrame(2, msgpackCodec.encode(frame))),
    dataAt: (start) => (start[1] === 0xa1 && start[2] === 0x67 ? octetsAt(start, 3) : -1),
    hears(start) {
      // ["ping", r], which is short.
      const said = start.includes("ping") ? msgpackCodec.decode(start) : undefined;
      return said === undefined ? undefined : clientFrame(2, msgpackCodec.encode(["ok", said[1]]));
    },
  },
  ws: { path: "/", says: [], dataAt: () => 0, hears: () => undefined },
  "socket.io": {
    path: "/socket.io/?EIO=4&transport=websocket",
    says: [],
    dataAt: () => 0,
    hears(start) {
      // Engine.IO: "0" opens, "2" pings; "40" joins, "3" answers.
      if (start[0] === 0x30) return clientFrame(1, Buffer.from("40"));
      return start[0] === 0x32 ? clientFrame(1, Buffer.from("3")) : undefined;
    },
  },
};

/** Behind numbers of MessagePack, the octets: where they begin. */
function octetsAt(start, from) {
  let at = from;
  for (;;) {
    const type = start[at];
    if (type <= 0x7f) at += 1;
    else if (type >= 0xcc && type <= 0xcf) at += 1 + 2 ** (type - 0xcc);
    else return type === 0xc4 ? at + 2 : type === 0xc5 ? at + 3 : type === 0xc6 ? at + 5 : -1;
  }
}

/** A frame of a client's, with a key of zeros: what is sent here hides nothing. */
function clientFrame(opcode, payload) {
  return Buffer.concat([Buffer.of(0x80 | opcode, 0x80 | payload.length, 0, 0, 0, 0), payload]);
}

/** Opens a WebSocket, and has the viewer look at what comes. */
async function open(peer, port, viewer) {
  const way = ways[peer];
  const reader = new FrameReader((opcode, length, start) => {
    // §5.5.3: "A Pong frame sent in response to a Ping frame must have identical "Application data""; pings are short.
    if (opcode === 9) {
      socket.write(clientFrame(10, start));
      return;
    }
    const at = opcode === 2 ? way.dataAt(start) : -1;
    if (at >= 0) viewer.frame(start, at, length);
    else {
      const answer = way.hears(start);
      if (answer !== undefined) socket.write(answer);
    }
  });
  let head = "";
  const { promise, resolve, reject } = withResolvers();
  const onread = {
    // One for all: what it holds has been read when the next octets come.
    buffer: shared,
    callback(count, buffer) {
      const octets = buffer.subarray(0, count);
      if (head === undefined) reader.push(octets);
      else {
        head += octets.toString("latin1");
        const end = head.indexOf("\r\n\r\n");
        if (end < 0) return true;
        if (!head.startsWith("HTTP/1.1 101 ")) reject(new Error(`no WebSocket: ${head.slice(0, end)}`));
        const rest = Buffer.from(head.slice(end + 4), "latin1");
        head = undefined;
        for (const frame of way.says) socket.write(frame);
        reader.push(rest);
        resolve();
      }
      return true;
    },
  };
  const socket = connect({ port, host: "127.0.0.1", onread });
  socket.on("error", reject);
  socket.on("close", () => closed++);
  const lines = [
    `GET ${way.path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    ...(way.subprotocol === undefined ? [] : [`Sec-WebSocket-Protocol: ${way.subprotocol}`]),
  ];
  socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  await promise;
}

function withResolvers() {
  const result = {};
  result.promise = new Promise((resolve, reject) => Object.assign(result, { resolve, reject }));
  return result;
}

/** @param {number[]} sorted @param {number} part */
const quantile = (sorted, part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;

answerQuestions({
  /** @param {{ peer: string, port: number, count: number }} details */
  async connect({ peer, port, count }) {
    for (let left = count; left > 0; left -= atOnce) {
      const opening = Array.from({ length: Math.min(atOnce, left) }, async () => {
        const viewer = new Viewer();
        viewers.push(viewer);
        await open(peer, port, viewer);
      });
      await Promise.all(opening);
    }
  },
  begin() {
    latenciesMs = [];
    for (const viewer of viewers) viewer.begin();
  },
  report() {
    if (closed > 0) throw new Error(`the server closed the connections of ${closed} viewers`);
    latenciesMs.sort((a, b) => a - b);
    const gaps = viewers.map(({ gapMs }) => gapMs);
    return {
      viewers: viewers.length,
      bytes: viewers.reduce((sum, { bytes }) => sum + bytes, 0),
      lost: viewers.reduce((sum, { lost }) => sum + lost, 0),
      stalled: gaps.filter((gap) => gap >= stallMs).length,
      longestGapMs: Math.max(...gaps),
      latencyP50Ms: quantile(latenciesMs, 0.5),
      latencyP99Ms: quantile(latenciesMs, 0.99),
    };
  },
});
