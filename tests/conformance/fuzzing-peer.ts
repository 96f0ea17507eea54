/**
 * The other side of the connection under test: sends what a case tells it to, legal or not, and expects exactly what
 * RFC 6455 demands in answer, in order. Where Autobahn tolerates more than one answer, this one does not.
 */
import assert from "node:assert/strict";
import { isUtf8 } from "node:buffer";
import { seededRandom } from "../support/random.js";
import { cut } from "./cases/case.js";
import type { DeflateCodec } from "./deflate.js";
import type { FrameToWrite } from "./frames.js";
import { encodeFrame, FrameReader, Opcode, rsv1 } from "./frames.js";
import type { Wire } from "./wire.js";

/** How octets are cut up on their way: frame by frame, or in pieces of so many octets. Default: not at all. */
export type Chop = "frames" | number;

/** How a case ended, seen from the fuzzing peer. The close report of the side under test has to agree. */
export type Ending =
  | { readonly kind: "clean"; readonly code: number }
  | { readonly kind: "failed"; readonly code: number };

type EventKind = "text" | "binary" | "ping" | "pong" | "close";
type Event = { readonly kind: EventKind; readonly payload: Buffer } | { readonly kind: "end" };

const eventKinds: Readonly<Record<number, EventKind>> = {
  [Opcode.text]: "text",
  [Opcode.binary]: "binary",
  [Opcode.close]: "close",
  [Opcode.ping]: "ping",
  [Opcode.pong]: "pong",
};

const noCode = 1005;

export class FuzzingPeer {
  readonly #wire: Wire;
  readonly #role: "client" | "server";
  readonly #reader: FrameReader;
  readonly #random: () => number;
  readonly #codec: DeflateCodec | undefined;
  #probes = 0;
  #ending: Ending | undefined;
  #fragments: Buffer[] = [];
  #fragmentedKind: EventKind = "text";
  #isCompressed = false;

  /**
   * @param role what this peer is: a client masks its frames
   * @param seed of the masking keys
   * @param codec where permessage-deflate was negotiated
   */
  constructor(wire: Wire, role: "client" | "server", seed: number, codec?: DeflateCodec) {
    this.#wire = wire;
    this.#role = role;
    this.#reader = new FrameReader(wire, role === "server", codec !== undefined);
    this.#codec = codec;
    this.#random = seededRandom(seed);
  }

  /** How the connection ended; undefined while it has not. */
  get ending(): Ending | undefined {
    return this.#ending;
  }

  /** Compressed messages that have come. */
  get compressedMessages(): number {
    return this.#codec?.receivedMessages ?? 0;
  }

