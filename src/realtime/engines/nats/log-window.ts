/**
 * A log as one node has it in memory: what the stream keeps of it, with the oldest dropped as its retention says.
 *
 * The stream always keeps something older than what the log retains, if anything was dropped at all: trimming leaves the
 * newest of what is past. So the position before the oldest message is known, however long ago that was.
 */
import type { EntryMeta, LogBounds, LogEntry, LogPage, Retention } from "../index.js";

/** A message that is in the stream. */
export interface KeptEntry {
  readonly seq: number;
  readonly value: unknown;
  readonly meta: EntryMeta;
  /** When it was appended, in Unix milliseconds. */
  readonly unixMs: number;
  /** Octets of its value as text. */
  readonly bytes: number;
  /** What its publisher knew to stand before it; 0: nothing. */
  readonly knownBefore: number;
  /** The id under which it was published, where it has an idempotency key. */
  readonly id: string | undefined;
  readonly retain: Retention;
}

// So many places at the beginning of the row are empty before it is cut.
const maxEmptyPlaces = 64;

/** See the head of this file. */
export class LogWindow {
  #entries: KeptEntry[] = [];
  #first = 0;
  #bytes = 0;
  /** The position before the oldest one. */
  #start = 0;
  #last = 0;

  /** The sequence of the newest message, 0 where there never was one. */
  get last(): number {
    return this.#last;
  }

  get start(): number {
    return this.#start;
  }

  /** Octets of all values. */
  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#entries.length - this.#first;
  }

  /** Adds the message that follows the newest. */
  push(entry: KeptEntry): void {
    // The stream lost what stood before the first one we see: whether that was all is not known.
    const isBegun = this.#last === 0 && entry.knownBefore > 0;
    this.#last = entry.seq;
    if (isBegun) {
      this.#start = entry.seq;
      return;
    }
    this.#entries.push(entry);
    this.#bytes += entry.bytes;
  }

  /** Drops what is retained no longer. */
  trim(unixMs: number): void {
    const retain = this.#entries.at(-1)?.retain;
    if (retain === undefined) return;
    for (let oldest = this.#entries[this.#first]; oldest !== undefined; oldest = this.#entries[this.#first]) {
      const isPast = this.size > retain.count || this.#bytes > retain.bytes || oldest.unixMs + retain.ageMs <= unixMs;
      if (!isPast) break;
      this.#first++;
      this.#start = oldest.seq;
      this.#bytes -= oldest.bytes;
    }
    if (this.size === 0 || (this.#first > maxEmptyPlaces && this.#first * 2 > this.#entries.length)) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
    }
  }

  bounds(epoch: string): LogBounds {
    return { epoch, start: String(this.#start), end: String(this.#last) };
  }

  /** Whether the log was at this position once, and everything after it is kept. */
  continuesAt(seq: number): boolean {
    return seq === this.#start || this.#entries[this.#indexAfter(seq) - 1]?.seq === seq;
  }

  /** What follows a position at which the log continues. */
  after(epoch: string, seq: number, limit: number, maxBytes: number = Number.POSITIVE_INFINITY): LogPage {
    const begin = this.#indexAfter(seq);
    let end = begin;
    let bytes = 0;
    for (; end < this.#entries.length && end - begin < limit; end++) {
      bytes += this.#entries[end]?.bytes ?? 0;
      if (end > begin && bytes > maxBytes) break;
    }
    return { status: "ok", epoch, entries: this.#told(begin, end), isEnd: end === this.#entries.length };
  }

  /** What stands before a position, the newest of it. */
  before(epoch: string, seq: number, limit: number, maxBytes: number = Number.POSITIVE_INFINITY): LogPage {
    const end = this.#indexAfter(seq - 1);
    let begin = end;
    let bytes = 0;
    for (; begin > this.#first && end - begin < limit; begin--) {
      bytes += this.#entries[begin - 1]?.bytes ?? 0;
      if (begin < end && bytes > maxBytes) break;
    }
    return { status: "ok", epoch, entries: this.#told(begin, end), isEnd: begin === this.#first };
  }

  /** The message that was published under this id. */
  withId(id: string): KeptEntry | undefined {
    return this.#entries.find((entry, index) => index >= this.#first && entry.id === id);
  }

  #told(begin: number, end: number): LogEntry[] {
    const entries: LogEntry[] = [];
    for (let index = begin; index < end; index++) {
      const entry = this.#entries[index];
      const before = index === this.#first ? this.#start : (this.#entries[index - 1]?.seq ?? this.#start);
      if (entry !== undefined) entries.push(toldEntry(entry, before));
    }
    return entries;
  }

  /** The index of the first message after a sequence. */
  #indexAfter(seq: number): number {
    let low = this.#first;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const entry = this.#entries[middle];
      if (entry !== undefined && entry.seq <= seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** A message as it is told. */
export function toldEntry({ seq, value, meta }: KeptEntry, previous: number): LogEntry {
  return { position: String(seq), previous: String(previous), value, meta };
}
