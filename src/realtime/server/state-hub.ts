/**
 * A state that somebody subscribes to: gathers changes, and encodes one delta for all subscribers that keep up.
 */
import type { StateChannel } from "../contract/index.js";
import { Changes, type StateChange, type StateWatch } from "../engines/index.js";
import type { DeltaFrame, StateEntry, SubOptions, SubReply } from "../wire/index.js";
import { SharedFrames } from "./ring.js";
import { StateSubscription } from "./state-subscription.js";
import type { Hub, HubContext, HubIdentity, Subscriber, Subscription } from "./subscription.js";

/** A delta for all who were at `from`. */
export interface SharedDelta {
  readonly from: number;
  readonly to: number;
  readonly shared: SharedFrames;
}

/** See the head of this file. */
export class StateHub implements Hub {
  readonly name: string;
  readonly n: number;
  readonly kind: "state" = "state" as const;
  readonly context: HubContext;
  /** Milliseconds between two deltas at least. */
  readonly intervalMs: number;
  epoch = "";
  /** The position of the newest change. */
  position = "";
  /** Changes that have come. */
  sequence = 0;
  /** Changes after this one are all remembered. */
  knownFrom = 0;
  /** The last delta that was made for all. */
  newest: SharedDelta | undefined;
  readonly #changes = new Changes();
  readonly #subscriptions = new Set<StateSubscription>();
  #watch: StateWatch | undefined;
  /** Where the last delta for all ended. */
  #flushed = 0;
  #flushedPosition = "";
  #flushedAtMs = Number.NEGATIVE_INFINITY;
  #isFlushing = false;
  #isStopped = false;

  private constructor(context: HubContext, { name, n, channel }: HubIdentity<StateChannel>) {
    this.context = context;
    this.name = name;
    this.n = n;
    this.intervalMs = channel.maxUpdatesPerSecond === undefined ? 0 : 1000 / channel.maxUpdatesPerSecond;
  }

  /** @throws EngineError when the engine cannot follow the state */
  static async open(context: HubContext, identity: HubIdentity<StateChannel>): Promise<StateHub> {
    const hub = new StateHub(context, identity);
    const early: StateChange[] = [];
    hub.#watch = await context.engine.states.watch(identity.name, {
      changed: (change) => (hub.#watch === undefined ? early.push(change) : hub.#changed(change)),
      reset: (epoch, position) => hub.#reset(epoch, position),
    });
    hub.epoch = hub.#watch.epoch;
    hub.position = hub.#watch.position;
    hub.#flushedPosition = hub.position;
    for (const change of early) hub.#changed(change);
    return hub;
  }

  get size(): number {
    return this.#subscriptions.size;
  }

  #changed({ position, key, entry }: StateChange): void {
    if (this.#isStopped) return;
    this.sequence++;
    this.position = position;
    this.#changes.put({
      ...{ key, value: entry?.value, revision: position, sequence: this.sequence },
      ...{ isDeleted: entry === undefined, bytes: 0 },
    });
    while (this.#changes.size > this.context.limits.maxLagKeys) {
      const { oldest } = this.#changes;
      if (oldest === undefined) break;
      this.knownFrom = oldest.sequence;
      this.#changes.remove(oldest);
    }
    this.#flushLater();
  }

  #flushLater(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    const { platform } = this.context;
    const waitMs = this.#flushedAtMs + this.intervalMs - platform.now();
    if (waitMs <= 0) platform.atTurnEnd(() => this.#flush());
    else platform.setTimer(() => this.#flush(), waitMs);
  }

  #flush(): void {
    this.#isFlushing = false;
    if (this.#isStopped || this.sequence === this.#flushed) return;
    const { sequence: to } = this;
    const from = this.#flushed;
    const shared = from < this.knownFrom ? undefined : new SharedFrames([this.deltaSince(from, this.#flushedPosition)]);
    this.newest = shared === undefined ? undefined : { from, to, shared };
    this.#flushed = to;
    this.#flushedPosition = this.position;
    this.#flushedAtMs = this.context.platform.now();
    for (const subscription of this.#subscriptions) subscription.pump();
  }

  /** What has changed since. */
  deltaSince(sequence: number, previous: string): DeltaFrame {
    const { set, deleted } = this.#changes.since(sequence);
    const entries = set.map(({ key, value, revision }): StateEntry => [key, value, revision]);
    const delta = ["d", this.n, this.position, previous, entries] as const;
    return deleted.length === 0 ? delta : [...delta, deleted];
  }

  #reset(epoch: string, position: string): void {
    this.sequence++;
    this.epoch = epoch;
    this.position = position;
    this.knownFrom = this.sequence;
    this.newest = undefined;
    this.#flushed = this.sequence;
    this.#flushedPosition = position;
    for (const subscription of this.#subscriptions) subscription.pump();
  }

  async subscribe(
    subscriber: Subscriber,
    options: SubOptions,
    reply: (reply: SubReply, subscription: Subscription) => boolean,
  ): Promise<void> {
    const subscription = new StateSubscription(this, subscriber, options.rate, () =>
      this.#subscriptions.delete(subscription),
    );
    this.#subscriptions.add(subscription);
    try {
      await subscription.start(options.since, (answer) => reply(answer, subscription));
    } catch (error) {
      subscription.stop();
      throw error;
    }
  }

  stop(): void {
    this.#isStopped = true;
    this.#watch?.stop();
  }
}
