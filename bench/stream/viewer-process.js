/**
 * Viewers, a few hundred in a process: plain WebSockets that speak as much of each server's protocol as a stream takes, and
 * look at when each frame comes and whether one is missing.
 */
import { once } from "node:events";
import { msgpackCodec } from "openline/realtime/msgpack";
import { WebSocket } from "ws";
import { answerQuestions } from "../lib/questions.js";
import { headBytes, nowMs } from "./picture.js";

/** A viewer that nothing comes to for so long has stalled: it has shown all that it had in hand. */
const stallMs = 1000;
const atOnce = 25;

/** @type {Viewer[]} */
const viewers = [];
/** @type {number[]} */
let latenciesMs = [];

class Viewer {
  frames = 0;
  bytes = 0;
  lost = 0;
  longestGapMs = 0;
  #last = -1;
  #cameMs = 0;

  /** @param {Uint8Array} data */
  frame(data) {
    const view = new DataView(data.buffer, data.byteOffset, headBytes);
    const number = view.getUint32(8);
    const now = nowMs();
    if (this.#last >= 0) {
      this.lost += number - this.#last - 1;
      this.longestGapMs = Math.max(this.longestGapMs, now - this.#cameMs);
    }
    this.#last = number;
    this.#cameMs = now;
    this.frames++;
    this.bytes += data.length;
    // One in sixteen says enough.
    if ((number & 15) === 0) latenciesMs.push(now - view.getFloat64(0));
  }

  begin() {
    this.frames = this.bytes = this.lost = this.longestGapMs = 0;
  }

  /** Until the next frame, which may not have come. */
  get gapMs() {
    return Math.max(this.longestGapMs, nowMs() - this.#cameMs);
  }
}

/** How each server is spoken to. @type {Readonly<Record<string, (url: string, viewer: Viewer) => WebSocket>>} */
const ways = {
  openline(url, viewer) {
    const socket = new WebSocket(url, msgpackCodec.subprotocol, { perMessageDeflate: false });
    const say = (/** @type {readonly unknown[]} */ frame) => socket.send(msgpackCodec.encode(frame));
    socket.on("open", () => {
      say(["hello", {}]);
      say(["sub", 1, "video/live", {}]);
    });
    socket.on("message", (message) => {
      const said = msgpackCodec.decode(message);
      for (const frame of Array.isArray(said[0]) ? said : [said]) {
        if (frame[0] === "g") viewer.frame(frame[4]);
        else if (frame[0] === "ping") say(["ok", frame[1]]);
      }
    });
    return socket;
  },
  ws(url, viewer) {
    const socket = new WebSocket(url, { perMessageDeflate: false });
    socket.on("message", (data) => viewer.frame(data));
    return socket;
  },
  "socket.io"(url, viewer) {
    const socket = new WebSocket(`${url}/socket.io/?EIO=4&transport=websocket`, { perMessageDeflate: false });
    socket.on("message", (data, isBinary) => {
      if (isBinary) viewer.frame(data);
      else if (data[0] === 0x30) socket.send("40");
      else if (data[0] === 0x32 && data.length === 1) socket.send("3");
    });
    return socket;
  },
};

/** @param {number[]} sorted @param {number} part */
const quantile = (sorted, part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;

answerQuestions({
  /** @param {{ peer: string, port: number, count: number }} details */
  async connect({ peer, port, count }) {
    for (let left = count; left > 0; left -= atOnce) {
      const opening = Array.from({ length: Math.min(atOnce, left) }, async () => {
        const viewer = new Viewer();
        viewers.push(viewer);
        await once(ways[peer](`ws://127.0.0.1:${port}`, viewer), "open");
      });
      await Promise.all(opening);
    }
  },
  begin() {
    latenciesMs = [];
    for (const viewer of viewers) viewer.begin();
  },
  report() {
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
