/**
 * One direction of a simulated link: octets on their way from a writer to a reader, in virtual time.
 *
 * They wait at the writer until the link takes them, fly for a while, and wait at the reader until they are read. Whoever
 * does not read stops whoever writes, as the windows of TCP do.
 */
import type { Timer } from "../transport/index.js";
import type { FakeClock } from "./fake-clock.js";
import type { Direction, LinkOptions } from "./link.js";
import type { SeededRandom } from "./seeded-random.js";

/** What hears of what arrives. */
export interface LaneReader {
  /** Something may have become readable. */
  arrived(): void;
  /** The writer has cut the stream. */
  wasReset(): void;
  readonly isGone: boolean;
}

/** What hears of what leaves. */
export interface LaneWriter {
  /** Everything written has left, and more may be written. */
  hasRoom(): void;
  /** Octets reached a reader that is gone. */
  reachedNobody(): void;
}

type Flying = { readonly atMs: number } & (
  | { readonly kind: "octets"; readonly octets: Uint8Array }
  | { readonly kind: "end" | "reset" }
);

const wholePieceBytes = 65_536;

/** See the head of this file. */
export class Lane {
  readonly #direction: Direction;
  readonly #clock: FakeClock;
  readonly #random: SeededRandom;
  #options: LinkOptions;
  #writer: LaneWriter | undefined;
  #reader: LaneReader | undefined;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  /** What comes behind everything that waits. */
  #last: "end" | "reset" | undefined;
  #flying: Flying[] = [];
  #flyingBytes = 0;
  #landed: Uint8Array[] = [];
  #landedBytes = 0;
  /** Whether everything has arrived. */
  hasEnd = false;
  #isStalled = false;
  #isSilent = false;
  /** When the link has sent what it was given. */
  #freeAtMs = 0;
  #lastArrivalMs = 0;
  #departure: Timer | undefined;
  #landing: Timer | undefined;
  #mustTellRoom = false;
  /** Octets that have arrived so far. */
  carriedBytes = 0;
  /** Those of them that have been read. */
  readBytes = 0;

  constructor(direction: Direction, clock: FakeClock, random: SeededRandom, options: LinkOptions) {
    this.#direction = direction;
    this.#clock = clock;
    this.#random = random;
    this.#options = options;
  }

  /** Names both ends. */
  join(writer: LaneWriter, reader: LaneReader): void {
    this.#writer = writer;
    this.#reader = reader;
  }

  /** Octets that have been written and not been read. */
  get bytes(): number {
    return this.#waitingBytes + this.#flyingBytes + this.#landedBytes;
  }

