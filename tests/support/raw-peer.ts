/**
 * A peer that speaks frames by hand, one by one, and does nothing by itself: it answers no ping and no Close frame.
 */
import type { ByteStream, ByteStreamReceiver } from "#src/transport/index.js";
import type { Frame, FrameParts } from "./frames.js";
import { frame, readFrames, sampleKey } from "./frames.js";

const opcodeNames: Readonly<Record<number, string>> = {
  0: "continuation",
  1: "text",
  2: "binary",
  8: "close",
  9: "ping",
  10: "pong",
};

export class RawPeer implements ByteStreamReceiver {
  readonly stream: ByteStream;
  readonly #role: "client" | "server";
  readonly frames: Frame[] = [];
  #rest: Uint8Array = new Uint8Array(0);
  #unsent: Uint8Array[] = [];
  #isWriting = false;
  #waiters: { readonly isMet: () => boolean; readonly resolve: () => void }[] = [];
  hasEnded = false;
  isClosed = false;
  error: Error | undefined;

  /**
   * @param stream where it is connected; taken over
   * @param role what it plays: a client masks its frames
   */
  constructor(stream: ByteStream, role: "client" | "server") {
    this.stream = stream;
    this.#role = role;
    stream.start(this);
  }

  /** The frames received, one line each: `text hello`, `binary 3`, `close 1000 bye`, `ping 00000001`. */
  get lines(): string[] {
    return this.frames.map(lineOf);
  }

  /** Octets of a frame as this peer would send it. */
  encode(parts: FrameParts): Uint8Array {
    return frame(this.#role === "client" ? { key: sampleKey, ...parts } : parts);
  }

  send(...frames: readonly FrameParts[]): void {
    this.sendOctets(...frames.map((parts) => this.encode(parts)));
  }

  sendText(...texts: readonly string[]): void {
    // In one piece, so that they arrive in one.
    this.sendOctets(Buffer.concat(texts.map((payload) => this.encode({ opcode: 1, payload }))));
  }

  sendClose(code = 1000, reason = ""): void {
    const body = Buffer.concat([Uint8Array.of(code >> 8, code & 0xff), Buffer.from(reason)]);
    this.send({ opcode: 8, payload: body });
  }

  sendOctets(...pieces: readonly Uint8Array[]): void {
    this.#unsent.push(...pieces);
    this.#write();
  }

  /** Octets that the stream has not taken yet. */
  get unsentBytes(): number {
    return this.#unsent.reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  #write(): void {
    while (!this.#isWriting) {
      const next = this.#unsent.shift();
      if (next === undefined) return;
      this.#isWriting = !this.stream.write([next]);
    }
  }

  /** Resolves when `isMet` holds, which is asked whenever something arrives. */
  until(isMet: () => boolean): Promise<void> {
    if (isMet()) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ isMet, resolve }));
  }

  untilFrames(count: number): Promise<void> {
    return this.until(() => this.frames.length >= count);
  }

  untilClosed(): Promise<void> {
    return this.until(() => this.isClosed);
  }

  untilEnded(): Promise<void> {
    return this.until(() => this.hasEnded);
  }

  streamReceived(lent: Uint8Array, start: number, end: number): void {
    const bytes = Buffer.concat([this.#rest, lent.subarray(start, end)]);
    const whole = wholeFramesBytes(bytes);
    this.frames.push(...readFrames(bytes.subarray(0, whole)));
    this.#rest = bytes.subarray(whole);
    this.#notify();
  }

  streamDrained(): void {
    this.#isWriting = false;
    this.#write();
    this.#notify();
  }

  streamEnded(): void {
    this.hasEnded = true;
    this.#notify();
  }

  streamClosed(error?: Error): void {
    this.isClosed = true;
    this.error = error;
    this.#notify();
  }

  #notify(): void {
    const met = this.#waiters.filter(({ isMet }) => isMet());
    this.#waiters = this.#waiters.filter((waiter) => !met.includes(waiter));
    for (const { resolve } of met) resolve();
  }
}

function lineOf({ opcode, fin, payload }: Frame): string {
  const name = `${opcodeNames[opcode] ?? String(opcode)}${fin ? "" : "+"}`;
  const octets = Buffer.from(payload);
  if (opcode === 8) {
    return octets.byteLength < 2 ? name : `${name} ${octets.readUInt16BE(0)} ${octets.toString("utf8", 2)}`.trimEnd();
  }
  if (opcode === 1) return `${name} ${octets.toString("utf8")}`.trimEnd();
  return opcode === 2 ? `${name} ${octets.byteLength}` : `${name} ${octets.toString("hex")}`.trimEnd();
}

/** Octets at the start of `bytes` that are whole frames. */
function wholeFramesBytes(bytes: Buffer): number {
  let position = 0;
  for (;;) {
    if (bytes.byteLength - position < 2) return position;
    const second = bytes.readUInt8(position + 1);
    const shortLength = second & 0x7f;
    const lengthBytes = shortLength < 126 ? 0 : shortLength === 126 ? 2 : 8;
    const headerBytes = 2 + lengthBytes + (second >= 0x80 ? 4 : 0);
    if (bytes.byteLength - position < headerBytes) return position;
    const length =
      lengthBytes === 0
        ? shortLength
        : lengthBytes === 2
          ? bytes.readUInt16BE(position + 2)
          : Number(bytes.readBigUInt64BE(position + 2));
    if (bytes.byteLength - position < headerBytes + length) return position;
    position += headerBytes + length;
  }
}
