/**
 * The logs: one stream for each, appended to and told by one script.
 */
import { randomInt } from "node:crypto";
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
} from "../index.js";
import { payloadOf, readPayloadText, textOfValue, valueOfText } from "../index.js";
import { Feed, type Told, toldOf } from "./feed.js";
import type { Keys } from "./keys.js";
import type { RedisLink, Reply } from "./link.js";
import { appendScript, boundsScript, readScript } from "./log-scripts.js";
import type { Script } from "./script.js";

/** What stands before the value. */
interface LogHead {
  readonly m: EntryMeta;
}

/** What is read at once after something was not heard. */
const catchUpLength = 500;
const catchUpBytes = 4_194_304;
/** How long a log is known that has no message, so that who saw it empty finds it again. */
export const emptyKnownMs = 3_600_000;
/** What Redis forgets by itself, it forgets later: until then, it is decided by what was promised. */
export const marginMs = 60_000;
const maxTag = 2 ** 32;

/** A number that the same position has only by chance. */
export function randomTag(): string {
  return String(randomInt(maxTag));
}

interface ToldEntry extends Told {
  readonly entry: LogEntry;
}

interface Read {
  readonly status: "ok" | LogHole["reason"];
  readonly bounds: LogBounds;
  readonly isEnd: boolean;
  readonly entries: readonly LogEntry[];
}

/** See the head of this file. */
export class RedisLogs implements LogEngine {
  readonly #link: RedisLink;
  readonly #keys: Keys;
  readonly #tails = new Set<() => void>();

  constructor(link: RedisLink, keys: Keys) {
    this.#link = link;
    this.#keys = keys;
  }

  async append(channel: string, { value, meta, retain, idempotency }: Append): Promise<Appended> {
    this.#link.check();
    const payload = payloadOf({ m: meta } satisfies LogHead, textOfValue(value));
    const { forgetAfterMs } = this.#link.options;
    const now = this.#link.clock.now();
    const [count, ageMs, bytes] = [retain.count, retain.ageMs, retain.bytes].map(bound) as [number, number, number];
    const keptMs = Math.max(forgetAfterMs, 2 * ageMs + marginMs);
    const args = [
      ...this.#common(now),
      ...[randomTag(), payload, count, ageMs, bytes],
      ...[keptMs, ageMs < 0 ? keptMs : Math.min(keptMs, ageMs + marginMs)],
    ];
    const keys = [this.#keys.log(channel), this.#keys.logStream(channel)];
    if (idempotency !== undefined) {
      keys.push(this.#keys.logKey(channel, idempotency.key));
      args.push(now + Math.ceil(idempotency.windowMs), Math.ceil(idempotency.windowMs) + marginMs);
    }
    const isIdempotent = idempotency !== undefined;
    const reply = await this.#link.run(appendScript, { keys, args, isIdempotent, isWrite: true, lane: keys[0] });
    const [epoch, position, isDuplicate] = reply as [Buffer, Buffer, number];
    return { epoch: String(epoch), position: String(position), isDuplicate: isDuplicate === 1 };
  }

  async read(channel: string, range: LogRange): Promise<LogPage | LogHole> {
    const { status, bounds, isEnd, entries } = await this.#read(channel, range);
    if (status !== "ok") return { status: "hole", reason: status, bounds };
    return { status, epoch: bounds.epoch, entries, isEnd };
  }

  async #read(channel: string, range: LogRange): Promise<Read> {
    const [mode, position] = "after" in range ? ["after", range.after] : ["before", range.before ?? ""];
    const maxBytes = range.maxBytes === undefined || range.maxBytes === Infinity ? -1 : range.maxBytes;
    const answer = await this.#ask(readScript, channel, [mode, position, range.limit, maxBytes]);
    const [epoch, start, end, status, isEnd, before, ...found] = answer as [
      ...[Buffer, Buffer, Buffer, Buffer, number, Buffer],
      ...Buffer[],
    ];
    return {
      status: String(status) as Read["status"],
      bounds: { epoch: String(epoch), start: String(start), end: String(end) },
      isEnd: isEnd === 1,
      entries: entriesOf(String(before), found),
    };
  }

  async bounds(channel: string): Promise<LogBounds> {
    const [epoch, start, end] = (await this.#ask(boundsScript, channel, [])) as Buffer[];
    return { epoch: String(epoch), start: String(start), end: String(end) };
  }

  async #ask(script: Script, channel: string, args: readonly (string | number)[]): Promise<readonly Reply[]> {
    const keys = [this.#keys.log(channel), this.#keys.logStream(channel)];
    const all = [...this.#common(this.#link.clock.now()), ...args];
    return (await this.#link.run(script, { keys, args: all, isIdempotent: true })) as readonly Reply[];
  }

  #common(now: number): (string | number)[] {
    return [now, this.#link.newEpoch(), emptyKnownMs];
  }

  async tail(channel: string, sink: LogSink): Promise<LogTail> {
    this.#link.check();
    const told = this.#keys.log(channel);
    const feed = new Feed<ToldEntry>({
      host: this.#link.host,
      read: (epoch, position) => this.#catchUp(channel, sink, epoch, position),
      tell: ({ entry }) => sink.message(entry),
      missed: () => this.#link.subscriptions.missed(told),
    });
    const unsubscribe = await this.#link.subscribe(told, (message) => feed.received(entryOf(message)));
    const stop = (): void => {
      feed.stop();
      unaudit();
      unsubscribe();
      this.#tails.delete(stop);
    };
    const unaudit = this.#link.onAudit(async () => {
      await this.bounds(channel).then(
        ({ epoch, end }) => feed.standsAt(epoch, end),
        // The next one finds it.
        () => undefined,
      );
    });
    this.#tails.add(stop);
    try {
      const { epoch, end } = await this.bounds(channel);
      // In a moment, so that nobody is told before they know where it begins.
      setImmediate(() => feed.begin(epoch, end));
      return { epoch, position: end, stop };
    } catch (error) {
      stop();
      throw error;
    }
  }

  async #catchUp(channel: string, sink: LogSink, epoch: string, position: string) {
    const range = { after: position, limit: catchUpLength, maxBytes: catchUpBytes };
    const { status, bounds, isEnd, entries } = await this.#read(channel, range);
    if (status !== "ok" || bounds.epoch !== epoch) {
      sink.reset(status === "retention" && bounds.epoch === epoch ? "retention" : "epoch", bounds);
      return { items: [], epoch: bounds.epoch, position: bounds.end, isEnd: true };
    }
    const items = entries.map((entry) => ({ epoch, previous: entry.previous, position: entry.position, entry }));
    return { items, epoch, position: items.at(-1)?.position ?? position, isEnd };
  }

  stop(): void {
    for (const stop of this.#tails) stop();
  }
}

/** -1: without a bound, as the scripts have it. */
function bound(value: number): number {
  return Number.isFinite(value) ? Math.ceil(value) : -1;
}

function entryOf(message: Buffer): ToldEntry {
  const { rest, ...told } = toldOf(message);
  const [entry] = entriesOf(told.previous, [told.position, rest]);
  return { ...told, entry: entry as LogEntry };
}

/** Positions and messages in turn. */
function entriesOf(before: string, found: readonly (Buffer | string)[]): LogEntry[] {
  const entries: LogEntry[] = [];
  let previous = before;
  for (let index = 0; index < found.length; index += 2) {
    const position = String(found[index]);
    const { head, valueText = "" } = readPayloadText<LogHead>(String(found[index + 1]));
    entries.push({ position, previous, value: valueOfText(valueText), meta: head.m });
    previous = position;
  }
  return entries;
}
