/**
 * Which nodes live: each beats in a subject of its own, and everybody follows all of them.
 *
 * A node is dead when nothing was heard of it for as long as it named, by the clock of whoever listens and could have
 * heard it in the greater part of that time, to its end. Whoever sees that first writes it down in the place of the last beat, if that is still the last:
 * only then is it so, for everybody at once. A node that was only stopped for a while learns from its next beat that it has
 * to tell everything again.
 */
import type { EngineTimer } from "../index.js";
import type { Burials } from "./burials.js";
import { Follower } from "./follower.js";
import { apiErrors, isApiError, type NatsLink } from "./link.js";
import { payloadOf, readPayload } from "./payload.js";
import { lastOf, type Stored } from "./reading.js";
import type { Streams } from "./streams.js";
import type { Subjects } from "./subjects.js";

interface Beat {
  readonly n: string;
  /** Milliseconds; 0: the node is dead. */
  readonly ttlMs: number;
}

interface Living {
  readonly seq: number;
  readonly ttlMs: number;
  readonly untilMs: number;
}

/** A beat of ours on its way. */
interface Sent {
  /** By the host's `now`. */
  readonly atMs: number;
  readonly patienceMs: number;
}

/** Who is told of nodes. */
export interface NodesSink {
  lives(node: string): void;
  /** Nothing is heard of it. */
  died(node: string): void;
  /** It is written down that it is dead: what it told before that counts no more. */
  buried(node: string, death: number): void;
}

const sweepIntervalMs = 500;
// Who lives is heard of three times in this part of what a beat holds for: as much has to pass after something was wrong. All of it
// would be too much where one thing after another is wrong.
const heardPart = 0.6;
// A beat of ours that was answered later than this, or than this part of the time for which it holds: whoever did not beat
// meanwhile may not have been able to. With a fifth between two beats, and a look now and then, nobody who is silent for all
// of it was kept from beating for more than about half of it; and a machine that is slow finds out who is dead.
const unsteadyMs = 1750;
const unsteadyPart = 0.25;
// Who was away for longer does not need to hear of a death: it has heard no beat either.
const deathKnownMs = 600_000;
// Deaths that are remembered here, so that late beats do not undo them.
const maxDead = 10_000;

/** See the head of this file. */
export class PresenceNodes {
  readonly #link: NatsLink;
  readonly #streams: Streams;
  readonly #subjects: Subjects;
  readonly #burials: Burials;
  readonly #sink: NodesSink;
  readonly #living = new Map<string, Living>();
  /** The last beat of each of our own nodes. */
  readonly #own = new Map<string, number>();
  /** Nodes that died, also those that live again, and the sequence up to which what they say is old. */
  readonly #dead = new Map<string, number>();
  /** Nodes whose deaths are being written down. */
  readonly #dying = new Set<string>();
  /** Beats that have not been answered. */
  readonly #unanswered = new Set<Sent>();
  /** Since when every beat of ours was answered soon. */
  #steadySinceMs: number;
  #follower: Follower | undefined;
  #timer: EngineTimer | undefined;

  constructor(link: NatsLink, streams: Streams, subjects: Subjects, burials: Burials, sink: NodesSink) {
    this.#link = link;
    this.#streams = streams;
    this.#subjects = subjects;
    this.#burials = burials;
    this.#sink = sink;
    this.#steadySinceMs = link.host.now();
    link.onReconnect(() => this.#unsteady());
  }

  #unsteady(): void {
    this.#steadySinceMs = this.#link.host.now();
  }

