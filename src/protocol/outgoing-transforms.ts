/**
 * The way out for messages that extensions change (RFC 6455 §9).
 *
 * Where an extension needs time, what is to be sent after it waits here, in order, and counts as output that is pending.
 * Control frames do not wait (§5.5: they "MAY appear in the middle" of a fragmented message), save the Close frame,
 * after which nothing may follow.
 */

import type { ConnectionSink } from "./connection-context.js";
import type { Later, SendHints, Transformed } from "./extensions/extension.js";
import { stableFromBytes } from "./extensions/extension.js";
import type { ExtensionChain } from "./extensions/extension-chain.js";
import { finBit } from "./frame-header.js";
import type { FrameWriter } from "./frame-writer.js";
import { maxBytesPerUnit, unmeasuredTextUnits } from "./frame-writer.js";
import { copyOctets } from "./octets.js";
import type { DataOpcode } from "./opcode.js";
import { Opcode } from "./opcode.js";
import type { BufferPool, Output } from "./output.js";
import type { SharedMessage } from "./shared-message.js";
import type { FramedMessage } from "./shared-octets.js";
import type { TextCodec } from "./utf8.js";

/** The connection, as far as the way out needs it. */
export interface OutgoingOwner {
  /** Sends a frame that was made for many. */
  writeFramed(message: FramedMessage): void;
  /** There was no memory for what an extension has made, outside of any call; nothing after it has been sent. */
  sendFailed(cause: Error): void;
}

/** What the way out shares with those of other connections. */
export interface OutgoingContext {
  readonly text: TextCodec;
  readonly pool: BufferPool;
}

/** How a message goes out. */
export interface OutgoingFrame {
  readonly opcode: DataOpcode;
  /** Undefined for a message in one piece. */
  readonly fragment: { readonly isFirst: boolean; readonly fin: boolean } | undefined;
  readonly hints: SendHints;
}

interface Waiting {
  readonly byteLength: number;
  readonly send: () => void;
}

/** See the head of this file. */
export class OutgoingTransforms {
  readonly #chain: ExtensionChain;
  readonly #context: OutgoingContext;
  readonly #writer: FrameWriter;
  readonly #output: Output;
  readonly #owner: OutgoingOwner;
  readonly #sink: Pick<ConnectionSink, "messageWritten" | "outputAdded">;
  #queue: Waiting[] | undefined;
  #isPending = false;
  #isDropped = false;
  /** Of the message that goes out in fragments: octets so far, and whether extensions change it. */
  #fragmentedBytes = 0;
  #isFragmentedTransformed = false;

  constructor(
    chain: ExtensionChain,
    context: OutgoingContext,
    writer: FrameWriter,
    output: Output,
    owner: OutgoingOwner,
    sink: Pick<ConnectionSink, "messageWritten" | "outputAdded">,
  ) {
    this.#chain = chain;
    this.#context = context;
    this.#writer = writer;
    this.#output = output;
    this.#owner = owner;
    this.#sink = sink;
  }

  /** Sends text, octets that are lent for the call, or, 16 KiB of them and more, for as long as they wait. */
  send(data: string | Uint8Array, frame: OutgoingFrame): void {
    if (this.#isPending) {
      this.#wait(data, frame);
      return;
    }
    if (typeof data === "string") this.#sendText(data, frame);
    else this.#sendOctets(data, data.byteLength, frame);
  }

