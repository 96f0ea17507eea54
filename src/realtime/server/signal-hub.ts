/**
 * A signal that somebody subscribes to. A subscriber that is slow gets the newest ones, and how many it missed.
 */
import type { SignalChannel } from "../contract/index.js";
import type { EngineSubscription, Signal } from "../engines/index.js";
import type { SignalFrame, SubOptions, SubReply } from "../wire/index.js";
import { Ring, SharedFrames } from "./ring.js";
import type { Hub, HubContext, HubIdentity, Subscriber, Subscription } from "./subscription.js";

/** See the head of this file. */
export class SignalHub implements Hub {
  readonly name: string;
  readonly n: number;
  readonly kind: "signal" = "signal" as const;
  readonly ring: Ring<SignalFrame>;
  readonly #context: HubContext;
  readonly #subscriptions = new Set<SignalSubscription>();
  #listening: EngineSubscription | undefined;
  #pending: SignalFrame[] = [];

  private constructor(context: HubContext, { name, n }: HubIdentity<SignalChannel>) {
    this.#context = context;
    this.name = name;
    this.n = n;
    const { maxLagBytes: maxBytes, maxLagSignals: maxFrames } = context.limits;
    this.ring = new Ring({ maxBytes, maxFrames });
  }

  /** @throws EngineError when the engine cannot listen */
  static async open(context: HubContext, identity: HubIdentity<SignalChannel>): Promise<SignalHub> {
    const hub = new SignalHub(context, identity);
    hub.#listening = await context.engine.signals.listen(identity.name, (signal) => hub.#received(signal));
    return hub;
  }

  get size(): number {
    return this.#subscriptions.size;
  }

  #received({ value, user }: Signal): void {
    this.#pending.push(user === undefined ? ["s", this.n, value] : ["s", this.n, value, user]);
    if (this.#pending.length === 1) this.#context.platform.atTurnEnd(() => this.#flush());
  }

  #flush(): void {
    // One for each place, so that as many can be dropped as have to be.
    for (const frames of slices(this.#pending, maxFramesInOne)) this.ring.push(new SharedFrames(frames));
    this.#pending = [];
    for (const subscription of this.#subscriptions) subscription.pump();
    this.ring.trim();
  }

  subscribe(
    subscriber: Subscriber,
    _options: SubOptions,
    reply: (reply: SubReply, subscription: Subscription) => boolean,
  ): Promise<void> {
    const subscription = new SignalSubscription(this, subscriber);
    this.#subscriptions.add(subscription);
    reply({ n: this.n, kind: this.kind }, subscription);
    return Promise.resolve();
  }

  /** A subscription is over. */
  left(subscription: SignalSubscription): void {
    this.#subscriptions.delete(subscription);
  }

  stop(): void {
    this.#listening?.stop();
  }
}

// What is dropped together.
const maxFramesInOne = 16;

function slices<Item>(items: readonly Item[], length: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / length) }, (_, index) =>
    items.slice(index * length, (index + 1) * length),
  );
}

class SignalSubscription implements Subscription {
  readonly #hub: SignalHub;
  readonly #subscriber: Subscriber;
  #place: number;
  /** Signals that went by when it was at `#place`. */
  #seen: number;

  constructor(hub: SignalHub, subscriber: Subscriber) {
    this.#hub = hub;
    this.#subscriber = subscriber;
    this.#place = hub.ring.end;
    this.#seen = hub.ring.frames;
  }

  pump(): void {
    const { ring, n } = this.#hub;
    const { out } = this.#subscriber;
    while (this.#place < ring.end && out.hasRoom) {
      if (this.#place < ring.start) this.#place = ring.start;
      const item = ring.at(this.#place++);
      if (item === undefined) return;
      const lost = item.framesBefore - this.#seen;
      if (lost > 0) out.sendOwn([["lost", n, lost]]);
      out.sendShared(item.shared);
      this.#seen = item.framesBefore + item.shared.frames.length;
    }
  }

  more(): void {
    // There are no pages.
  }

  stop(): void {
    this.#hub.left(this);
  }
}
