/**
 * The logs: a subject for each in one stream, whose sequence is the position.
 */
import type { Append, Appended, LogBounds, LogEngine, LogHole, LogPage, LogRange, LogSink, LogTail } from "../index.js";
import { AppendKeys, type KeyClaim } from "./append-keys.js";
import { type NatsLink, translating } from "./link.js";
import type { LogMirror } from "./log-mirror.js";
import { LogMirrors } from "./log-mirrors.js";
import { logPayload } from "./log-payload.js";
import { textOfValue } from "./payload.js";
import { behind, lastOf, surelyNewest } from "./reading.js";
import type { Streams } from "./streams.js";
import type { Subjects } from "./subjects.js";
import { Trimmer } from "./trimmer.js";

/** A log that this node appends to. */
interface Writer {
  readonly subject: string;
  /** Resolves when what was appended before is on its way, so that it keeps its order. */
  turn: Promise<void>;
  /** The sequence of the newest message that is known; undefined: nobody has looked. */
  known: number | undefined;
}

// No two nodes that append to a log within its retention have the same, and it is in each message: 60 bits.
const nameLength = 10;
// Writers that are remembered.
const maxWriters = 10_000;

/** See the head of this file. */
export class NatsLogs implements LogEngine {
  readonly #link: NatsLink;
  readonly #streams: Streams;
  readonly #subjects: Subjects;
  readonly #mirrors: LogMirrors;
  readonly #keys: AppendKeys;
  readonly #trimmer: Trimmer;
  /** The one that was appended to longest ago is the first. */
  readonly #writers = new Map<string, Writer>();
  /** What the ids of messages without keys begin with. */
  readonly #name: string;
  #appends = 0;

  constructor(link: NatsLink, streams: Streams, subjects: Subjects) {
    this.#link = link;
    this.#streams = streams;
    this.#subjects = subjects;
    this.#name = `${link.host.randomId().slice(0, nameLength)}.`;
    this.#mirrors = new LogMirrors(link, streams, subjects);
    this.#keys = new AppendKeys(link, streams, subjects);
    this.#trimmer = new Trimmer(link, streams, subjects);
    streams.onReplaced((kind) => {
      // Whoever is just appending keeps the order.
      if (kind === "log") for (const writer of this.#writers.values()) writer.known = undefined;
    });
  }

  /** Octets of the logs that are here. */
  get bytes(): number {
    return this.#mirrors.bytes;
  }

  async append(channel: string, append: Append): Promise<Appended> {
    this.#link.check();
    // Now: the caller may change it when we have returned.
    const valueText = textOfValue(append.value);
    const meta = { ...append.meta };
    return await translating(() => this.#append(channel, { ...append, meta }, valueText));
  }

  async #append(channel: string, append: Append, valueText: string): Promise<Appended> {
    const { meta, retain, idempotency } = append;
    const writer = this.#writer(channel);
    const before = writer.turn;
    let release = (): void => undefined;
    writer.turn = new Promise<void>((resolve) => {
      release = resolve;
    });
    try {
      if (writer.known === undefined) await this.#look(writer);
      await this.#streams.keepFor("log", 2 * retain.ageMs);
      const claim = idempotency === undefined ? undefined : await this.#keys.claim(channel, idempotency);
      await before;
      const used = await this.#usedSeq(channel, claim);
      if (used !== undefined) return this.#appended(channel, used, true);
      // JetStream need not remember ids under which nothing is published again.
      const keyId = claim === undefined || claim.status === "used" ? undefined : claim.id;
      const unixMs = this.#link.host.unixMs();
      const id = keyId ?? this.#nextId();
      const message = { unixMs, meta, retain, valueText, id, knownBefore: writer.known ?? 0 };
      const publishing = this.#link.publish(writer.subject, logPayload(message), keyId === undefined ? {} : { id });
      release();
      const { seq, duplicate = false } = await publishing;
      // Sequences rise: one that does not is of another stream of the same name.
      if (!duplicate && seq <= (writer.known ?? 0)) await this.#streams.lookAt("log");
      if (claim?.status === "new") claim.done(seq);
      if (seq > (writer.known ?? 0)) writer.known = seq;
      if (!duplicate) this.#trimmer.appended(channel, seq, valueText.length, retain);
      // Whoever reads here afterwards finds it.
      await this.#mirrors.peek(channel)?.reach(seq);
      return this.#appended(channel, seq, duplicate);
    } finally {
      release();
    }
  }

  /** Where the message of a key stands, where there is one. */
  async #usedSeq(channel: string, claim: KeyClaim | undefined): Promise<number | undefined> {
    if (claim === undefined || claim.status === "new") return undefined;
    if (claim.status === "used") return claim.seq;
    const mirror = await this.#mirrors.get(channel);
    await mirror.catchUp();
    return mirror.window().sequenceOf(claim.id);
  }

