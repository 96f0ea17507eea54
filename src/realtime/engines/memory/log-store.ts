/**
 * The logs of a memory engine.
 */
import type {
  Append,
  Appended,
  EntryMeta,
  LogBounds,
  LogEngine,
  LogEntry,
  LogHole,
  LogPage,
  LogRange,
  LogSink,
  LogTail,
  Retention,
} from "../engine.js";
import { LinkedList } from "../linked-list.js";
import { copyValue, stringBytes } from "../value.js";
import type { MemoryCore } from "./core.js";
import { positionOf, sequenceOf } from "./core.js";
import type { JournalRecord } from "./journal.js";
import type { KeptEntry } from "./log.js";
import { entryOverhead, MemoryLog, toldEntry } from "./log.js";

// A remembered key's objects, and a log's, about.
const keyBytes = 96;
const logBytes = 256;

interface UsedKey {
  readonly sequence: number;
  readonly untilUnixMs: number;
}

/** See the head of this file. */
export class LogStore implements LogEngine {
  readonly #core: MemoryCore;
  /** The one that was appended to longest ago is the first. */
  readonly #logs = new Map<string, MemoryLog>();
  /** All messages of all logs, by age. */
  readonly #byAge = new LinkedList<KeptEntry>();
  readonly #keys = new Map<string, UsedKey>();

  constructor(core: MemoryCore) {
    this.#core = core;
  }

  /** Whether anything may have to be dropped for its age. */
  get hasAging(): boolean {
    return this.#byAge.size > 0 || this.#keys.size > 0;
  }

  async append(channel: string, append: Append): Promise<Appended> {
    const core = this.#core;
    core.check();
    const key = append.idempotency === undefined ? undefined : `${channel}\n${append.idempotency.key}`;
    const used = key === undefined ? undefined : this.#used(key);
    if (used !== undefined) {
      await core.settled();
      return { epoch: core.epoch, position: positionOf(used.sequence), isDuplicate: true };
    }
    const { value, bytes: valueBytes } = copyValue(append.value);
    const bytes = valueBytes + entryOverhead(append.meta);
    const log = this.#log(channel);
    core.reserve(bytes + (key === undefined ? 0 : keyBytes + stringBytes(key)));
    const unixMs = core.host.unixMs();
    const sequence = core.nextSequence();
    const meta = { ...append.meta };
    const { last: previous } = log;
    // Not of parts that are spread, which takes several times as long.
    const entry: KeptEntry = {
      log,
      sequence,
      previous,
      value,
      meta,
      unixMs,
      valueBytes,
      bytes,
      older: undefined,
      newer: undefined,
    };
    this.#push(entry);
    const untilUnixMs = unixMs + (append.idempotency?.windowMs ?? 0);
    if (key !== undefined) this.#keys.set(key, { sequence, untilUnixMs });
    log.retain = append.retain;
    this.#trim(log, unixMs);
    const told = toldEntry(entry);
    if (core.isJournaled) {
      const kept = recordOf(append.retain, entry);
      const record: JournalRecord = key === undefined ? kept : { ...kept, k: key, e: untilUnixMs };
      await core.changed(record, () => tell(log, sequence, told));
    } else tell(log, sequence, told);
    return { epoch: core.epoch, position: told.position, isDuplicate: false };
  }

  async read(channel: string, range: LogRange): Promise<LogPage | LogHole> {
    this.#core.check();
    const answer = this.#read(channel, range);
    await this.#core.settled();
    return answer;
  }

  async bounds(channel: string): Promise<LogBounds> {
    this.#core.check();
    const bounds = this.#bounds(channel);
    await this.#core.settled();
    return bounds;
  }

