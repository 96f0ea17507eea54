/**
 * Which idempotency keys have been used for appending, for as long as their windows are.
 *
 * JetStream itself keeps two messages of one id apart for two minutes. A key is written down before its message is
 * published, with the id that it will have; so whoever finds it publishes the same again within those minutes, and later
 * looks for the id in the log. When the message stands, its position is written down, too.
 */
import type { Idempotency } from "../index.js";
import { apiErrors, isApiError, type NatsLink } from "./link.js";
import { payloadOf, readPayload } from "./payload.js";
import { lastOf, type Stored } from "./reading.js";
import { duplicateWindowMs, type Streams } from "./streams.js";
import type { Subjects } from "./subjects.js";

interface KeyRecord {
  /** The id of the message. */
  readonly i: string;
  /** The epoch of the log stream. */
  readonly o: string;
  /** When it was written down, and until when it holds, in Unix milliseconds. */
  readonly u: number;
  readonly e: number;
  /** The sequence of the message, when it is known to stand. */
  readonly s?: number;
}

/** What is known of a key. */
export type KeyClaim =
  /** Publish under this id. */
  | {
      readonly status: "new";
      readonly id: string;
      /** Writes down where the message stands. */
      readonly done: (seq: number) => void;
    }
  /** Where the message stands. */
  | { readonly status: "used"; readonly seq: number }
  /** Somebody was about to publish under this id, so long ago that JetStream does not remember. */
  | { readonly status: "unknown"; readonly id: string };

/** What is late on its way still counts: milliseconds. */
export const keyMarginMs = 20_000;

/** See the head of this file. */
export class AppendKeys {
  readonly #link: NatsLink;
  readonly #streams: Streams;
  readonly #subjects: Subjects;

  constructor(link: NatsLink, streams: Streams, subjects: Subjects) {
    this.#link = link;
    this.#streams = streams;
    this.#subjects = subjects;
  }

  /** @throws EngineError, ApiError */
  async claim(channel: string, { key, windowMs }: Idempotency): Promise<KeyClaim> {
    const subject = this.#subjects.key(channel, key);
    await this.#streams.keepFor("key", windowMs + keyMarginMs);
    const id = this.#link.host.randomId();
    for (let expected = 0; ; ) {
      const unixMs = this.#link.host.unixMs();
      const record: KeyRecord = { i: id, o: this.#streams.epochOf("log"), u: unixMs, e: unixMs + windowMs };
      try {
        // Whoever finds that it stands already, takes it for its own.
        const { seq } = await this.#link.publish(subject, payloadOf(record), { expected, isIdempotent: true });
        return { status: "new", id, done: (position) => this.#done(subject, record, position, seq) };
      } catch (error) {
        if (!isApiError(error, apiErrors.wrongLastSequence)) throw error;
      }
      const found = await lastOf(this.#link, this.#streams.name("key"), subject);
      const claim = found === undefined ? undefined : this.#claimOf(subject, found);
      if (claim !== undefined) return claim;
      expected = found?.seq ?? 0;
    }
  }

  /**
   * What was written down for another stream may have been published to this one all the same, before that was noticed: JetStream, or
   * the log, knows. Where it was not, it is published now.
   *
   * @returns undefined where the key holds no longer
   */
  #claimOf(subject: string, { seq, data }: Stored): KeyClaim | undefined {
    const { head: record } = readPayload<KeyRecord>(data);
    const unixMs = this.#link.host.unixMs();
    if (record.e <= unixMs) return undefined;
    if (record.s !== undefined && this.#streams.isEpochOf("log", record.o)) return { status: "used", seq: record.s };
    if (unixMs - record.u > duplicateWindowMs - keyMarginMs) return { status: "unknown", id: record.i };
    return { status: "new", id: record.i, done: (position) => this.#done(subject, record, position, seq) };
  }

  /** Nobody waits for it: until it is there, JetStream tells the same. */
  #done(subject: string, record: KeyRecord, seq: number, expected: number): void {
    const done: KeyRecord = { ...record, o: this.#streams.epochOf("log"), s: seq };
    this.#link.publish(subject, payloadOf(done), { expected }).catch(() => undefined);
  }
}
