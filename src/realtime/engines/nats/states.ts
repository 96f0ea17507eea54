/**
 * The states: a subject for each key in one stream that keeps the last message of each, as NATS' own key-value stores do.
 * The stream's sequence is the revision, and the position.
 */
import type { StateDelta, StateEngine, StateEntry, StatePage, StateSink, StateWatch } from "../index.js";
import { EngineError } from "../index.js";
import { type Burials, LastWords } from "./burials.js";
import { Follower } from "./follower.js";
import { apiErrors, isApiError, type NatsLink, translating } from "./link.js";
import { sequenceOf } from "./logs.js";
import { payloadOf, readPayload, textOfValue, valueOfText } from "./payload.js";
import { behind, hasMessage, lastOf, readMessages, type Stored, surelyNewest } from "./reading.js";
import type { Streams } from "./streams.js";
import type { Subjects } from "./subjects.js";

/** What stands before the value; without one, the key was deleted. */
interface StateHead {
  readonly k: string;
  /** When it was published, in Unix milliseconds. */
  readonly u: number;
}

interface KeyMessage {
  readonly seq: number;
  readonly head: StateHead;
  readonly valueText: string | undefined;
}

// Deletions that are read with as many values are left where they are: as `LastWords` says.
const deletionsLeft = 100;
// Changes that are told one by one; beyond it, a snapshot is shorter.
const maxDelta = 10_000;

/** See the head of this file. */
export class NatsStates implements StateEngine {
  readonly #link: NatsLink;
  readonly #streams: Streams;
  readonly #subjects: Subjects;
  readonly #burials: Burials;
  readonly #watches = new Map<string, Set<Watch>>();
  readonly #deletions = new LastWords();