  async tail(channel: string, sink: LogSink): Promise<LogTail> {
    this.#core.check();
    const log = this.#log(channel);
    log.sinks.add(sink);
    const stop = (): void => {
      log.sinks.delete(sink);
    };
    // At once: what is appended from here on follows that position.
    return await Promise.resolve({ epoch: this.#core.epoch, position: positionOf(log.told), stop });
  }

  #bounds(channel: string): LogBounds {
    const { epoch, floor } = this.#core;
    const log = this.#current(channel);
    return log?.bounds(epoch) ?? { epoch, start: positionOf(floor), end: positionOf(floor) };
  }

  #read(channel: string, range: LogRange): LogPage | LogHole {
    const log = this.#current(channel);
    if (!("after" in range)) return this.#readBefore(log, range);
    const after = sequenceOf(range.after);
    const bounds = this.#bounds(channel);
    const start = log?.start ?? this.#core.floor;
    const last = log?.last ?? this.#core.floor;
    if (after === undefined || after > last) return { status: "hole", reason: "unknown-position", bounds };
    if (after < start) return { status: "hole", reason: "retention", bounds };
    if (log === undefined) return { status: "ok", epoch: this.#core.epoch, entries: [], isEnd: true };
    if (!log.continuesAt(after)) return { status: "hole", reason: "unknown-position", bounds };
    const entries: LogEntry[] = [];
    let bytes = 0;
    let index = log.indexAfter(after);
    for (; index < log.size && entries.length < range.limit; index++) {
      const entry = log.at(index);
      if (entry === undefined) break;
      bytes += entry.valueBytes;
      if (entries.length > 0 && bytes > (range.maxBytes ?? Number.POSITIVE_INFINITY)) break;
      entries.push(toldEntry(entry));
    }
    return { status: "ok", epoch: this.#core.epoch, entries, isEnd: index >= log.size };
  }

  #readBefore(log: MemoryLog | undefined, range: Exclude<LogRange, { after: string }>): LogPage | LogHole {
    const { epoch, floor } = this.#core;
    const before = range.before === undefined ? Number.POSITIVE_INFINITY : sequenceOf(range.before);
    if (before === undefined) {
      const bounds = log?.bounds(epoch) ?? { epoch, start: positionOf(floor), end: positionOf(floor) };
      return { status: "hole", reason: "unknown-position", bounds };
    }
    if (log === undefined) return { status: "ok", epoch, entries: [], isEnd: true };
    const entries: LogEntry[] = [];
    let bytes = 0;
    let index = log.indexAfter(before - 1) - 1;
    for (; index >= 0 && entries.length < range.limit; index--) {
      const entry = log.at(index);
      if (entry === undefined) break;
      bytes += entry.valueBytes;
      if (entries.length > 0 && bytes > (range.maxBytes ?? Number.POSITIVE_INFINITY)) break;
      entries.push(toldEntry(entry));
    }
    return { status: "ok", epoch, entries: entries.reverse(), isEnd: index < 0 };
  }

  /** The log with what is past taken away. */
  #current(channel: string): MemoryLog | undefined {
    const log = this.#logs.get(channel);
    if (log !== undefined) this.#trim(log, this.#core.host.unixMs());
    return log;
  }

  /** The log to write to, which may be new. */
  #log(channel: string): MemoryLog {
    const known = this.#logs.get(channel);
    if (known !== undefined) {
      this.#logs.delete(channel);
      this.#logs.set(channel, known);
      return known;
    }
    if (this.#logs.size >= this.#core.maxChannels) this.#forgetOne();
    this.#core.reserve(logBytes + stringBytes(channel));
    const log = new MemoryLog(channel, this.#core.floor);
    this.#logs.set(channel, log);
    return log;
  }

  /** Forgets the log that nobody follows and that was appended to longest ago. */
  #forgetOne(): void {
    for (const log of this.#logs.values()) {
      if (log.sinks.size > 0) continue;
      this.#forget(log);
      void this.#core.changed({ t: "forget", k: "log", c: log.name, s: log.last }, () => undefined);
      return;
    }
  }

