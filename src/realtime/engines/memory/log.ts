/**
 * One log in memory: its messages in a row, dropped from its beginning.
 */
import type { EntryMeta, LogBounds, LogEntry, LogSink, Retention } from "../engine.js";
import type { Linked } from "../linked-list.js";
import { stringBytes } from "../value.js";
import { positionOf } from "./core.js";

// A message's objects and its place in two lists, about.
const entryBytes = 160;
// So many places at the beginning of the row are empty before it is cut.
const maxEmptyPlaces = 64;

/** A message that is kept. */
export interface KeptEntry extends Linked<KeptEntry> {
  readonly log: MemoryLog;
  readonly sequence: number;
  readonly previous: number;
  readonly value: unknown;
  readonly meta: EntryMeta;
  /** When it was appended, in Unix milliseconds. */
  readonly unixMs: number;
  /** Octets of its value. */
  readonly valueBytes: number;
  /** Octets that it takes. */
  readonly bytes: number;
}

/** Octets that a message takes beside its value. */
export function entryOverhead(meta: EntryMeta): number {
  return entryBytes + (meta.user === undefined ? 0 : stringBytes(meta.user)) + stringBytes(meta.key ?? "");
}

/** A message as it is told. */
export function toldEntry({ sequence, previous, value, meta }: KeptEntry): LogEntry {
  return { position: positionOf(sequence), previous: positionOf(previous), value, meta };
}

/** See the head of this file. */
export class MemoryLog {
  readonly name: string;
  readonly sinks: Set<LogSink> = new Set<LogSink>();
  retain: Retention = { count: 0, ageMs: 0, bytes: 0 };
  /** The last one that was given here, or the floor where none was. */
  last: number;
  /** The last one that has been told to the sinks. */
  told: number;
  /** The last one that was dropped, or where the log began. */
  #start: number;
  #entries: KeptEntry[] = [];
  /** Where in `#entries` the oldest is. */
  #first = 0;
  #valueBytes = 0;

  constructor(name: string, floor: number) {
    this.name = name;
    this.last = floor;
    this.told = floor;
    this.#start = floor;
  }

  get start(): number {
    return this.#start;
  }

  get size(): number {
    return this.#entries.length - this.#first;
  }

  get oldest(): KeptEntry | undefined {
    return this.#entries[this.#first];
  }

  /** From the oldest on, 0. */
  at(index: number): KeptEntry | undefined {
    return this.#entries[this.#first + index];
  }

  bounds(epoch: string): LogBounds {
    return { epoch, start: positionOf(this.#start), end: positionOf(this.last) };
  }

  push(entry: KeptEntry): void {
    this.#entries.push(entry);
    this.#valueBytes += entry.valueBytes;
    this.last = entry.sequence;
  }

  /** Where the log ends, though nothing of it is left. */
  endsAt(sequence: number): void {
    if (sequence <= this.last) return;
    this.last = sequence;
    this.told = sequence;
    if (this.size === 0) this.#start = sequence;
  }

  /** Drops the oldest. */
  shift(): KeptEntry | undefined {
    const entry = this.#entries[this.#first];
    if (entry === undefined) return undefined;
    this.#first++;
    this.#start = entry.sequence;
    this.#valueBytes -= entry.valueBytes;
    if (this.#first > maxEmptyPlaces && this.#first * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
    } else if (this.size === 0) {
      this.#entries = [];
      this.#first = 0;
    }
    return entry;
  }

  /** Whether the oldest is kept no longer. */
  isPast(unixMs: number): boolean {
    const oldest = this.oldest;
    if (oldest === undefined) return false;
    const { count, ageMs, bytes } = this.retain;
    return this.size > count || this.#valueBytes > bytes || oldest.unixMs + ageMs <= unixMs;
  }

  /** The index of the first message after `sequence`. */
  indexAfter(sequence: number): number {
    let low = 0;
    let high = this.size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const entry = this.at(middle);
      if (entry !== undefined && entry.sequence <= sequence) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Whether the log was at this position once, and everything after it is kept. */
  continuesAt(sequence: number): boolean {
    return sequence === this.#start || this.at(this.indexAfter(sequence) - 1)?.sequence === sequence;
  }
}
