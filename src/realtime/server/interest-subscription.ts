/**
 * One subscriber's way to what it sees of a state: a snapshot, then deltas with what has changed there, what has come into
 * sight, and what has left it.
 *
 * It remembers the keys that the client has. So what is told as deleted is what the client had, and nothing else: a key that
 * was never in sight is not told by its disappearance either.
 */
import type { EngineTimer } from "../engines/index.js";
import type { StateEntry, SubReply } from "../wire/index.js";
import { noView, type View } from "./interest.js";
import type { InterestHub } from "./interest-hub.js";
import type { Subscriber, Subscription } from "./subscription.js";
import { type Part, ViewDelta } from "./view-delta.js";

/** See the head of this file. */
export class InterestSubscription implements Subscription {
  readonly #hub: InterestHub;
  readonly #subscriber: Subscriber;
  readonly #left: () => void;
  readonly #intervalMs: number;
  #phase: "starting" | "snapshot" | "live" | "stopped" = "starting";
  /** The hub's count at which the client has all that was in `#view`. */
  #sequence = 0;
  #view: View = noView;
  /** Whether the client has nothing but that. Not so where pages of its snapshot left out what had gone meanwhile. */
  #isExact = true;
  /** The position that the client has. */
  #position = "";
  /** The keys that the client has. */
  readonly #known = new Set<string>();
  /** Keys of the snapshot that have not been sent, the next one last. */
  #due: string[] = [];
  #nextAtMs = Number.NEGATIVE_INFINITY;
  #timer: EngineTimer | undefined;

  /** @param rate deltas a second at most; undefined: as many as the channel has */
  constructor(hub: InterestHub, subscriber: Subscriber, rate: number | undefined, left: () => void) {
    this.#hub = hub;
    this.#subscriber = subscriber;
    this.#left = left;
    this.#intervalMs = Math.max(hub.intervalMs, rate === undefined ? 0 : 1000 / rate);
  }

  /**
   * Answers, and sends the first page of a snapshot. What a client that comes back had before is not known here, since it may
   * have seen something else.
   *
   * @throws what `sees` throws
   */
  start(isRecovery: boolean, reply: (reply: SubReply) => boolean): void {
    const { n, kind, epoch, position } = this.#hub;
    const view = this.#look();
    const answer = { n, kind, epoch, position };
    if (!reply(isRecovery ? { ...answer, recovered: true } : answer)) return;
    this.#begin(view);
    if (this.#subscriber.out.hasRoom) this.#sendPages(view);
  }

  #look(): View {
    return this.#hub.interest.viewOf(this.#subscriber.viewer);
  }

  pump(): void {
    try {
      this.#send();
    } catch (error) {
      this.fail(error);
    }
  }

  #send(): void {
    if (!this.#subscriber.out.hasRoom) return;
    if (this.#phase === "snapshot") {
      const view = this.#look();
      // A key may have come into sight when its page had been sent already: all has to come again.
      if (view !== this.#view) this.#view = noView;
      if (this.#sequence < this.#hub.sequence) this.#isExact = false;
      this.#sendPages(view);
    } else if (this.#phase === "live" && this.#sequence < this.#hub.sequence) this.#sendLive();
  }

  /** Begins a snapshot. */
  #begin(view: View): void {
    this.#phase = "snapshot";
    this.#sequence = this.#hub.sequence;
    this.#position = this.#hub.position;
    this.#view = view;
    this.#isExact = true;
    this.#known.clear();
    this.#due = this.#hub.index.keysIn(view).toReversed();
  }

  /** @param view what is seen now, which may be less than when the snapshot was begun */
  #sendPages(view: View): void {
    const { n, index, context } = this.#hub;
    const { out } = this.#subscriber;
    while (this.#phase === "snapshot" && out.hasRoom) {
      const entries: StateEntry[] = [];
      while (this.#due.length > 0 && entries.length < context.limits.pageMessages) {
        const key = this.#due.pop() ?? "";
        const entry = index.seen(key, view);
        if (entry === undefined) continue;
        entries.push(entry);
        this.#known.add(key);
      }
      const isLast = this.#due.length === 0;
      if (isLast) this.#phase = "live";
      out.sendOwn([["snap", n, this.#position, entries, isLast]]);
    }
    if (this.#phase === "live") this.#send();
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
    const view = this.#look();
    // Whoever is asked may end the connection.
    if ((this.#phase as string) === "stopped") return;
    if (!this.#sendDelta(view)) return;
    // As all are told, where it wants no less: a moment later it would just miss the next time.
    const isWithAll = this.#intervalMs === hub.intervalMs && hub.sequence === hub.step.to;
    this.#nextAtMs = (isWithAll ? hub.step.atMs : nowMs) + this.#intervalMs;
  }

  /** @returns whether there was anything to send */
  #sendDelta(view: View): boolean {
    const { sequence, position, step, index, context } = this.#hub;
    const isInStep = this.#isExact && this.#sequence === step.from && sequence === step.to && view === this.#view;
    const parts = index.parts(view, this.#view, this.#sequence);
    const deleted = isInStep ? this.#movedAway(step.moved, view) : this.#outOfSight(parts, view);
    const count = parts.reduce((sum, { elements }) => sum + elements.length, deleted.length);
    if (count > context.limits.maxLagKeys) {
      this.#begin(view);
      this.#sendPages(view);
      return true;
    }
    const previous = this.#position;
    this.#sequence = sequence;
    this.#view = view;
    this.#isExact = true;
    if (count === 0) return false;
    this.#position = position;
    // Those who see the same, and have seen it before, get the same.
    let delta = isInStep ? step.deltas.get(view) : undefined;
    if (delta?.head.frame[3] !== previous) {
      delta = new ViewDelta(this.#hub.headFrom(previous), parts, deleted);
      if (isInStep) step.deltas.set(view, delta);
    }
    this.#subscriber.out.sendMessage(delta);
    return true;
  }

  /** Of keys that have come, gone or are elsewhere, remembers those that are in sight. @returns those that left it */
  #movedAway(moved: ReadonlySet<string>, view: View): readonly string[] {
    const deleted: string[] = [];
    for (const key of moved) {
      if (this.#hub.index.isSeen(key, view)) this.#known.add(key);
      else if (this.#known.delete(key)) deleted.push(key);
    }
    return deleted;
  }

  /** The same where nothing is known about what has moved. */
  #outOfSight(parts: readonly Part<StateEntry>[], view: View): readonly string[] {
    const deleted = [...this.#known].filter((key) => !this.#hub.index.isSeen(key, view));
    for (const key of deleted) this.#known.delete(key);
    for (const { elements } of parts) for (const [key] of elements) this.#known.add(key);
    return deleted;
  }

  lookAgain(): void {
    this.#hub.lookAgain();
  }

  /** It cannot go on. */
  fail(error: unknown): void {
    this.#subscriber.failed(this, error);
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
