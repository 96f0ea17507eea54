/**
 * What calls came to: a subject for each key in one stream that keeps the last message of each. Who runs a call writes so,
 * if the key is as it was when they looked, and again with each prolonging of the lease.
 *
 * A lease has run out when nothing new was seen of it for as long as it lasts, by the clock of whoever looks: clocks of
 * different machines are never compared for that.
 */
import type { CallClaim, CallEngine, CallOutcome, EngineTimer, Idempotency } from "../index.js";
import type { Burials } from "./burials.js";
import { apiErrors, isApiError, type NatsLink, translating } from "./link.js";
import { payloadOf, readPayload, textOfValue, valueOfText } from "./payload.js";
import { lastOf } from "./reading.js";
import type { Streams } from "./streams.js";
import type { Subjects } from "./subjects.js";

/** `by`: whose claim it is, so that who has not heard whether it stands finds it. */
type CallHead = { readonly by?: string } & (
  | { readonly t: "running"; readonly leaseMs: number }
  /** The value follows. `untilMs`: Unix milliseconds. */
  | { readonly t: "done"; readonly isOk: boolean; readonly untilMs: number }
  | { readonly t: "released" }
);

interface CallRecord {
  readonly seq: number;
  readonly head: CallHead;
  readonly valueText: string | undefined;
}

/** A running call that was looked at. */
interface Seen {
  readonly seq: number;
  readonly atMs: number;
}

/** For how long what a call came to is kept beyond its window, in milliseconds. */
export const callMarginMs = 60_000;
const releasedKnownMs = 60_000;
// Calls of others that were looked at; what is forgotten is waited for a little longer.
const maxSeen = 10_000;

/** See the head of this file. */
export class NatsCalls implements CallEngine {
  readonly #link: NatsLink;
  readonly #streams: Streams;
  readonly #subjects: Subjects;
  readonly #burials: Burials;
  readonly #seen = new Map<string, Seen>();

  constructor(link: NatsLink, streams: Streams, subjects: Subjects, burials: Burials) {
    this.#link = link;
    this.#streams = streams;
    this.#subjects = subjects;
    this.#burials = burials;
  }

  async claim(idempotency: Idempotency, leaseMs: number): Promise<CallClaim> {
    this.#link.check();
    return await translating(() => this.#claim(idempotency, leaseMs));
  }

  async #claim({ key, windowMs }: Idempotency, leaseMs: number): Promise<CallClaim> {
    await this.#streams.keepFor("call", Math.max(windowMs, leaseMs) + callMarginMs);
    const subject = this.#subjects.call(key);
    const by = this.#link.host.randomId();
    for (let expected = 0; ; ) {
      const seq = await this.#put(subject, { t: "running", leaseMs, by }, undefined, expected);
      if (seq !== undefined) return this.#claimed(subject, by, seq, windowMs, leaseMs);
      const record = await this.#current(subject);
      if (record?.head.by === by) return this.#claimed(subject, by, record.seq, windowMs, leaseMs);
      const outcome = this.#outcomeOf(subject, record);
      if (outcome === "running") return { status: "running", outcome: this.#wait(key, subject) };
      if (outcome !== undefined) return { status: "done", outcome };
      expected = record?.seq ?? 0;
    }
  }

  #claimed(subject: string, by: string, first: number, windowMs: number, leaseMs: number): CallClaim {
    let mine = first;
    const put = async (head: CallHead, valueText?: string): Promise<boolean> => {
      const seq = await translating(async () => {
        const put = await this.#put(subject, head, valueText, mine);
        if (put !== undefined) return put;
        // It may stand already, if the connection broke before we heard of it.
        const record = await this.#current(subject);
        return record?.head.by === by && record.head.t === head.t ? record.seq : undefined;
      });
      if (seq === undefined) return false;
      mine = seq;
      return true;
    };
    return {
      status: "claimed",
      renew: () => put({ t: "running", leaseMs, by }),
      complete: async (outcome) => {
        const untilMs = this.#link.host.unixMs() + windowMs;
        return await put(
          { t: "done", isOk: outcome.ok, untilMs, by },
          textOfValue(outcome.ok ? outcome.value : outcome.error),
        );
      },
      release: async () => {
        if (await put({ t: "released", by })) this.#burials.add("call", mine, releasedKnownMs);
      },
    };
  }

  /** @returns undefined where something else stands there */
  async #put(
    subject: string,
    head: CallHead,
    valueText: string | undefined,
    expected: number,
  ): Promise<number | undefined> {
    try {
      const { seq } = await this.#link.publish(subject, payloadOf(head, valueText), { expected, isIdempotent: true });
      if (head.t === "running") this.#saw(subject, seq);
      else this.#seen.delete(subject);
      return seq;
    } catch (error) {
      if (isApiError(error, apiErrors.wrongLastSequence)) return undefined;
      throw error;
    }
  }

  async #current(subject: string): Promise<CallRecord | undefined> {
    const found = await lastOf(this.#link, this.#streams.name("call"), subject);
    return found === undefined ? undefined : { seq: found.seq, ...readPayload<CallHead>(found.data) };
  }

  /** @returns undefined where the key can be claimed */
  #outcomeOf(subject: string, record: CallRecord | undefined): CallOutcome | "running" | undefined {
    if (record === undefined || record.head.t === "released") return undefined;
    const { head, valueText = "" } = record;
    if (head.t === "running") {
      const { atMs } = this.#saw(subject, record.seq);
      return atMs + head.leaseMs > this.#link.host.now() ? "running" : undefined;
    }
    if (head.untilMs <= this.#link.host.unixMs()) return undefined;
    const value = valueOfText(valueText);
    return head.isOk ? { ok: true, value } : { ok: false, error: value };
  }

  #saw(subject: string, seq: number): Seen {
    const known = this.#seen.get(subject);
    if (known?.seq === seq) return known;
    const seen: Seen = { seq, atMs: this.#link.host.now() };
    this.#seen.delete(subject);
    this.#seen.set(subject, seen);
    for (const oldest of this.#seen.keys()) {
      if (this.#seen.size <= maxSeen) break;
      this.#seen.delete(oldest);
    }
    return seen;
  }

  /** Resolves to what comes of a call that somebody runs; undefined when it can be claimed again. */
  async #wait(key: string, subject: string): Promise<CallOutcome | undefined> {
    const { host } = this.#link;
    let timer: EngineTimer | undefined;
    let stop = (): void => undefined;
    try {
      return await new Promise<CallOutcome | undefined>((resolve) => {
        let looking: Promise<void> | undefined;
        let isAgain = false;
        const look = async (): Promise<void> => {
          do {
            isAgain = false;
            const record = await this.#current(subject);
            const outcome = this.#outcomeOf(subject, record);
            if (outcome !== "running") {
              resolve(outcome);
              return;
            }
            const leaseMs = record?.head.t === "running" ? record.head.leaseMs : 0;
            timer?.cancel();
            // Should nothing be told: when the lease has run out, or has been prolonged unheard.
            timer = host.setTimer(lookAgain, Math.max(1, leaseMs));
          } while (isAgain);
        };
        const lookAgain = (): void => {
          isAgain = true;
          looking ??= look()
            .catch(() => {
              // Whoever waited claims again, and hears that the engine has been closed.
              if (this.#link.isClosed) resolve(undefined);
              else timer = host.setTimer(lookAgain, this.#link.options.timeoutMs);
            })
            .finally(() => {
              looking = undefined;
            });
        };
        stop = this.#link.subscribe(this.#subjects.callTold(key), lookAgain);
        lookAgain();
      });
    } finally {
      timer?.cancel();
      stop();
    }
  }
}
