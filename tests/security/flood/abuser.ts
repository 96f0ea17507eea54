/**
 * A peer that abuses a server, and comes back when it has been thrown out.
 */
import type { Socket } from "node:net";
import { connect } from "node:net";
import { headBytes } from "../../support/http-reply.js";
import type { Abuse } from "./abuse.js";
import { requestOf } from "./abuse.js";

// A status line, or a Close frame.
const maxKeptBytes = 1024;

/** See the head of this file. */
export class Abuser {
  readonly #port: number;
  readonly kind: string;
  readonly #abuse: Abuse;
  readonly #ended: (kind: string, how: string) => void;
  #socket: Socket | undefined;
  #isAtIt = false;
  #received = Buffer.alloc(0);
  #returnsAtMs = 0;

  /**
   * @param startsAtMs when it connects for the first time
   * @param ended told how each of its connections has ended
   */
  constructor(
    port: number,
    kind: string,
    abuse: Abuse,
    startsAtMs: number,
    ended: (kind: string, how: string) => void,
  ) {
    this.#returnsAtMs = startsAtMs;
    this.#port = port;
    this.kind = kind;
    this.#abuse = abuse;
    this.#ended = ended;
  }

  get isConnected(): boolean {
    return this.#socket !== undefined;
  }

  /** Does the next thing. */
  step(nowMs: number): void {
    const socket = this.#socket;
    if (socket === undefined) {
      if (nowMs >= this.#returnsAtMs) this.#connect();
    } else if (this.#isAtIt && this.#abuse.again !== undefined && socket.writableLength === 0) {
      socket.write(this.#abuse.again);
    }
  }

  stop(): void {
    this.#socket?.removeAllListeners("close").resetAndDestroy();
    this.#socket = undefined;
  }

  #connect(): void {
    const { isUpgraded, first } = this.#abuse;
    const socket = connect({ port: this.#port, host: "127.0.0.1", noDelay: true });
    this.#socket = socket;
    this.#isAtIt = false;
    this.#received = Buffer.alloc(0);
    socket.on("connect", () => {
      if (isUpgraded) socket.write(requestOf(this.kind), "latin1");
      else this.#begin(first);
    });
    socket.on("data", (chunk) => this.#receive(chunk));
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      this.#socket = undefined;
      this.#returnsAtMs = performance.now() + this.#abuse.returnsAfterMs;
      this.#ended(this.kind, howItEnded(this.#received));
    });
  }

  #begin(first: Uint8Array): void {
    this.#isAtIt = true;
    if (first.byteLength > 0) this.#socket?.write(first);
  }

  #receive(chunk: Buffer): void {
    if (this.#received.byteLength < maxKeptBytes) this.#received = Buffer.concat([this.#received, chunk]);
    if (this.#isAtIt || !this.#abuse.isUpgraded || headBytes(this.#received) === undefined) return;
    if (!this.#received.subarray(0, 12).equals(Buffer.from("HTTP/1.1 101"))) return;
    this.#begin(this.#abuse.first);
    if (!this.#abuse.reads) this.#socket?.pause();
  }
}

/** What a connection was told before its end: an HTTP status, or the code and reason of a Close frame. */
function howItEnded(received: Buffer): string {
  const status = /^HTTP\/1\.1 (\d{3})/u.exec(received.toString("latin1"))?.[1];
  if (status === undefined) return "cut";
  if (status !== "101") return `HTTP ${status}`;
  const frames = received.subarray(headBytes(received));
  // The first frame, where it is a Close frame of ordinary length.
  if (frames.byteLength < 4 || frames[0] !== 0x88) return "cut";
  return `${frames.readUInt16BE(2)} ${frames.toString("utf8", 4, 2 + (frames[1] ?? 0))}`.trim();
}