  #appended(channel: string, seq: number, isDuplicate: boolean): Appended {
    const position = this.#mirrors.peek(channel)?.window().positionOf(seq) ?? seq;
    return { epoch: this.#streams.epochOf("log"), position: String(position), isDuplicate };
  }

  #nextId(): string {
    this.#appends += 1;
    return `${this.#name}${this.#appends.toString(36)}`;
  }

  async #look(writer: Writer): Promise<void> {
    const newest = await lastOf(this.#link, this.#streams.name("log"), writer.subject);
    writer.known = Math.max(writer.known ?? 0, newest?.seq ?? 0);
  }

  #writer(channel: string): Writer {
    const writer = this.#writers.get(channel) ?? {
      ...{ subject: this.#subjects.log(channel), turn: Promise.resolve(), known: undefined },
    };
    this.#writers.delete(channel);
    this.#writers.set(channel, writer);
    for (const oldest of this.#writers.keys()) {
      if (this.#writers.size <= maxWriters) break;
      this.#writers.delete(oldest);
    }
    return writer;
  }

  async read(channel: string, range: LogRange): Promise<LogPage | LogHole> {
    this.#link.check();
    return await translating(async () => {
      const mirror = await this.#mirrors.get(channel);
      return "after" in range ? await this.#readAfter(mirror, range) : this.#readBefore(mirror, range);
    });
  }

  async #readAfter(
    mirror: LogMirror,
    { after, limit, maxBytes }: Extract<LogRange, { after: string }>,
  ): Promise<LogPage | LogHole> {
    const seq = sequenceOf(after);
    // Another node may have told of it already.
    if (seq !== undefined && seq > mirror.window().last) await this.#lookFor(mirror, seq);
    const window = mirror.window();
    if (seq === undefined || seq > window.last) return hole("unknown-position", mirror);
    if (seq < window.start) return hole("retention", mirror);
    if (!window.continuesAt(seq)) return hole("unknown-position", mirror);
    return window.after(this.#streams.epochOf("log"), seq, limit, maxBytes);
  }

  /** @throws EngineError "unavailable" where it is not known whether there is such a message */
  async #lookFor(mirror: LogMirror, seq: number): Promise<void> {
    await mirror.catchUp();
    if (!this.#link.isCluster || seq <= mirror.window().last) return;
    const stream = this.#streams.name("log");
    const newest = await surelyNewest(this.#link, stream);
    if (newest === undefined) throw behind(stream);
    // Another one may have answered before.
    if (newest >= seq) await mirror.catchUp();
  }

  #readBefore(mirror: LogMirror, { before, limit, maxBytes }: Exclude<LogRange, { after: string }>): LogPage | LogHole {
    const seq = before === undefined ? Number.POSITIVE_INFINITY : sequenceOf(before);
    if (seq === undefined) return hole("unknown-position", mirror);
    return mirror.window().before(this.#streams.epochOf("log"), seq, limit, maxBytes);
  }

  async bounds(channel: string): Promise<LogBounds> {
    this.#link.check();
    return await translating(async () => (await this.#mirrors.get(channel)).bounds());
  }

  async tail(channel: string, sink: LogSink): Promise<LogTail> {
    this.#link.check();
    return await translating(async () => {
      const mirror = await this.#mirrors.get(channel);
      const stop = mirror.follow(sink);
      const { epoch, end } = mirror.bounds();
      return { epoch, position: end, stop };
    });
  }

  stop(): void {
    this.#mirrors.stop();
    this.#trimmer.stop();
  }
}

function hole(reason: LogHole["reason"], mirror: LogMirror): LogHole {
  return { status: "hole", reason, bounds: mirror.bounds() };
}

/** The sequence of a position; undefined where it never was one. */
export function sequenceOf(position: string): number | undefined {
  if (!/^(?:0|[1-9]\d{0,15})$/u.test(position)) return undefined;
  const sequence = Number(position);
  return Number.isSafeInteger(sequence) ? sequence : undefined;
}
