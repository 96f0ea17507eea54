/**
 * A log that somebody subscribes to: follows the engine's, and encodes what comes once for all subscribers.
 */
import type { LogChannel, Told } from "../contract/index.js";
import type { EntryMeta, LogBounds, LogEntry, LogTail } from "../engines/index.js";
import type { MessageFrame, MessageMeta, SubOptions, SubReply } from "../wire/index.js";
import { LogSubscription } from "./log-subscription.js";
import { Ring, SharedFrames } from "./ring.js";
import type { Hub, HubContext, HubIdentity, Subscriber, Subscription } from "./subscription.js";

/** What of a message's meta the contract says is told. */
export function toldMeta(meta: EntryMeta, tell: Told): MessageMeta | undefined {
  const user = tell.user === false ? undefined : meta.user;
  const timeMs = tell.time === false ? undefined : meta.timeMs;
  const key = tell.key === false ? undefined : meta.key;
  if (user === undefined && key === undefined) return timeMs === undefined ? undefined : { timeMs };
  return {
    ...(user !== undefined && { user }),
    ...(timeMs !== undefined && { timeMs }),
    ...(key !== undefined && { key }),
  };
}

/** See the head of this file. */
export class LogHub implements Hub {
  readonly name: string;
  readonly n: number;
  readonly kind: "log" = "log" as const;
  readonly context: HubContext;
  readonly ring: Ring<MessageFrame>;
  /** The position of the newest message in the ring. */
  position = "";
  epoch = "";
  readonly #tell: Told;
  readonly #subscriptions = new Set<LogSubscription>();
  #tail: LogTail | undefined;
  #pending: LogEntry[] = [];
  #isStopped = false;

  private constructor(context: HubContext, { name, n, channel }: HubIdentity<LogChannel>) {
    this.context = context;
    this.name = name;
    this.n = n;
    this.#tell = channel.tell;
    this.ring = new Ring({ maxBytes: context.limits.maxLagBytes, maxFrames: Number.POSITIVE_INFINITY });
  }

  /** @throws EngineError when the engine cannot follow the log */
  static async open(context: HubContext, identity: HubIdentity<LogChannel>): Promise<LogHub> {
    const hub = new LogHub(context, identity);
    const tail = await context.engine.logs.tail(identity.name, {
      message: (entry) => hub.#received(entry),
      reset: (_reason, bounds) => hub.#reset(bounds),
    });
    hub.#tail = tail;
    // What has come already follows that position.
    hub.position = tail.position;
    hub.epoch = tail.epoch;
    hub.flush();
    return hub;
  }

  get size(): number {
    return this.#subscriptions.size;
  }

  /** A message as subscribers get it. */
  frameOf({ position, previous, value, meta }: LogEntry): MessageFrame {
    const told = toldMeta(meta, this.#tell);
    return told === undefined
      ? ["m", this.n, position, previous, value]
      : ["m", this.n, position, previous, value, told];
  }

  #received(entry: LogEntry): void {
    if (this.#isStopped) return;
    this.#pending.push(entry);
    if (this.#pending.length === 1) this.context.platform.atTurnEnd(() => this.flush());
  }

  /** Puts what has come into the ring, and sends it. */
  flush(): void {
    const newest = this.#pending.at(-1);
    if (newest === undefined || this.#tail === undefined) return;
    const frames = this.#pending.map((entry) => this.frameOf(entry));
    this.#pending = [];
    this.ring.push(new SharedFrames(frames));
    this.position = newest.position;
    for (const subscription of this.#subscriptions) subscription.pump();
    this.ring.trim();
  }

  /** The chain is broken: each subscriber has to look for where it goes on. */
  #reset(bounds: LogBounds): void {
    this.flush();
    this.ring.clear();
    this.epoch = bounds.epoch;
    this.position = bounds.end;
    for (const subscription of this.#subscriptions) subscription.broken();
  }

  async subscribe(
    subscriber: Subscriber,
    options: SubOptions,
    reply: (reply: SubReply, subscription: Subscription) => boolean,
  ): Promise<void> {
    const subscription = new LogSubscription(this, subscriber);
    this.#subscriptions.add(subscription);
    try {
      await subscription.start(options, (answer) => reply(answer, subscription));
    } catch (error) {
      subscription.stop();
      throw error;
    }
  }

  /** A subscription is over. */
  left(subscription: LogSubscription): void {
    this.#subscriptions.delete(subscription);
  }

  stop(): void {
    this.#isStopped = true;
    this.#tail?.stop();
  }
}