  /**
   * Resolves when all nodes are known that live now.
   *
   * @throws EngineError "unavailable" when that is not told, "closed"; ApiError
   */
  async start(): Promise<void> {
    this.#follower = await Follower.open(this.#link, this.#streams.name("presence"), this.#subjects.node(), {
      // From the first on each time: the beats of all are few.
      begin: () => 1,
      message: (message) => this.#heard(message),
      caughtUp: () => undefined,
    });
    await this.#follower.opened();
    this.#sweepLater();
  }

  isLiving(node: string): boolean {
    return this.#living.has(node);
  }

  /** The sequence up to which what a node told is old, also where it lives again; 0: it has never died, as far as is known. */
  deathOf(node: string): number {
    return this.#dead.get(node) ?? 0;
  }

  /** @returns whether it was known */
  async beat(node: string, ttlMs: number): Promise<boolean> {
    const sent = { atMs: this.#link.host.now(), patienceMs: Math.min(unsteadyMs, unsteadyPart * ttlMs) };
    this.#unanswered.add(sent);
    try {
      const wasKnown = await this.#beat(node, ttlMs);
      this.#lookAtBeat(sent);
      return wasKnown;
    } catch (error) {
      this.#unsteady();
      throw error;
    } finally {
      this.#unanswered.delete(sent);
    }
  }

  #lookAtBeat({ atMs, patienceMs }: Sent): void {
    if (this.#link.host.now() - atMs > patienceMs) this.#unsteady();
  }

  async #beat(node: string, ttlMs: number): Promise<boolean> {
    const subject = this.#subjects.node(node);
    const payload = payloadOf({ n: node, ttlMs } satisfies Beat);
    let wasKnown = this.#own.has(node) && this.#living.has(node);
    for (let expected = this.#own.get(node) ?? 0; ; ) {
      try {
        const { seq } = await this.#link.publish(subject, payload, { expected });
        this.#own.set(node, seq);
        this.#lives(node, seq, ttlMs);
        return wasKnown;
      } catch (error) {
        if (!isApiError(error, apiErrors.wrongLastSequence)) throw error;
      }
      const found = await lastOf(this.#link, this.#streams.name("presence"), subject);
      // Unless it is a beat of ours of which we have not heard, the node was believed dead.
      wasKnown &&= found !== undefined && readPayload<Beat>(found.data).head.ttlMs > 0;
      expected = found?.seq ?? 0;
    }
  }

  /** A node goes by itself. */
  async drop(node: string): Promise<void> {
    this.#own.delete(node);
    const { seq } = await this.#link.publish(
      this.#subjects.node(node),
      payloadOf({ n: node, ttlMs: 0 } satisfies Beat),
      { isIdempotent: true },
    );
    this.#buried(node, seq);
    await this.#clearAway(node, seq);
  }

  /** The stream of presence is another one: everybody tells everything again with the next beat. */
  replaced(): void {
    this.#own.clear();
    this.#dead.clear();
    // Its sequence begins anew. Who lives goes on living, until it is not heard of.
    for (const [node, living] of this.#living) this.#living.set(node, { ...living, seq: 0 });
    this.#follower?.forget();
  }

  #heard({ seq, data }: Stored): void {
    const { head } = readPayload<Beat>(data);
    if (head.ttlMs === 0) this.#buried(head.n, seq);
    else this.#lives(head.n, seq, head.ttlMs);
  }

  #lives(node: string, seq: number, ttlMs: number): void {
    const known = this.#living.get(node);
    if (seq <= Math.max(known?.seq ?? 0, this.#dead.get(node) ?? 0)) return;
    this.#living.set(node, { seq, ttlMs, untilMs: this.#link.host.now() + ttlMs });
    if (known === undefined) this.#sink.lives(node);
  }

  #died(node: string, seq: number): void {
    if ((this.#living.get(node)?.seq ?? 0) > seq) return;
    this.#dead.delete(node);
    this.#dead.set(node, seq);
    for (const oldest of this.#dead.keys()) {
      if (this.#dead.size <= maxDead) break;
      this.#dead.delete(oldest);
    }
    if (this.#living.delete(node)) this.#sink.died(node);
  }

  #buried(node: string, death: number): void {
    this.#died(node, death);
    this.#sink.buried(node, death);
  }

  #sweepLater(): void {
    const { host } = this.#link;
    const dueAtMs = host.now() + sweepIntervalMs;
    this.#timer = host.setTimer(() => {
      // What was said while this process stood still is heard in a moment.
      if (host.now() - dueAtMs > sweepIntervalMs) this.#unsteady();
      this.#sweep();
      this.#sweepLater();
    }, sweepIntervalMs);
  }

  #sweep(): void {
    // Whoever hears nobody knows nothing of them.
    if (!this.#link.isConnected) return;
    for (const sent of this.#unanswered) this.#lookAtBeat(sent);
    const nowMs = this.#link.host.now();
    for (const [node, { seq, ttlMs, untilMs }] of this.#living) {
      if (untilMs > nowMs || nowMs - this.#steadySinceMs < heardPart * ttlMs || this.#dying.has(node)) continue;
      this.#dying.add(node);
      this.#declareDead(node, seq)
        .catch((error: unknown) => {
          // Somebody else was first, or the node is alive. Where nobody answers, nobody could beat.
          if (!isApiError(error, apiErrors.wrongLastSequence)) this.#unsteady();
        })
        .finally(() => this.#dying.delete(node));
    }
  }

  async #declareDead(node: string, expected: number): Promise<void> {
    const beat = payloadOf({ n: node, ttlMs: 0 } satisfies Beat);
    const { seq } = await this.#link.publish(this.#subjects.node(node), beat, { expected });
    this.#buried(node, seq);
    await this.#clearAway(node, seq);
  }

  async #clearAway(node: string, death: number): Promise<void> {
    const presence = this.#streams.name("presence");
    const filter = this.#subjects.user(undefined, undefined, node);
    await this.#link.api(`STREAM.PURGE.${presence}`, { filter, seq: death });
    this.#burials.add("presence", death, deathKnownMs);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#follower?.stop();
  }
}
