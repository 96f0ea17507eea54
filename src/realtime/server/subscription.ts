/**
 * What channels of all kinds have in common, as sessions see them.
 */
import type { AnyChannel } from "../contract/index.js";
import type { Engine } from "../engines/index.js";
import type { ChannelKind, Codec, ServerFrame, SubOptions, SubReply } from "../wire/index.js";
import type { Prepared, RealtimePlatform } from "./connection.js";
import type { Interest, Viewer } from "./interest.js";
import type { ResolvedLimits } from "./limits.js";
import type { SharedFrames } from "./ring.js";

/** A message as each codec has it. */
export interface Message {
  messageFor(codec: Codec, platform: RealtimePlatform): string | Uint8Array | Prepared;
}

/** The way out of whoever subscribes. */
export interface Outlet {
  /** Whether channels may send now; when not, `Subscription.pump` is called when they may again. */
  readonly hasRoom: boolean;
  /** Sends at the end of the turn, and counts against what may wait. */
  send(frame: ServerFrame): void;
  sendShared(shared: SharedFrames): void;
  sendOwn(frames: readonly ServerFrame[]): void;
  sendMessage(message: Message): void;
}

/** Whoever subscribes. */
export interface Subscriber {
  readonly out: Outlet;
  /** Who it is, at this moment. */
  readonly viewer: Viewer;
  /** An error that belongs to nobody's request ends the subscription. */
  failed(subscription: Subscription, error: unknown): void;
}

/** One subscriber's part in a channel. */
export interface Subscription {
  /** Sends what is there, as far as there is room. */
  pump(): void;
  /** The client asks for the next page. */
  more(): void;
  /** What its user may see may be something else now. Absent where that makes no difference. */
  lookAgain?(): void;
  /** Nothing is sent any more. */
  stop(): void;
}

/** What a hub is made of. */
export interface HubContext {
  readonly engine: Engine;
  readonly platform: RealtimePlatform;
  readonly limits: ResolvedLimits;
  /** By pattern. */
  readonly interests: ReadonlyMap<string, Interest>;
  readonly report: (error: unknown, during: string) => void;
}

/** A channel that somebody subscribes to. */
export interface Hub {
  readonly name: string;
  readonly n: number;
  readonly kind: ChannelKind;
  /** Subscribers. */
  readonly size: number;
  /**
   * Begins a subscription.
   *
   * @param reply called with the answer before anything is sent. Returns false when it is not wanted any more
   */
  subscribe(
    subscriber: Subscriber,
    options: SubOptions,
    reply: (reply: SubReply, subscription: Subscription) => boolean,
  ): Promise<void>;
  /** Takes nothing more from the engine. */
  stop(): void;
}

/** What is told of a channel when its hub is made. */
export interface HubIdentity<Channel extends AnyChannel = AnyChannel> {
  readonly name: string;
  readonly n: number;
  readonly channel: Channel;
  /** Of its pattern. */
  readonly params: Readonly<Record<string, string>>;
}
