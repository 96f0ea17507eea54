/**
 * Media that somebody subscribes to. A subscriber that is slow goes on with the newest key frame.
 */
import type { MediaChannel } from "../contract/index.js";
import { type EngineSubscription, type MediaFrame, SenderOrder } from "../engines/index.js";
import type { GroupFrame, SubOptions, SubReply } from "../wire/index.js";
import { Ring, SharedFrames } from "./ring.js";
import type { Hub, HubContext, HubIdentity, Subscriber, Subscription } from "./subscription.js";

// What lies in a connection that is gone may come so late; who publishes lower numbers after that has begun anew.
const lateMs = 60_000;

/** See the head of this file. */
export class MediaHub implements Hub {
  readonly name: string;
  readonly n: number;
  readonly kind: "media" = "media" as const;
  readonly ring: Ring<GroupFrame>;
  /** The place of the newest key frame; before the ring's start when it is no longer there. */
  keyPlace = -1;
  readonly #subscriptions = new Set<MediaSubscription>();
  /** Those to whom nothing is due before the next key frame. */
  readonly #waiting = new Set<MediaSubscription>();
  readonly #publishers: SenderOrder;
  /** Whether the group that comes is older than one of its publisher that has come: what it had sent to another node, perhaps. */
  #isLate = false;
  #tail: EngineSubscription | undefined;

  private constructor({ limits, platform }: HubContext, { name, n, channel }: HubIdentity<MediaChannel>) {
    this.name = name;
    this.n = n;
    this.#publishers = new SenderOrder({ forgetAfterMs: lateMs, now: () => platform.now() });
    // The newest group whole, and what is left of the one before.
    const maxBytes = 2 * channel.groupBytesMax;
    this.ring = new Ring({ maxBytes, maxFrames: limits.maxLagFrames, bytesOf: ([, , , , data]) => data.byteLength });
  }

  /** @throws EngineError when the engine cannot follow */
  static async open(context: HubContext, identity: HubIdentity<MediaChannel>): Promise<MediaHub> {
    const hub = new MediaHub(context, identity);
    const early: MediaFrame[] = [];
    let isOpen = false;
    const { newest, stop } = await context.engine.media.tail(identity.name, (frame) => {
      if (isOpen) hub.#received(frame);
      else early.push(frame);
    });
    isOpen = true;
    hub.#tail = { stop };
    for (const frame of [...newest, ...early]) hub.#received(frame);
    return hub;
  }

  get size(): number {
    return this.#subscriptions.size;
  }

  #received({ group, index, data, timeMs, from }: MediaFrame): void {
    if (index === 0) this.#isLate = from !== undefined && !this.#publishers.isNewer(from.publisher, from.number);
    if (this.#isLate) return;
    if (index === 0) {
      this.keyPlace = this.ring.end;
      for (const subscription of this.#waiting) subscription.begin();
      this.#waiting.clear();
    }
    const frame: GroupFrame =
      timeMs === undefined ? ["g", this.n, group, index, data] : ["g", this.n, group, index, data, timeMs];
    this.ring.push(new SharedFrames([frame]));
    for (const subscription of this.#subscriptions) subscription.pump();
    this.ring.trim();
  }

  subscribe(
    subscriber: Subscriber,
    _options: SubOptions,
    reply: (reply: SubReply, subscription: Subscription) => boolean,
  ): Promise<void> {
    const subscription = new MediaSubscription(this, subscriber, () => {
      this.#subscriptions.delete(subscription);
      this.#waiting.delete(subscription);
    });
    this.#subscriptions.add(subscription);
    if (this.keyPlace >= this.ring.start) subscription.begin();
    else this.#waiting.add(subscription);
    if (reply({ n: this.n, kind: this.kind }, subscription)) subscription.pump();
    return Promise.resolve();
  }

  stop(): void {
    this.#tail?.stop();
  }
}

class MediaSubscription implements Subscription {
  readonly #hub: MediaHub;
  readonly #subscriber: Subscriber;
  readonly #left: () => void;
  #place = 0;
  /** Frames that went by when it was at `#place`, and so were sent or have to be counted; undefined: none is due yet. */
  #seen: number | undefined;
  /** Whether only a key frame can go on. */
  #needsKey = true;

  constructor(hub: MediaHub, subscriber: Subscriber, left: () => void) {
    this.#hub = hub;
    this.#subscriber = subscriber;
    this.#left = left;
  }

  /** Everything from the newest key frame on is due. */
  begin(): void {
    const { ring, keyPlace } = this.#hub;
    this.#place = keyPlace;
    this.#seen = ring.at(keyPlace)?.framesBefore ?? ring.frames;
  }

  pump(): void {
    const { ring, keyPlace, n } = this.#hub;
    const { out } = this.#subscriber;
    if (this.#seen === undefined || !out.hasRoom) return;
    // What lies before a key frame that is there already comes too late.
    if (this.#place < keyPlace && this.#place < ring.end - 1) this.#skipTo(keyPlace);
    if (this.#place < ring.start) this.#skipTo(ring.end);
    while (this.#place < ring.end && out.hasRoom) {
      const item = ring.at(this.#place++);
      const index = item?.shared.frames[0]?.[3];
      if (item === undefined || index === undefined) return;
      if (this.#needsKey && index !== 0) continue;
      const lost = item.framesBefore - this.#seen;
      if (lost > 0) out.sendOwn([["lost", n, lost]]);
      out.sendShared(item.shared);
      this.#needsKey = false;
      this.#seen = item.framesBefore + 1;
    }
  }

  #skipTo(place: number): void {
    this.#place = place;
    this.#needsKey = true;
  }

  more(): void {
    // There are no pages.
  }

  stop(): void {
    this.#left();
  }
}
