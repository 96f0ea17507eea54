/**
 * Takes out of the log stream what no log retains any more. Readers do not see it anyway; this is about room.
 *
 * Each node trims the logs that it appends to, some messages at a time, and never the newest of what is past: by it
 * readers know that there was something before.
 */
import type { EngineTimer, Retention } from "../index.js";
import type { NatsLink } from "./link.js";
import type { Streams } from "./streams.js";
import type { Subjects } from "./subjects.js";

/** A message of ours that was appended. */
interface Sample {
  readonly seq: number;
  readonly unixMs: number;
  /** Octets that we had appended before it. */
  readonly bytesBefore: number;
}

interface Appending {
  readonly subject: string;
  readonly samples: Sample[];
  retain: Retention;
  /** Octets of ours in all. */
  bytes: number;
  /** Messages of ours since the last look at the count. */
  sinceCount: number;
  /** Trimmed up to here. */
  trimmed: number;
}

const maxSamples = 32;
const minSinceCount = 64;
const sweepIntervalMs = 5000;
// Logs that are remembered; what is forgotten is trimmed when somebody appends to it again.
const maxLogs = 100_000;
// Requests at once in a sweep.
const maxPurges = 200;

/** See the head of this file. */
export class Trimmer {
  readonly #link: NatsLink;
  readonly #streams: Streams;
  readonly #subjects: Subjects;
  /** The one that was appended to longest ago is the first. */
  readonly #logs = new Map<string, Appending>();
  #timer: EngineTimer | undefined;

  constructor(link: NatsLink, streams: Streams, subjects: Subjects) {
    this.#link = link;
    this.#streams = streams;
    this.#subjects = subjects;
    // In another stream, others have their sequences.
    streams.onReplaced((kind) => {
      if (kind === "log") this.#logs.clear();
    });
    this.#sweepLater();
  }

  /** A message of ours stands in a log. */
  appended(channel: string, seq: number, bytes: number, retain: Retention): void {
    const log = this.#logs.get(channel) ?? {
      ...{ subject: this.#subjects.log(channel), samples: [], retain, bytes: 0, sinceCount: 0, trimmed: 0 },
    };
    this.#logs.delete(channel);
    this.#logs.set(channel, log);
    const last = log.samples.at(-1);
    if (last === undefined || seq > last.seq) {
      log.samples.push({ seq, unixMs: this.#link.host.unixMs(), bytesBefore: log.bytes });
    }
    // Every other one is enough to go by.
    if (log.samples.length > maxSamples) log.samples.splice(0, maxSamples, ...everyOther(log.samples, maxSamples));
    log.bytes += bytes;
    log.retain = retain;
    log.sinceCount++;
    if (log.sinceCount >= Math.max(minSinceCount, retain.count / 4)) {
      log.sinceCount = 0;
      // The newest of what is past stays.
      this.#purge(log.subject, { keep: retain.count + 1 });
    }
    for (const oldest of this.#logs.keys()) {
      if (this.#logs.size <= maxLogs) break;
      this.#logs.delete(oldest);
    }
  }

  #sweepLater(): void {
    this.#timer = this.#link.host.setTimer(() => {
      // What cannot be dropped now stays for a while.
      if (this.#link.isConnected) void this.#sweep().catch(() => undefined);
      this.#sweepLater();
    }, sweepIntervalMs);
  }

  async #sweep(): Promise<void> {
    const unixMs = this.#link.host.unixMs();
    const isDue = (log: Appending): boolean => (newestPast(log, unixMs)?.seq ?? 0) > log.trimmed;
    if (!Array.from(this.#logs.values()).some(isDue)) return;
    await this.#streams.lookAt("log");
    let purges = 0;
    for (const [channel, log] of this.#logs) {
      const past = newestPast(log, unixMs);
      if (past !== undefined && past.seq > log.trimmed) {
        log.trimmed = past.seq;
        this.#purge(log.subject, { seq: past.seq });
        if (++purges >= maxPurges) return;
      }
      // All of ours is past: nothing is left to do.
      if (past !== undefined && past === log.samples.at(-1)) this.#logs.delete(channel);
    }
  }

  #purge(subject: string, what: { readonly keep: number } | { readonly seq: number }): void {
    // Whoever appends next tries it again.
    this.#link.api(`STREAM.PURGE.${this.#streams.name("log")}`, { filter: subject, ...what }).catch(() => undefined);
  }

  stop(): void {
    this.#timer?.cancel();
  }
}

function newestPast({ samples, retain, bytes }: Appending, unixMs: number): Sample | undefined {
  return samples.findLast(
    (sample) => sample.unixMs + retain.ageMs <= unixMs || bytes - sample.bytesBefore > retain.bytes,
  );
}

function everyOther(samples: readonly Sample[], count: number): Sample[] {
  return samples.slice(0, count).filter((_, index) => index % 2 === 0);
}