  #wait(data: string | Uint8Array, frame: OutgoingFrame): void {
    if (typeof data === "string") {
      this.enqueue(this.#context.text.byteLength(data), () => this.#sendText(data, frame));
      return;
    }
    const { byteLength } = data;
    const kept = this.#output.refersTo(data, byteLength) ? data : copyOctets(data, 0, byteLength);
    this.enqueue(byteLength, () => this.#sendOctets(kept, byteLength, frame));
  }

  /** Does something when everything before it has been sent: at once, or later. */
  enqueue(byteLength: number, send: () => void): void {
    if (!this.#isPending) {
      send();
      return;
    }
    this.#output.pendingBytes += byteLength;
    this.#queue ??= [];
    this.#queue.push({ byteLength, send });
  }

  /** Sends a message that many connections send, in the version that the extensions here agree on. */
  sendMany(message: SharedMessage): void {
    if (this.#isPending) {
      // Laid down now: what was given may change.
      const { start, end } = message.plain;
      this.enqueue(end - start, () => this.sendMany(message));
      return;
    }
    const version = message.versionFor(this.#chain);
    if (version === undefined) {
      const { octets, type, hints } = message;
      this.#sendOctets(octets, octets.byteLength, { opcode: Opcode[type], fragment: undefined, hints });
    } else if (version instanceof Promise) {
      this.#waitFor(version, message.octets.byteLength, (framed) => this.#writeFramed(framed, message));
    } else {
      this.#writeFramed(version, message);
    }
  }

  #writeFramed(framed: FramedMessage, message: SharedMessage): void {
    this.#owner.writeFramed(framed);
    const isTransformed = framed.reserved !== 0;
    const byteLength = isTransformed ? message.octets.byteLength : framed.end - framed.payloadStart;
    this.#sink.messageWritten?.(Opcode[framed.type], byteLength, isTransformed);
    if (isTransformed) this.#chain.sharing?.sharedMessageSent();
  }

  #sendText(text: string, frame: OutgoingFrame): void {
    const { pool, text: codec } = this.#context;
    const units = text.length;
    if (frame.fragment === undefined && this.#chain.passes(units * maxBytesPerUnit, frame.hints)) {
      this.#writer.writeTextFrame(finBit | frame.opcode, text);
      this.#sink.messageWritten?.(frame.opcode, text, false);
      return;
    }
    const room = units > unmeasuredTextUnits ? codec.byteLength(text) : units * maxBytesPerUnit;
    const scratch = pool.acquire(room);
    const length = codec.encodeInto(text, scratch, 0);
    if (!this.#sendOctets(scratch, length, frame, () => pool.release(scratch))) pool.release(scratch);
  }

  /** @returns whether it takes time; then `done` is called when the octets are not needed any more */
  #sendOctets(given: Uint8Array, length: number, frame: OutgoingFrame, done?: () => void): boolean {
    const { pool } = this.#context;
    const { opcode, fragment, hints } = frame;
    // Lent memory may have changed when another thread comes to it.
    const isLent = length >= stableFromBytes && given.buffer === pool.lentMemory;
    const bytes = isLent ? copyOctets(given, 0, length) : given;
    const message: Transformed = { bytes, start: 0, end: length, reserved: 0, isOwned: false };
    const result: Later<Transformed> =
      fragment === undefined
        ? this.#chain.sendMessage(opcode, message, hints)
        : this.#chain.sendFragment(opcode, message, fragment.isFirst, fragment.fin, hints);
    // A scratch buffer is used again.
    const mayRefer = done === undefined;
    if (!(result instanceof Promise)) {
      this.#write(result, bytes, length, mayRefer, frame);
      return false;
    }
    this.#waitFor(result, length, (settled) => this.#write(settled, bytes, length, mayRefer, frame), done);
    return true;
  }

  /** Lets everything after it wait for `result`, which rejects only where there is no memory for it. */
  #waitFor<Result>(
    result: Promise<Result>,
    byteLength: number,
    write: (result: Result) => void,
    done?: () => void,
  ): void {
    this.#isPending = true;
    this.#output.pendingBytes += byteLength;
    const settle = (writeNow: () => void): void => {
      this.#isPending = false;
      if (!this.#isDropped) this.#written(byteLength, writeNow);
      done?.();
    };
    void result.then(
      (settled) => settle(() => write(settled)),
      (error: unknown) =>
        settle(() => {
          throw error;
        }),
    );
  }

  #written(byteLength: number, write: () => void): void {
    this.#output.pendingBytes -= byteLength;
    try {
      write();
      this.#goOn();
    } catch (error) {
      // A platform without memory for it, which says so with a RangeError. A message less in the middle would be one lost
      // in silence.
      this.drop();
      this.#owner.sendFailed(error as Error);
    }
    this.#sink.outputAdded?.();
  }

  #goOn(): void {
    while (!this.#isPending) {
      const next = this.#queue?.shift();
      if (next === undefined) return;
      this.#output.pendingBytes -= next.byteLength;
      next.send();
    }
  }

  #write(
    { bytes, start, end, reserved, isOwned }: Transformed,
    before: Uint8Array,
    byteLength: number,
    mayRefer: boolean,
    { opcode, fragment }: OutgoingFrame,
  ): void {
    const firstOctet =
      fragment === undefined
        ? finBit | opcode
        : (fragment.fin ? finBit : 0) | (fragment.isFirst ? opcode : Opcode.continuation);
    if (isOwned || (mayRefer && bytes === before)) {
      this.#writer.writeFrame(firstOctet | reserved, bytes, start, end);
    } else {
      const { pool } = this.#context;
      // What an extension lends is copied, as what was read is, long or not.
      const lent = pool.lentMemory;
      pool.lentMemory = bytes.buffer;
      this.#writer.writeFrame(firstOctet | reserved, bytes, start, end);
      pool.lentMemory = lent;
    }
    if (fragment === undefined) this.#sink.messageWritten?.(opcode, byteLength, reserved !== 0);
    else this.#fragmentWritten(opcode, fragment, byteLength, reserved !== 0);
  }

  #fragmentWritten(
    opcode: DataOpcode,
    { isFirst, fin }: { readonly isFirst: boolean; readonly fin: boolean },
    byteLength: number,
    isTransformed: boolean,
  ): void {
    // The reserved bits of the first frame are the message's (RFC 7692 §6).
    if (isFirst) {
      this.#fragmentedBytes = 0;
      this.#isFragmentedTransformed = isTransformed;
    }
    this.#fragmentedBytes += byteLength;
    if (fin) this.#sink.messageWritten?.(opcode, this.#fragmentedBytes, this.#isFragmentedTransformed);
  }

  /** Nothing will be sent any more. */
  drop(): void {
    this.#isDropped = true;
    this.#queue = undefined;
    this.#output.pendingBytes = 0;
  }
}
