/**
 * What has been sent to a channel last, encoded once for all its subscribers, each of which knows how far it has come.
 *
 * It takes the place of a queue for each subscriber: one who lags costs a number, and one who lags too far finds out.
 */
import type { Codec, ServerFrame } from "../wire/index.js";
import type { Prepared, RealtimePlatform } from "./connection.js";

// A message of more than this many octets is several messages, so that none has to be waited for long.
const maxBatchBytes = 65_536;

/** Frames that stand together, encoded when the first subscriber with a codec needs them. */
export class SharedFrames<Frame extends ServerFrame = ServerFrame> {
  readonly frames: readonly Frame[];
  readonly #prepared = new Map<Codec, readonly Prepared[]>();

  constructor(frames: readonly Frame[]) {
    this.frames = frames;
  }

  /** Octets in the codec that took most of them; 0 before any has been used. */
  get bytes(): number {
    let most = 0;
    for (const messages of this.#prepared.values()) {
      most = Math.max(
        most,
        messages.reduce((sum, { byteLength }) => sum + byteLength, 0),
      );
    }
    return most;
  }

  /** The messages that carry them. */
  preparedFor(codec: Codec, platform: RealtimePlatform): readonly Prepared[] {
    const known = this.#prepared.get(codec);
    if (known !== undefined) return known;
    const prepared = batched(codec, this.frames).map((message) => platform.prepare(message));
    this.#prepared.set(codec, prepared);
    return prepared;
  }
}

/** Frames as messages, as few as there can be without one being long. */
export function batched(codec: Codec, frames: readonly ServerFrame[]): (string | Uint8Array)[] {
  const messages: (string | Uint8Array)[] = [];
  let batch: (string | Uint8Array)[] = [];
  let bytes = 0;
  for (const frame of frames) {
    const encoded = codec.encode(frame);
    if (batch.length > 0 && bytes + encoded.length > maxBatchBytes) {
      messages.push(codec.batch(batch));
      batch = [];
      bytes = 0;
    }
    batch.push(encoded);
    bytes += encoded.length;
  }
  if (batch.length > 0) messages.push(codec.batch(batch));
  return messages;
}

/** One place of a ring. */
export interface RingItem<Frame extends ServerFrame> {
  readonly shared: SharedFrames<Frame>;
  /** Frames that went through the ring before it. */
  readonly framesBefore: number;
}

/** See the head of this file. Places are counted from 0 and never used again. */
export class Ring<Frame extends ServerFrame> {
  readonly #maxBytes: number;
  readonly #maxFrames: number;
  #items: RingItem<Frame>[] = [];
  #start = 0;
  #frames = 0;

  constructor(limits: { readonly maxBytes: number; readonly maxFrames: number }) {
    this.#maxBytes = limits.maxBytes;
    this.#maxFrames = limits.maxFrames;
  }

  /** The oldest place that is kept. */
  get start(): number {
    return this.#start;
  }

  /** The place that will be taken next. */
  get end(): number {
    return this.#start + this.#items.length;
  }

  /** Frames that went through. */
  get frames(): number {
    return this.#frames;
  }

  at(place: number): RingItem<Frame> | undefined {
    return this.#items[place - this.#start];
  }

  push(shared: SharedFrames<Frame>): void {
    this.#items.push({ shared, framesBefore: this.#frames });
    this.#frames += shared.frames.length;
  }

  /** Drops what is beyond the limits, but for the newest. To be called once subscribers have had a chance. */
  trim(): void {
    let bytes = 0;
    let keep = 0;
    for (let index = this.#items.length - 1; index >= 0; index--) {
      const item = this.#items[index];
      if (item === undefined) break;
      bytes += item.shared.bytes;
      if (keep > 0 && (bytes > this.#maxBytes || this.#frames - item.framesBefore > this.#maxFrames)) break;
      keep++;
    }
    if (keep < this.#items.length) this.#dropBefore(this.end - keep);
  }

  /** Forgets everything. */
  clear(): void {
    this.#dropBefore(this.end);
  }

  #dropBefore(place: number): void {
    this.#items = this.#items.slice(place - this.#start);
    this.#start = place;
  }
}
