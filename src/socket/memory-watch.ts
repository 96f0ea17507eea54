/**
 * The memory that all connections of the process pin together, and who has to give some up when it is too much.
 *
 * Only connections that hold something are known here: an unfinished message, messages that wait for a handler, output
 * that waits for the peer. Each tells what it holds when that may have grown, and all are asked once a second; nothing is
 * counted for a message that comes whole and is handled at once.
 *
 * From three quarters of the limit on, nothing more is read from the heaviest, which together hold half of it. Where that
 * does not help within ten seconds, or the limit is passed, the heaviest are closed until the rest holds three quarters.
 */
import { ProtocolError } from "../protocol/index.js";
import type { Platform, Timer } from "../transport/index.js";

/** What memory watching needs. */
export type MemoryPlatform = Pick<Platform, "deadlines">;

/** A connection that holds something. */
export interface MemoryHolder {
  /** `maxMemoryBytes` of its server or client. */
  readonly maxMemoryBytes: number;
  /** Octets that are counted for it at the moment. Whoever watches writes this. */
  countedBytes: number;
  /** Octets that it pins; memory that several share counts in full. */
  readonly heldBytes: number;
  /** Whether it holds anything at all. */
  readonly isHolding: boolean;
  /** The same, but nothing of memory that is in `counted` already; what is counted now is put there. */
  countHeldBytes(counted: Set<ArrayBufferLike>): number;
  /** It holds nothing any more, and is forgotten here until it enters again. */
  released(): void;
  stopReading(): void;
  readOn(): void;
  /** Closes it, and drops what it holds. */
  shed(error: ProtocolError): void;
}

const tickMs = 1000;
// As long as a closing handshake may take: who reads slowly had time to take something.
const graceTicks = 10;
const stopsReadingFrom = 0.75;

/** See the head of this file. */
export class MemoryWatch {
  readonly #platform: MemoryPlatform;
  readonly #holders = new Set<MemoryHolder>();
  readonly #stopped = new Set<MemoryHolder>();
  /** The smallest limit of those who hold something. */
  #maxBytes = Number.POSITIVE_INFINITY;
  /** What all hold, each counted by itself. */
  #countedBytes = 0;
  /** How much of that was counted more than once, as far as that is known. */
  #sharedBytes = 0;
  /** Ticks for which reading has been stopped; undefined while it is not. */
  #pressureTicks: number | undefined;
  #timer: Timer | undefined;

  constructor(platform: MemoryPlatform) {
    this.#platform = platform;
  }

  /** Octets that all pin together, as far as is known without asking each. */
  get heldBytes(): number {
    return Math.max(0, this.#countedBytes - this.#sharedBytes);
  }

  /** Somebody begins to hold something. */
  enter(holder: MemoryHolder): void {
    this.#holders.add(holder);
    this.#maxBytes = Math.min(this.#maxBytes, holder.maxMemoryBytes);
    this.#timer ??= this.#platform.deadlines.setTimer(() => this.#tick(), tickMs);
  }

  /** Somebody's connection is gone. */
  leave(holder: MemoryHolder): void {
    this.#countedBytes -= holder.countedBytes;
    holder.countedBytes = 0;
    this.#holders.delete(holder);
    this.#stopped.delete(holder);
    if (this.#holders.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#sharedBytes = 0;
    this.#maxBytes = Number.POSITIVE_INFINITY;
    this.#pressureTicks = undefined;
  }

  /** What somebody holds may have grown. */
  count(holder: MemoryHolder): void {
    const { heldBytes } = holder;
    this.#countedBytes += heldBytes - holder.countedBytes;
    holder.countedBytes = heldBytes;
    const total = this.heldBytes;
    if (total <= this.#maxBytes * stopsReadingFrom) return;
    if (total > this.#maxBytes || this.#pressureTicks === undefined) this.#relieve();
  }

  #tick(): void {
    this.#timer = undefined;
    if (this.#pressureTicks !== undefined) this.#pressureTicks++;
    this.#relieve();
    if (this.#holders.size > 0) this.#timer ??= this.#platform.deadlines.setTimer(() => this.#tick(), tickMs);
  }

  /** Asks everybody, and sees to it that the limit is kept. */
  #relieve(): void {
    const total = this.#countAll();
    const comfortable = this.#maxBytes * stopsReadingFrom;
    if (total <= comfortable) {
      this.#pressureTicks = undefined;
      for (const holder of [...this.#stopped]) {
        this.#stopped.delete(holder);
        holder.readOn();
      }
      return;
    }
    this.#pressureTicks ??= 0;
    const heaviestFirst = [...this.#holders].sort((left, right) => right.countedBytes - left.countedBytes);
    if (total > this.#maxBytes || this.#pressureTicks >= graceTicks) this.#shed(heaviestFirst, total, comfortable);
    else this.#stopReading(heaviestFirst);
  }

  #countAll(): number {
    const counted = new Set<ArrayBufferLike>();
    let total = 0;
    this.#countedBytes = 0;
    this.#maxBytes = Number.POSITIVE_INFINITY;
    for (const holder of this.#holders) {
      // Who was stopped is kept, or it would never read on.
      if (!holder.isHolding && !this.#stopped.has(holder)) {
        this.#holders.delete(holder);
        holder.countedBytes = 0;
        holder.released();
        continue;
      }
      total += holder.countHeldBytes(counted);
      holder.countedBytes = holder.heldBytes;
      this.#countedBytes += holder.countedBytes;
      this.#maxBytes = Math.min(this.#maxBytes, holder.maxMemoryBytes);
    }
    this.#sharedBytes = Math.max(0, this.#countedBytes - total);
    return total;
  }

  #stopReading(heaviestFirst: readonly MemoryHolder[]): void {
    let bytes = 0;
    for (const holder of heaviestFirst) {
      if (bytes * 2 >= this.#countedBytes) break;
      bytes += holder.countedBytes;
      if (this.#stopped.has(holder)) continue;
      this.#stopped.add(holder);
      holder.stopReading();
    }
  }

  #shed(heaviestFirst: readonly MemoryHolder[], total: number, comfortable: number): void {
    const maxBytes = this.#maxBytes;
    let bytes = total;
    for (const holder of heaviestFirst) {
      if (bytes <= comfortable) break;
      bytes -= holder.countedBytes;
      this.leave(holder);
      holder.released();
      holder.shed(new ProtocolError("process-memory", total, maxBytes));
    }
    this.#pressureTicks = this.#holders.size === 0 ? undefined : 0;
  }
}

const watches = new WeakMap<MemoryPlatform, MemoryWatch>();

/** The one that all servers and clients on a platform share. */
export function memoryWatchOf(platform: MemoryPlatform): MemoryWatch {
  let watch = watches.get(platform);
  if (watch === undefined) watches.set(platform, (watch = new MemoryWatch(platform)));
  return watch;
}
