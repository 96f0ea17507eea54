/**
 * A log as one node has it in memory: what the stream keeps of it, with the oldest dropped as its retention says.
 *
 * The stream always keeps something older than what the log retains, if anything was dropped at all: trimming leaves the
 * newest of what is past. So the position before the oldest message is known, however long ago that was.
 *
 * A cluster of servers that changes its leader may keep a message twice, also one that was published once. The second is
 * passed over: it has the id of the first.
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
  /** What no other message has. */
  readonly id: string;
  readonly retain: Retention;
}

// Of messages that are retained no longer: the second of two comes as soon as there is a leader.
const droppedIdsKept = 64;
// So many places at the beginning of the row are empty before it is cut.
const maxEmptyPlaces = 64;

/** See the head of this file. */
export class LogWindow {
  #entries: KeptEntry[] = [];
  #first = 0;
  #bytes = 0;
  /** The position before the oldest one. */
  #start = 0;
  #end = 0;
  #last = 0;
  /** Sequences by the ids of what is kept, and of what was dropped last. */
  readonly #ids = new Map<string, number>();
  #droppedIds: string[] = [];
  /** Sequences of what was kept twice, and of the first of the two. */
  readonly #again = new Map<number, number>();

  /** The newest sequence that the stream has for it, 0 where there never was one. */
  get last(): number {
    return this.#last;
  }

  /** The position of the newest message. */
  get end(): number {
    return this.#end;
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

  /** Adds the message that follows the newest. @returns whether it is a message: false for one that is there already */
  push(entry: KeptEntry): boolean {
    const { seq, id, bytes } = entry;
    // The stream lost what stood before the first one we see: which position that had is not known.
    if (this.#last === 0 && entry.knownBefore > 0) this.#start = seq - 1;
    this.#last = seq;
    const first = this.#ids.get(id);
    if (first !== undefined) {
      this.#again.set(seq, first);
      return false;
    }
    this.#end = seq;
    this.#ids.set(id, seq);
    this.#entries.push(entry);
    this.#bytes += bytes;
    return true;
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
      this.#forgetLater(oldest.id);
    }
    // They stand in their order.
    for (const seq of this.#again.keys()) {
      if (seq > this.#start) break;
      this.#again.delete(seq);
    }
    if (this.size === 0 || (this.#first > maxEmptyPlaces && this.#first * 2 > this.#entries.length)) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
    }
  }

  #forgetLater(id: string): void {
    this.#droppedIds.push(id);
    if (this.#droppedIds.length < 2 * droppedIdsKept) return;
    for (const oldest of this.#droppedIds.splice(0, droppedIdsKept)) this.#ids.delete(oldest);
  }

  bounds(epoch: string): LogBounds {
    return { epoch, start: String(this.#start), end: String(this.#end) };
  }

  /** Whether the log was at this position once, and everything after it is kept. */
  continuesAt(seq: number): boolean {
    return seq === this.#start || this.#again.has(seq) || this.#entries[this.#indexAfter(seq) - 1]?.seq === seq;
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

  /** Where the message with this id stands. */
  sequenceOf(id: string): number | undefined {
    return this.#ids.get(id);
  }

  /** Where a message stands that was kept at this sequence: elsewhere, where that was the second time. */
  positionOf(seq: number): number {
    return this.#again.get(seq) ?? seq;
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
