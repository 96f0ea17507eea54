/**
 * One subscriber's way to the newest state: a snapshot, then the deltas that all get, or its own where it lags or wants
 * fewer.
 */
import type { EngineTimer, StateDelta } from "../engines/index.js";
import type { Since, StateEntry, SubReply } from "../wire/index.js";
import type { StateHub } from "./state-hub.js";
import type { Subscriber, Subscription } from "./subscription.js";

/** See the head of this file. */
export class StateSubscription implements Subscription {
  readonly #hub: StateHub;
  readonly #subscriber: Subscriber;
  readonly #left: () => void;
  readonly #intervalMs: number;
  #phase: "starting" | "snapshot" | "live" | "stopped" = "starting";
  /** What was sent last: the hub's count of changes, and the position. */
  #sequence = 0;
  #position = "";
  #cursor: string | undefined;
  #isReading = false;
  #nextAtMs = Number.NEGATIVE_INFINITY;
  #timer: EngineTimer | undefined;

  /** @param rate deltas a second at most; undefined: as many as the channel has */
  constructor(hub: StateHub, subscriber: Subscriber, rate: number | undefined, left: () => void) {
    this.#hub = hub;
    this.#subscriber = subscriber;
    this.#left = left;
    this.#intervalMs = Math.max(hub.intervalMs, rate === undefined ? 0 : 1000 / rate);
  }

  /** Answers, and sends what has changed since, or the first page of a snapshot. */
  async start(since: Since | undefined, reply: (reply: SubReply) => boolean): Promise<void> {
    const hub = this.#hub;
    // Before the engine is asked: what it tells is at least as new, and deltas from here on bring what is newer.
    this.#begin();
    const { epoch, position } = hub;
    const delta =
      since === undefined ? undefined : await hub.context.engine.states.changesSince(hub.name, since[0], since[1]);
    if (this.#phase === "stopped") return;
    const answer = {
      n: hub.n,
      kind: hub.kind,
      epoch,
      position: since !== undefined && delta !== undefined ? since[1] : position,
    };
    if (!reply(since === undefined ? answer : { ...answer, recovered: true })) return;
    if (since === undefined || delta === undefined) {
      await this.#snapshot();
      return;
    }
    this.#sendDelta(delta, since[1]);
    this.#phase = "live";
    this.pump();
  }

  #begin(): void {
    this.#sequence = this.#hub.sequence;
    this.#position = this.#hub.position;
    this.#cursor = undefined;
  }

  #sendDelta(delta: StateDelta, previous: string): void {
    if (delta.entries.length === 0 && delta.deleted.length === 0 && previous === this.#position) return;
    const entries = delta.entries.map(({ key, value, revision }): StateEntry => [key, value, revision]);
    this.#subscriber.out.sendOwn([["d", this.#hub.n, this.#position, previous, entries, delta.deleted]]);
  }

  /** Sends a snapshot from its beginning. */
  async #snapshot(): Promise<void> {
    this.#phase = "snapshot";
    this.#begin();
    await this.#sendPages();
  }

  async #sendPages(): Promise<void> {
    const { n, name, context } = this.#hub;
    this.#isReading = true;
    try {
      while (this.#phase === "snapshot" && this.#subscriber.out.hasRoom) {
        const options = { cursor: this.#cursor, limit: context.limits.pageMessages };
        const page = await context.engine.states.snapshot(name, options);
        // Another look at what another `await` may have changed.
        if ((this.#phase as string) === "stopped") return;
        const entries = page.entries.map(({ key, value, revision }): StateEntry => [key, value, revision]);
        this.#cursor = page.cursor;
        this.#subscriber.out.sendOwn([["snap", n, this.#position, entries, page.cursor === undefined]]);
        if (page.cursor === undefined) this.#phase = "live";
      }
    } finally {
      this.#isReading = false;
    }
    if (this.#phase === "live") this.pump();
  }

  pump(): void {
    if (!this.#subscriber.out.hasRoom || this.#isReading) return;
    if (this.#phase === "snapshot") this.#goOn(this.#sendPages());
    else if (this.#phase === "live" && this.#sequence < this.#hub.sequence) this.#sendLive();
  }

  #sendLive(): void {
    const hub = this.#hub;
    const nowMs = hub.context.platform.now();
    if (nowMs < this.#nextAtMs) {
      this.#timer ??= hub.context.platform.setTimer(() => {
        this.#timer = undefined;
        this.pump();
      }, this.#nextAtMs - nowMs);
      return;
    }
    if (this.#sequence < hub.knownFrom) {
      this.#goOn(this.#snapshot());
      return;
    }
    const { newest } = hub;
    if (newest?.from === this.#sequence && newest.to === hub.sequence) this.#subscriber.out.sendShared(newest.shared);
    else this.#subscriber.out.sendOwn([hub.deltaSince(this.#sequence, this.#position)]);
    this.#sequence = hub.sequence;
    this.#position = hub.position;
    this.#nextAtMs = nowMs + this.#intervalMs;
  }

  #goOn(going: Promise<void>): void {
    going.catch((error: unknown) => this.#subscriber.failed(this, error));
  }

  more(): void {
    // Pages of a snapshot follow each other as there is room.
  }

  stop(): void {
    this.#phase = "stopped";
    this.#timer?.cancel();
    this.#left();
  }
}