  #forget(log: MemoryLog): void {
    while (log.size > 0) this.#drop(log);
    this.#logs.delete(log.name);
    this.#core.free(logBytes + stringBytes(log.name));
    this.#core.floor = Math.max(this.#core.floor, log.last);
  }

  #push(entry: KeptEntry): void {
    entry.log.push(entry);
    this.#byAge.push(entry);
  }

  #drop(log: MemoryLog): void {
    const entry = log.shift();
    if (entry === undefined) return;
    this.#byAge.remove(entry);
    this.#core.free(entry.bytes);
  }

  #trim(log: MemoryLog, unixMs: number): void {
    while (log.isPast(unixMs)) this.#drop(log);
  }

  /** Drops the oldest message of all, to make room. Returns whether there was one. */
  dropOldest(): boolean {
    const oldest = this.#byAge.oldest;
    if (oldest === undefined) return false;
    this.#drop(oldest.log);
    return true;
  }

  #used(key: string): UsedKey | undefined {
    const used = this.#keys.get(key);
    if (used === undefined || used.untilUnixMs > this.#core.host.unixMs()) return used;
    this.#forgetKey(key);
    return undefined;
  }

  #forgetKey(key: string): void {
    if (this.#keys.delete(key)) this.#core.free(keyBytes + stringBytes(key));
  }

  /** Drops what is past. */
  sweep(unixMs: number): void {
    if (this.#byAge.size > 0) for (const log of this.#logs.values()) this.#trim(log, unixMs);
    for (const [key, { untilUnixMs }] of this.#keys) if (untilUnixMs <= unixMs) this.#forgetKey(key);
  }

  /** Takes back what was written down. */
  recover(record: Extract<JournalRecord, { t: "m" | "log" | "key" | "forget" }>): void {
    this.#core.saw(record.s);
    switch (record.t) {
      case "m":
        this.#recoverEntry(record);
        break;
      case "log": {
        const log = this.#recovered(record.c, record.s);
        log.retain = record.r;
        log.endsAt(record.s);
        break;
      }
      case "key":
        this.#recoverKey(record.k, record.s, record.e);
        break;
      case "forget": {
        const log = this.#logs.get(record.c);
        // What a rewritten journal tells first may be younger than this.
        if (log !== undefined && log.last <= record.s) this.#forget(log);
        this.#core.floor = Math.max(this.#core.floor, record.s);
        break;
      }
    }
  }

  #recoverKey(key: string, sequence: number, untilUnixMs: number): void {
    if (untilUnixMs <= this.#core.host.unixMs()) return;
    if (!this.#keys.has(key)) this.#core.count(keyBytes + stringBytes(key));
    this.#keys.set(key, { sequence, untilUnixMs });
  }

  #recoverEntry(record: Extract<JournalRecord, { t: "m" }>): void {
    if (record.k !== undefined && record.e !== undefined) this.#recoverKey(record.k, record.s, record.e);
    const log = this.#recovered(record.c, record.p);
    if (record.s <= log.last) return;
    // What stood before the first one that was written down is gone.
    log.endsAt(record.p);
    const { value, bytes: valueBytes } = copyValue(record.v);
    const meta: EntryMeta = record.m;
    const bytes = valueBytes + entryOverhead(meta);
    this.#core.count(bytes);
    const place = { log, sequence: record.s, previous: record.p, older: undefined, newer: undefined };
    this.#push({ ...place, value, meta, unixMs: record.u, valueBytes, bytes });
    log.told = record.s;
    log.retain = record.r;
    this.#trim(log, this.#core.host.unixMs());
    while (this.#core.bytes > this.#core.maxBytes && this.dropOldest());
  }

  /** @param start where it begins, if nothing of it has been seen */
  #recovered(channel: string, start: number): MemoryLog {
    const known = this.#logs.get(channel);
    if (known !== undefined) return known;
    this.#core.count(logBytes + stringBytes(channel));
    const log = new MemoryLog(channel, start);
    this.#logs.set(channel, log);
    return log;
  }

  /** All there is, to be written down anew. May be read while things change. */
  *everything(): Generator<JournalRecord, void> {
    for (const log of [...this.#logs.values()]) {
      const entries = Array.from({ length: log.size }, (_, index) => log.at(index));
      for (const entry of entries) if (entry !== undefined) yield recordOf(log.retain, entry);
      yield { t: "log", c: log.name, s: log.last, r: log.retain };
    }
    for (const [key, { sequence, untilUnixMs }] of [...this.#keys]) {
      yield { t: "key", k: key, s: sequence, e: untilUnixMs };
    }
  }
}

function tell(log: MemoryLog, sequence: number, entry: LogEntry): void {
  log.told = sequence;
  for (const sink of log.sinks) sink.message(entry);
}

function recordOf(
  retain: Retention,
  { log, sequence, previous, value, meta, unixMs }: KeptEntry,
): Extract<JournalRecord, { t: "m" }> {
  return { t: "m", c: log.name, s: sequence, p: previous, v: value, m: meta, r: retain, u: unixMs };
}