  /** A frame's octets, masked if this is a client. */
  frame(frame: FrameToWrite): Buffer {
    const key = Uint8Array.from({ length: 4 }, () => Math.floor(this.#random() * 256));
    return encodeFrame(frame, this.#role === "client" ? key : undefined);
  }

  /** Sends octets, in pieces of `chop` octets if that is given. */
  async send(octets: Buffer, chop: number = octets.length): Promise<void> {
    if (chop >= octets.length) {
      await this.#wire.write(octets);
      return;
    }
    for (let start = 0; start < octets.length; start += chop) {
      await this.#wire.writePiece(octets.subarray(start, start + chop));
    }
  }

  /** Sends frames, in one piece or cut up. */
  async sendFrames(frames: readonly FrameToWrite[], chop?: Chop): Promise<void> {
    const encoded = frames.map((frame) => this.frame(frame));
    if (chop === "frames") {
      for (const octets of encoded) await this.#wire.writePiece(octets);
    } else {
      await this.send(encoded.length === 1 ? encoded[0]! : Buffer.concat(encoded), chop);
    }
  }

  /** Sends one frame. */
  sendFrame(frame: FrameToWrite): Promise<void> {
    return this.sendFrames([frame]);
  }

  /** Compresses a message, and sends it in one frame or in fragments of so many compressed octets. */
  async sendCompressed(kind: "text" | "binary", message: Buffer, fragmentBytes: number): Promise<void> {
    const [octets] = this.#requireCodec().deflate([message]);
    await this.#sendCompressedFrames(kind, fragmentBytes === 0 ? [octets!] : cut(octets!, fragmentBytes));
  }

  /** Sends a message in fragments, each of so many octets that are compressed by themselves. */
  async sendCompressedPieces(kind: "text" | "binary", message: Buffer, fragmentBytes: number): Promise<void> {
    const pieces = fragmentBytes === 0 ? [message] : cut(message, fragmentBytes);
    await this.#sendCompressedFrames(kind, this.#requireCodec().deflate(pieces));
  }

  #requireCodec(): DeflateCodec {
    assert.ok(this.#codec, "permessage-deflate was not negotiated");
    return this.#codec;
  }

  /** RFC 7692 §6: the bit is set in the first frame, and no other. */
  #sendCompressedFrames(kind: "text" | "binary", payloads: readonly Buffer[]): Promise<void> {
    const last = payloads.length - 1;
    return this.sendFrames(
      payloads.map((payload, index) => ({
        opcode: index === 0 ? Opcode[kind] : Opcode.continuation,
        rsv: index === 0 ? rsv1 : 0,
        fin: index === last,
        payload,
      })),
    );
  }

  /** Expects a message next, of these octets; how it is fragmented is up to the sender (§5.4). */
  async expectMessage(kind: "text" | "binary", payload: Uint8Array): Promise<void> {
    const event = await this.#nextEvent();
    assert.equal(describe(event), describe({ kind, payload: Buffer.from(payload) }), "the next thing received");
    if (event.kind === kind) assertSameOctets(event.payload, payload);
  }

  /** Expects a pong next, with exactly the ping's payload (§5.5.3). */
  async expectPong(payload: Uint8Array): Promise<void> {
    const event = await this.#nextEvent();
    assert.equal(describe(event), describe({ kind: "pong", payload: Buffer.from(payload) }), "the next thing received");
  }

  /**
   * Expects that nothing has come in answer to what was sent, and that the connection lives: a ping sent behind it is
   * the first to be answered.
   */
  async expectNothing(): Promise<void> {
    const payload = Buffer.from(`probe ${++this.#probes}`);
    await this.sendFrame({ opcode: Opcode.ping, payload });
    await this.expectPong(payload);
  }

  /** The same in the middle of a frame, where no ping can be sent. */
  async expectSilence(): Promise<void> {
    await this.#wire.settle();
    if (this.#reader.hasUnread) assert.fail(`expected silence, received ${describe(await this.#nextEvent())}`);
  }

  /** Closes with 1000, and expects that this is all there is left to do. */
  async close(): Promise<void> {
    await this.sendFrame({ opcode: Opcode.close, payload: closeBody(1000) });
    await this.expectClose(1000);
  }

  /**
   * Expects the answer to a Close frame of ours next: a Close frame with the same code (§5.5.1), and then the end of
   * the stream, the server's side first, with nothing before it.
   *
   * @param code what we sent; undefined when we sent an empty body
   */
  async expectClose(code: number | undefined): Promise<void> {
    assert.equal(await this.#nextCloseCode(), code ?? noCode, "the status code of the Close frame");
    // §5.5.1: "The server MUST close the underlying TCP connection immediately; the client SHOULD wait for the server
    // to close the connection".
    if (this.#role === "server") {
      await this.expectSilence();
      this.#wire.end();
    }
    await this.#expectEnd();
    this.#wire.end();
    this.#ending = { kind: "clean", code: code ?? noCode };
  }

  /**
   * Expects that the other side fails the connection next (§7.1.7): a Close frame with this code, then the end of the
   * stream, with nothing before it and nothing in between.
   */
  async expectFailure(code: 1002 | 1007): Promise<void> {
    assert.equal(await this.#nextCloseCode(), code, "the status code of the Close frame");
    await this.#expectEnd();
    this.#wire.end();
    this.#ending = { kind: "failed", code };
  }

  /** Cuts the connection, whatever its state. */
  destroy(): void {
    this.#wire.destroy();
  }

  async #expectEnd(): Promise<void> {
    const event = await this.#nextEvent();
    assert.equal(describe(event), describe({ kind: "end" }), "what follows the Close frame");
  }

  async #nextCloseCode(): Promise<number> {
    const event = await this.#nextEvent();
    if (event.kind !== "close") assert.fail(`expected a Close frame, received ${describe(event)}`);
    const { payload } = event;
    if (payload.length === 0) return noCode;
    assert.ok(payload.length >= 2, "a Close frame has a body of one octet (§5.5.1)");
    assert.ok(isUtf8(payload.subarray(2)), "the reason in a Close frame is not UTF-8 (§5.5.1)");
    return payload.readUInt16BE(0);
  }

  /** The next message, its fragments joined, or the next control frame, which may come between them (§5.4). */
  async #nextEvent(): Promise<Event> {
    for (;;) {
      const frame = await this.#reader.read();
      if (frame === undefined) return { kind: "end" };
      const kind = eventKinds[frame.opcode];
      if (kind !== undefined && frame.opcode >= Opcode.close) return { kind, payload: frame.payload };
      assert.equal(
        kind === undefined,
        this.#fragments.length > 0,
        "a message is continued just when one has begun (§5.4)",
      );
      if (kind !== undefined) {
        this.#fragmentedKind = kind;
        this.#isCompressed = frame.isCompressed;
      }
      this.#fragments.push(frame.payload);
      if (!frame.fin) continue;
      const octets = Buffer.concat(this.#fragments);
      this.#fragments = [];
      const payload = this.#isCompressed ? this.#requireCodec().inflate(octets) : octets;
      return { kind: this.#fragmentedKind, payload };
    }
  }
}

/** The body of a Close frame. */
export function closeBody(code: number, reason: Uint8Array = new Uint8Array(0)): Buffer {
  const body = Buffer.alloc(2 + reason.length);
  body.writeUInt16BE(code, 0);
  body.set(reason, 2);
  return body;
}

const shownOctets = 64;

/** What happened, short enough to print. */
function describe(event: Event): string {
  if (event.kind === "end") return "the end of the stream";
  const { kind, payload } = event;
  const shown = payload.subarray(0, shownOctets).toString("hex");
  return `${kind}, ${payload.length} octets: ${shown}${payload.length > shownOctets ? "…" : ""}`;
}

/** Like `deepEqual`, without printing megabytes. */
function assertSameOctets(actual: Buffer, expected: Uint8Array): void {
  if (actual.equals(expected)) return;
  const at = actual.findIndex((octet, index) => octet !== expected[index]);
  assert.fail(`the message differs from octet ${at} on: ${actual[at]} instead of ${expected[at]}`);
}