  constructor(link: NatsLink, streams: Streams, subjects: Subjects, burials: Burials) {
    this.#link = link;
    this.#streams = streams;
    this.#subjects = subjects;
    this.#burials = burials;
    streams.onReplaced((kind) => {
      if (kind !== "state") return;
      this.#deletions.clear();
      for (const watches of this.#watches.values()) for (const watch of watches) watch.replaced();
    });
  }

  async set(channel: string, key: string, value: unknown, expected: string | null | undefined): Promise<string> {
    this.#link.check();
    const valueText = textOfValue(value);
    return await translating(async () => String(await this.#set(channel, key, valueText, expected)));
  }

  async #set(channel: string, key: string, valueText: string, expected: string | null | undefined): Promise<number> {
    if (expected === undefined) return await this.#publish(channel, key, valueText, undefined);
    let expectedSeq = expected === null ? 0 : sequenceOf(expected);
    for (;;) {
      const seq = expectedSeq === undefined ? undefined : await this.#publishIf(channel, key, valueText, expectedSeq);
      if (seq !== undefined) return seq;
      const found = await this.#current(channel, key);
      checkRevision(key, found, expected);
      // Nothing is there but a deletion; or what was refused is true by now.
      expectedSeq = found?.seq ?? 0;
    }
  }

  async delete(channel: string, key: string, expected: string | null | undefined): Promise<string> {
    this.#link.check();
    return await translating(async () => String(await this.#delete(channel, key, expected)));
  }

  async #delete(channel: string, key: string, expected: string | null | undefined): Promise<number> {
    for (;;) {
      const found = await this.#current(channel, key);
      checkRevision(key, found, expected);
      if (found?.valueText === undefined) return await this.#position(channel);
      const seq = await this.#publishIf(channel, key, undefined, found.seq);
      if (seq === undefined) continue;
      const bury = (): void => this.#bury(channel, seq, this.#link.options.deletionsKnownMs);
      this.#deletions.add(this.#subjects.state(channel, key), bury);
      return seq;
    }
  }

  /** @returns undefined where the key has another revision */
  async #publishIf(
    channel: string,
    key: string,
    valueText: string | undefined,
    expected: number,
  ): Promise<number | undefined> {
    try {
      return await this.#publish(channel, key, valueText, expected);
    } catch (error) {
      if (isApiError(error, apiErrors.wrongLastSequence)) return undefined;
      throw error;
    }
  }

  async #publish(
    channel: string,
    key: string,
    valueText: string | undefined,
    expected: number | undefined,
  ): Promise<number> {
    const payload = payloadOf({ k: key, u: this.#link.host.unixMs() } satisfies StateHead, valueText);
    const headers = expected === undefined ? {} : { expected };
    const subject = this.#subjects.state(channel, key);
    const { seq } = await this.#link.publish(subject, payload, headers);
    if (valueText !== undefined) this.#deletions.delete(subject);
    // Whoever watches here has seen it then.
    for (const watch of this.#watches.get(channel) ?? []) await watch.reached(seq);
    return seq;
  }

  async #current(channel: string, key: string): Promise<KeyMessage | undefined> {
    const found = await lastOf(this.#link, this.#stream, this.#subjects.state(channel, key));
    return found === undefined ? undefined : keyMessage(found);
  }

  async #position(channel: string): Promise<number> {
    return (await lastOf(this.#link, this.#stream, this.#subjects.state(channel)))?.seq ?? 0;
  }

  /**
   * The position, which is none before what has been heard here: who reads a snapshot gets what is newer from there on.
   *
   * @throws EngineError "unavailable" where only what was before can be had
   */
  async #positionNow(channel: string): Promise<number> {
    const position = await this.#position(channel);
    const heard = Math.max(0, ...[...(this.#watches.get(channel) ?? [])].map((watch) => watch.position));
    if (!this.#link.isCluster || position >= heard) return position;
    // The newest may have been a deletion that was taken away since.
    if ((await this.#floor(channel)) >= heard) return position;
    const newest = await surelyNewest(this.#link, this.#stream);
    if (newest === undefined) throw behind(this.#stream);
    if (newest < heard) return position;
    // Another one may have answered before.
    const now = await this.#position(channel);
    if (now < heard && (await hasMessage(this.#link, this.#stream, heard))) throw behind(this.#stream);
    return now;
  }

  get #stream(): string {
    return this.#streams.name("state");
  }

  async snapshot(channel: string, options: { cursor?: string | undefined; limit: number }): Promise<StatePage> {
    this.#link.check();
    return await translating(() => this.#snapshot(channel, options));
  }

  async #snapshot(channel: string, options: { cursor?: string | undefined; limit: number }): Promise<StatePage> {
    const begun = options.cursor === undefined ? undefined : (JSON.parse(options.cursor) as [number, number]);
    const start = begun?.[0] ?? (await this.#positionNow(channel));
    let last = begun?.[1] ?? 0;
    const entries = new Map<string, StateEntry>();
    const deletions: KeyMessage[] = [];
    const epoch = this.#streams.epochOf("state");
    const page = (cursor?: string): StatePage => {
      return { epoch, position: String(start), entries: [...entries.values()], cursor };
    };
    const filter = this.#subjects.state(channel);
    while (last < start) {
      const limit = options.limit - entries.size;
      if (limit === 0) return page(JSON.stringify([start, last]));
      const request = { stream: this.#stream, filter, from: last + 1, through: start, limit };
      const { messages, isEnd } = await readMessages(this.#link, request);
      for (const message of messages) {
        last = message.seq;
        // What has changed since the first page is told by whoever tells the changes.
        if (last > start) break;
        const read = keyMessage(message);
        // A copy that lags behind had what this takes the place of.
        entries.delete(read.head.k);
        if (read.valueText === undefined) deletions.push(read);
        else entries.set(read.head.k, entryOf(read));
      }
      if (isEnd) break;
    }
    for (const deletion of deletions.slice(0, -(deletionsLeft + entries.size))) this.#found(channel, deletion);
    return page();
  }

  async changesSince(channel: string, epoch: string, position: string): Promise<StateDelta | undefined> {
    this.#link.check();
    const since = sequenceOf(position);
    if (since === undefined) return undefined;
    return await translating(() => this.#changesSince(channel, epoch, since));
  }

  async #changesSince(channel: string, epoch: string, since: number): Promise<StateDelta | undefined> {
    if (epoch !== this.#streams.epochOf("state")) return undefined;
    const newest = await this.#positionNow(channel);
    if (since > newest) return undefined;
    const changes = new Map<string, KeyMessage>();
    if (since < newest) {
      const filter = this.#subjects.state(channel);
      const request = { stream: this.#stream, filter, from: since + 1, through: newest, limit: maxDelta };
      const { messages, isEnd } = await readMessages(this.#link, request);
      if (!isEnd) return undefined;
      for (const message of messages) {
        const read = keyMessage(message);
        changes.delete(read.head.k);
        changes.set(read.head.k, read);
      }
    }
    // After reading: it is written before a deletion is taken away.
    if (since < (await this.#floor(channel))) return undefined;
    const all = [...changes.values()];
    return {
      epoch,
      position: String(all.at(-1)?.seq ?? newest),
      entries: all.filter(({ valueText }) => valueText !== undefined).map(entryOf),
      deleted: all.filter(({ valueText }) => valueText === undefined).map(({ head }) => head.k),
    };
  }

  async watch(channel: string, sink: StateSink): Promise<StateWatch> {
    this.#link.check();
    return await translating(async () => {
      const watches = this.#watches.get(channel) ?? new Set<Watch>();
      this.#watches.set(channel, watches);
      const watch = new Watch(
        {
          position: () => this.#position(channel),
          floor: () => this.#floor(channel),
          epoch: () => this.#streams.epochOf("state"),
        },
        sink,
      );
      watches.add(watch);
      const stop = (): void => {
        watch.stop();
        watches.delete(watch);
        if (watches.size === 0 && this.#watches.get(channel) === watches) this.#watches.delete(channel);
      };
      try {
        const position = await watch.start(this.#link, this.#stream, this.#subjects.state(channel));
        return { epoch: this.#streams.epochOf("state"), position: String(position), stop };
      } catch (error) {
        stop();
        throw error;
      }
    });
  }

  /** Somebody reads of a deletion that nobody may look after any more. */
  #found(channel: string, { seq, head }: KeyMessage): void {
    const leftMs = head.u + this.#link.options.deletionsKnownMs - this.#link.host.unixMs();
    if (leftMs <= 0) this.#bury(channel, seq, 0);
  }

  #bury(channel: string, seq: number, delayMs: number): void {
    this.#burials.add("state", seq, delayMs, () => this.#raiseFloor(channel, seq));
  }

  /** Changes up to here are no longer all known. */
  async #floor(channel: string): Promise<number> {
    const found = await lastOf(this.#link, this.#stream, this.#subjects.stateFloor(channel));
    return found === undefined ? 0 : readPayload<{ readonly s: number }>(found.data).head.s;
  }

  async #raiseFloor(channel: string, seq: number): Promise<void> {
    const subject = this.#subjects.stateFloor(channel);
    for (;;) {
      const found = await lastOf(this.#link, this.#stream, subject);
      if (found !== undefined && readPayload<{ readonly s: number }>(found.data).head.s >= seq) return;
      try {
        await this.#link.publish(subject, payloadOf({ s: seq }), { expected: found?.seq ?? 0 });
        return;
      } catch (error) {
        if (!isApiError(error, apiErrors.wrongLastSequence)) throw error;
      }
    }
  }

  stop(): void {
    for (const watches of this.#watches.values()) for (const watch of watches) watch.stop();
    this.#watches.clear();
  }
}

interface Watched {
  position(): Promise<number>;
  floor(): Promise<number>;
  epoch(): string;
}

/** Somebody who follows a state. */
class Watch {
  readonly #watched: Watched;
  readonly #sink: StateSink;
  #follower: Follower | undefined;
  #position = 0;
  #isReplaced = false;

  constructor(watched: Watched, sink: StateSink) {
    this.#watched = watched;
    this.#sink = sink;
  }

  /** @returns the position before the first change that is told */
  async start(link: NatsLink, stream: string, filter: string): Promise<number> {
    const start = await this.#watched.position();
    this.#position = start;
    let isFirst = true;
    this.#follower = await Follower.open(link, stream, filter, {
      begin: async () => {
        if (!isFirst) await this.#lookForHole();
        isFirst = false;
        return this.#position + 1;
      },
      message: (message) => this.#changed(message),
      caughtUp: () => undefined,
    });
    return start;
  }

  /** The newest change that was told, or where it begins; 0 while that is unknown. */
  get position(): number {
    return this.#isReplaced ? 0 : this.#position;
  }

  async reached(seq: number): Promise<void> {
    await this.#follower?.reached(seq);
  }

  /** A deletion may have been taken away while nobody listened. */
  async #lookForHole(): Promise<void> {
    if (!this.#isReplaced && (await this.#watched.floor()) <= this.#position) return;
    const position = await this.#watched.position();
    this.#isReplaced = false;
    this.#position = position;
    this.#sink.reset(this.#watched.epoch(), String(position));
  }

  replaced(): void {
    this.#isReplaced = true;
    this.#follower?.forget();
  }

  #changed(message: Stored): void {
    const read = keyMessage(message);
    const previous = this.#position;
    this.#position = read.seq;
    const entry = read.valueText === undefined ? undefined : entryOf(read);
    this.#sink.changed({ position: String(read.seq), previous: String(previous), key: read.head.k, entry });
  }

  stop(): void {
    this.#follower?.stop();
  }
}

function keyMessage({ seq, data }: Stored): KeyMessage {
  return { seq, ...readPayload<StateHead>(data) };
}

function entryOf({ seq, head, valueText = "" }: KeyMessage): StateEntry {
  return { key: head.k, value: valueOfText(valueText), revision: String(seq) };
}

/** @throws EngineError "conflict" */
function checkRevision(key: string, found: KeyMessage | undefined, expected: string | null | undefined): void {
  if (expected === undefined) return;
  const revision = found?.valueText === undefined ? null : String(found.seq);
  if (revision === expected) return;
  const current =
    found?.valueText === undefined ? { revision: null } : { value: valueOfText(found.valueText), revision };
  throw new EngineError("conflict", `the key ${JSON.stringify(key)} has another revision`, { current });
}
