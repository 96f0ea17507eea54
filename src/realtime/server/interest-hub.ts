/**
 * A state of which each subscriber gets what it sees: knows all entries by their areas, and tells subscribers when there
 * may be something new for them. What has changed in an area is encoded once for all who see it.
 */
import type { StateChannel } from "../contract/index.js";
import { EngineError, type StateChange, type StateWatch } from "../engines/index.js";
import type { SubOptions, SubReply } from "../wire/index.js";
import { AreaIndex } from "./area-index.js";
import { ChannelInterest, type Interest, type View } from "./interest.js";
import { InterestSubscription } from "./interest-subscription.js";
import type { Hub, HubContext, HubIdentity, Subscriber, Subscription } from "./subscription.js";
import { DeltaHead, type ViewDelta } from "./view-delta.js";

/** What has changed between two moments at which all subscribers were told. */
export interface Step {
  readonly from: number;
  readonly to: number;
  /** When they were told the last time. */
  readonly atMs: number;
  /** Keys that have come, gone, or are in another area. */
  readonly moved: ReadonlySet<string>;
  /** What those get who see the same, by what they see. */
  readonly deltas: Map<View, ViewDelta>;
}

const pageKeys = 500;

/** See the head of this file. */
export class InterestHub implements Hub {
  readonly name: string;
  readonly n: number;
  readonly kind: "state" = "state" as const;
  readonly context: HubContext;
  readonly interest: ChannelInterest;
  readonly index: AreaIndex = new AreaIndex();
  /** Milliseconds between two deltas at least. */
  readonly intervalMs: number;
  /** Not the engine's: these positions are ours, and mean nothing to it. */
  epoch = "";
  /** Counts changes, and other reasons to look again. */
  sequence = 0;
  step: Step = { from: 0, to: 0, atMs: Number.NEGATIVE_INFINITY, moved: new Set(), deltas: new Map() };
  readonly #subscriptions = new Set<InterestSubscription>();
  #watch: StateWatch | undefined;
  #head: DeltaHead | undefined;
  #isFlushing = false;
  #isStopped = false;
  #failure: EngineError | undefined;

  private constructor(
    context: HubContext,
    { name, n, channel, params }: HubIdentity<StateChannel>,
    interest: Interest,
  ) {
    this.context = context;
    this.name = name;
    this.n = n;
    this.interest = new ChannelInterest(interest, params, (error) => context.report(error, "asking for an area"));
    this.intervalMs = channel.maxUpdatesPerSecond === undefined ? 0 : 1000 / channel.maxUpdatesPerSecond;
  }

  /** @throws EngineError when the engine cannot follow the state, or read it */
  static async open(
    context: HubContext,
    identity: HubIdentity<StateChannel>,
    interest: Interest,
  ): Promise<InterestHub> {
    const hub = new InterestHub(context, identity, interest);
    try {
      await hub.#load();
    } catch (error) {
      hub.stop();
      throw error;
    }
    return hub;
  }

  /** Follows the state, and reads all of it. */
  async #load(): Promise<void> {
    const { states } = this.context.engine;
    /** What has come while it was read; undefined where that is done. */
    let early: StateChange[] | undefined = [];
    this.#watch = await states.watch(this.name, {
      changed: (change) => (early === undefined ? this.#changed(change) : early.push(change)),
      reset: () => this.#reset(),
    });
    let cursor: string | undefined;
    do {
      const page = await states.snapshot(this.name, { cursor, limit: pageKeys });
      for (const { key, value, revision } of page.entries) this.#put(key, value, revision);
      cursor = page.cursor;
    } while (cursor !== undefined);
    if (this.#failure !== undefined) throw this.#failure;
    // A revision of the engine's means the same as long as its epoch lasts, which clients may rely on.
    this.epoch = `view ${this.#watch.epoch}`;
    // What was read may be newer than the first of these, and is as new as the last of them.
    for (const change of early) this.#changed(change);
    early = undefined;
    this.index.takeMoved();
    this.step = { ...this.step, from: this.sequence, to: this.sequence };
  }

  get size(): number {
    return this.#subscriptions.size;
  }

  /** The position that stands for all changes so far. */
  get position(): string {
    return this.sequence.toString(36);
  }

  #changed({ key, entry }: StateChange): void {
    if (this.#isStopped) return;
    if (entry === undefined) {
      this.sequence++;
      this.index.delete(key);
    } else this.#put(key, entry.value, entry.revision);
    this.#flushLater();
  }

  #put(key: string, value: unknown, revision: string): void {
    const area = this.interest.areaOf(key, value);
    this.index.put({ key, value, revision, sequence: ++this.sequence, area });
  }

  /** How deltas begin that lead from a position to the newest. */
  headFrom(previous: string): DeltaHead {
    const { position } = this;
    // Most have the same position.
    if (this.#head?.frame[3] !== previous || this.#head.frame[2] !== position) {
      this.#head = new DeltaHead(this.n, position, previous);
    }
    return this.#head;
  }

  /** Asks everybody again what they see. */
  lookAgain(): void {
    this.sequence++;
    this.#flushLater();
  }

  #flushLater(): void {
    if (this.#isFlushing || this.#isStopped) return;
    this.#isFlushing = true;
    const { platform } = this.context;
    const waitMs = this.step.atMs + this.intervalMs - platform.now();
    if (waitMs <= 0) platform.atTurnEnd(() => this.#flush());
    else platform.setTimer(() => this.#flush(), waitMs);
  }

  #flush(): void {
    this.#isFlushing = false;
    const { sequence: to } = this;
    const from = this.step.to;
    if (this.#isStopped || from === to) return;
    const atMs = this.context.platform.now();
    this.step = { from, to, atMs, moved: this.index.takeMoved(), deltas: new Map() };
    for (const subscription of this.#subscriptions) subscription.pump();
  }

  /** All that is known may be wrong. Whoever subscribes comes back, and it is read again for them. */
  #reset(): void {
    this.#failure ??= new EngineError("unavailable", "the state has to be read again");
    for (const subscription of [...this.#subscriptions]) subscription.fail(this.#failure);
  }

  subscribe(
    subscriber: Subscriber,
    options: SubOptions,
    reply: (reply: SubReply, subscription: Subscription) => boolean,
  ): Promise<void> {
    return new Promise((resolve) => {
      if (this.#failure !== undefined) throw this.#failure;
      const subscription = new InterestSubscription(this, subscriber, options.rate, () =>
        this.#subscriptions.delete(subscription),
      );
      this.#subscriptions.add(subscription);
      try {
        subscription.start(options.since !== undefined, (answer) => reply(answer, subscription));
      } catch (error) {
        subscription.stop();
        throw error;
      }
      resolve();
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#watch?.stop();
  }
}
