/**
 * What has been sent to a channel last, encoded once for all its subscribers, each of which knows how far it has come.
 *
 * It takes the place of a queue for each subscriber: one who lags costs a number, and one who lags too far finds out.
 */
import { valueBytes } from "../engines/index.js";
import type { Codec, ServerFrame } from "../wire/index.js";
import type { Prepared, RealtimePlatform } from "./connection.js";

// A message of more than this many octets is several messages, so that none has to be waited for long.
const maxBatchBytes = 65_536;

/** Frames that stand together, encoded when the first subscriber with a codec needs them. */
export class SharedFrames<Frame extends ServerFrame = ServerFrame> {
  readonly frames: readonly Frame[];
  /** Octets of what has been encoded, in all codecs together; 0 before any has been used. */
  bytes = 0;
  /** Called when more has been encoded, for whoever keeps them. */
  grown: (() => void) | undefined;
  readonly #prepared = new Map<Codec, readonly Prepared[]>();

  constructor(frames: readonly Frame[]) {
    this.frames = frames;
  }

  /** The messages that carry them. */
  preparedFor(codec: Codec, platform: RealtimePlatform): readonly Prepared[] {
    const known = this.#prepared.get(codec);
    if (known !== undefined) return known;
    const prepared = batched(codec, this.frames).map((message) => platform.prepare(message));
    this.#prepared.set(codec, prepared);
    for (const { byteLength } of prepared) this.bytes += byteLength;
    this.grown?.();
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
  /** Octets that count against the ring's limit. 0 before they are counted. Only the ring writes it. */
  bytes: number;
}

/** What a ring may keep. */
export interface RingLimits<Frame extends ServerFrame> {
  /**
   * Octets: as `bytesOf` says, else of what has been encoded, in all codecs together. What nobody has encoded, since all
   * who subscribe are slow, counts as what its values take.
   */
  readonly maxBytes: number;
  readonly maxFrames: number;
  readonly bytesOf?: (frame: Frame) => number;
}

/** See the head of this file. Places are counted from 0 and never used again. */
export class Ring<Frame extends ServerFrame> {
  readonly #limits: RingLimits<Frame>;
  /** What is kept stands from `#head` on. */
  #items: (RingItem<Frame> | undefined)[] = [];
  #head = 0;
  #start = 0;
  /** The first place whose octets have not been counted. */
  #counted = 0;
  #bytes = 0;
  #frames = 0;

  constructor(limits: RingLimits<Frame>) {
    this.#limits = limits;
  }

  /** The oldest place that is kept. */
  get start(): number {
    return this.#start;
  }

  /** The place that will be taken next. */
  get end(): number {
    return this.#start + this.#items.length - this.#head;
  }

  /** Frames that went through. */
  get frames(): number {
    return this.#frames;
  }

  /** Octets of what is kept, as far as they have been counted. */
  get bytes(): number {
    return this.#bytes;
  }

  at(place: number): RingItem<Frame> | undefined {
    return place < this.#start ? undefined : this.#items[place - this.#start + this.#head];
  }

  push(shared: SharedFrames<Frame>): void {
    this.#items.push({ shared, framesBefore: this.#frames, bytes: 0 });
    this.#frames += shared.frames.length;
  }

  /** Drops what is beyond the limits, but for the newest. To be called once subscribers have had a chance. */
  trim(): void {
    for (const { end } = this; this.#counted < end; this.#counted++) this.#count(this.at(this.#counted));
    this.#dropExcess();
  }

  #count(item: RingItem<Frame> | undefined): void {
    if (item === undefined) return;
    const { shared } = item;
    const { bytesOf } = this.#limits;
    if (bytesOf !== undefined) this.#put(item, sum(shared.frames, bytesOf));
    else {
      this.#put(item, shared.bytes === 0 ? sum(shared.frames, valueBytes) : shared.bytes);
      // For who was slow, it is encoded later.
      shared.grown = () => {
        this.#put(item, shared.bytes);
        this.#dropExcess();
      };
    }
  }

  #put(item: RingItem<Frame>, bytes: number): void {
    this.#bytes += bytes - item.bytes;
    item.bytes = bytes;
  }

  #dropExcess(): void {
    const { maxBytes, maxFrames } = this.#limits;
    // Only what has been counted: what was pushed since has not had its chance.
    while (this.#start < this.#counted - 1) {
      const framesBefore = this.at(this.#start)?.framesBefore ?? 0;
      if (this.#bytes <= maxBytes && this.#frames - framesBefore <= maxFrames) return;
      this.#dropOldest();
    }
  }

  #dropOldest(): void {
    const item = this.#items[this.#head];
    if (item !== undefined) {
      this.#bytes -= item.bytes;
      item.shared.grown = undefined;
    }
    this.#items[this.#head++] = undefined;
    this.#start++;
    // Moving what is left costs no more than dropping as much did.
    if (this.#head * 2 < this.#items.length) return;
    this.#items = this.#items.slice(this.#head);
    this.#head = 0;
  }

  /** Forgets everything. */
  clear(): void {
    const { end } = this;
    while (this.#start < end) this.#dropOldest();
    this.#counted = end;
  }
}

function sum<Item>(items: readonly Item[], of: (item: Item) => number): number {
  let total = 0;
  for (const item of items) total += of(item);
  return total;
}