  get #capacityBytes(): number {
    return this.#options.capacityBytes ?? wholePieceBytes;
  }

  /** The link is another from now on. */
  change(options: LinkOptions): void {
    this.#options = options;
    this.#departSoon();
  }

  /** Takes nothing more, or goes on. What is flying arrives. */
  stall(isStalled: boolean): void {
    this.#isStalled = isStalled;
    this.#departSoon();
  }

  /** Nothing arrives any more, and nobody is told. */
  goSilent(): void {
    this.#isSilent = true;
    this.#landing?.cancel();
    this.#landing = undefined;
    this.#flying = [];
  }

  /** @returns whether more may be written at once */
  write(segments: readonly Uint8Array[]): boolean {
    for (const segment of segments) {
      // Copies, as the kernel makes them: the writer may reuse its memory.
      const octets = new Uint8Array(segment);
      for (const piece of this.#options.tamper?.(octets, this.#direction) ?? [octets]) {
        if (piece.byteLength === 0) continue;
        this.#waiting.push(piece);
        this.#waitingBytes += piece.byteLength;
      }
    }
    this.#departSoon();
    this.#mustTellRoom = this.bytes >= this.#capacityBytes;
    return !this.#mustTellRoom;
  }

  /** Nothing more will be written. */
  end(): void {
    this.#last ??= "end";
    this.#departSoon();
  }

  /** The writer is gone, and what has not left with it. */
  reset(): void {
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#last = "reset";
    this.#departSoon();
  }

  /** The reader is gone: what it has not read is dropped. */
  dropLanded(): void {
    this.#landed = [];
    this.#landedBytes = 0;
  }

  /** Nobody is left at either end. */
  stop(): void {
    this.dropLanded();
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#flying = [];
    this.#flyingBytes = 0;
    this.#departure?.cancel();
    this.#landing?.cancel();
  }

  /** Octets that have arrived and not been read. */
  get readableBytes(): number {
    return this.#landedBytes;
  }

  /** Takes the next piece that has arrived. */
  read(): Uint8Array {
    const length = Math.min(this.#pieceBytes(), this.#landedBytes);
    const piece = takeOctets(this.#landed, length);
    this.#landedBytes -= length;
    this.readBytes += length;
    return piece;
  }

  /** Puts back octets that were read, before everything else. */
  unread(octets: Uint8Array): void {
    if (octets.byteLength === 0) return;
    this.#landed.unshift(octets);
    this.#landedBytes += octets.byteLength;
    this.readBytes -= octets.byteLength;
  }

  /** To be called when the reader is done with what `read` gave it. */
  afterRead(): void {
    this.#departSoon();
    this.#tellRoom();
  }

  #pieceBytes(): number {
    const { maxPieceBytes } = this.#options;
    return maxPieceBytes === undefined ? wholePieceBytes : this.#random.integer(1, Math.max(1, maxPieceBytes));
  }

  /** Sees to it that what may leave now does, later in this moment or when the link is free. */
  #departSoon(): void {
    if (this.#departure !== undefined || this.#isStalled || (this.#waitingBytes === 0 && this.#last === undefined))
      return;
    const delayMs = Math.max(0, this.#freeAtMs - this.#clock.now());
    this.#departure = this.#clock.setExactTimer(() => {
      this.#departure = undefined;
      this.#depart();
    }, delayMs);
  }

  #depart(): void {
    if (this.#isStalled) return;
    if (this.#waitingBytes > 0) {
      // A reader's window is full.
      if (this.#flyingBytes + this.#landedBytes >= this.#capacityBytes) return;
      const length = Math.min(this.#waitingBytes, this.#pieceBytes());
      const octets = takeOctets(this.#waiting, length);
      this.#waitingBytes -= length;
      const { bytesPerSecond = Number.POSITIVE_INFINITY } = this.#options;
      this.#freeAtMs = this.#clock.now() + (length / bytesPerSecond) * 1000;
      this.#flyingBytes += length;
      this.#launch({ kind: "octets", octets, atMs: this.#arrivalMs() });
      this.#tellRoom();
    } else if (this.#last !== undefined) {
      this.#launch({ kind: this.#last, atMs: this.#arrivalMs() });
      this.#last = undefined;
    }
    this.#departSoon();
  }

  #arrivalMs(): number {
    const { latencyMs = 0, jitterMs = 0 } = this.#options;
    const jitter = jitterMs > 0 ? this.#random.next() * jitterMs : 0;
    const leavesAtMs = Math.max(this.#freeAtMs, this.#clock.now());
    // Never before what left earlier, which may have had a longer way.
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, leavesAtMs + latencyMs + jitter);
    return this.#lastArrivalMs;
  }

  #launch(flying: Flying): void {
    if (this.#isSilent) return;
    this.#flying.push(flying);
    if (this.#flying.length === 1) this.#awaitLanding(flying);
  }

  #awaitLanding({ atMs }: Flying): void {
    this.#landing = this.#clock.setExactTimer(() => this.#land(), atMs - this.#clock.now());
  }

  #land(): void {
    this.#landing = undefined;
    const flying = this.#flying.shift();
    const next = this.#flying[0];
    if (next !== undefined) this.#awaitLanding(next);
    const reader = this.#reader;
    if (flying === undefined || reader === undefined) return;
    if (flying.kind === "octets") {
      const { octets } = flying;
      this.#flyingBytes -= octets.byteLength;
      if (reader.isGone) {
        this.#writer?.reachedNobody();
        return;
      }
      this.carriedBytes += octets.byteLength;
      this.#landed.push(octets);
      this.#landedBytes += octets.byteLength;
      reader.arrived();
    } else if (flying.kind === "end") {
      this.hasEnd = true;
      reader.arrived();
    } else {
      reader.wasReset();
    }
  }

  /** Tells a writer that had to wait, when everything it wrote has left and there is room. */
  #tellRoom(): void {
    if (!this.#mustTellRoom || this.#waitingBytes > 0 || this.bytes >= this.#capacityBytes) return;
    this.#mustTellRoom = false;
    this.#writer?.hasRoom();
  }
}

/** Takes the first octets of a queue of them. */
function takeOctets(queue: Uint8Array[], length: number): Uint8Array {
  const first = queue[0];
  if (first?.byteLength === length) {
    queue.shift();
    return first;
  }
  const taken = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const piece = queue[0];
    if (piece === undefined) break;
    const part = piece.subarray(0, length - filled);
    taken.set(part, filled);
    filled += part.byteLength;
    if (part.byteLength === piece.byteLength) queue.shift();
    else queue[0] = piece.subarray(part.byteLength);
  }
  return taken;
}
