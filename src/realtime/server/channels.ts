/**
 * The channels that somebody subscribes to. Each is opened with its first subscriber, closed with its last, and has a
 * number of its own, which is never used again.
 */
import type { AnyChannel } from "../contract/index.js";
import { RealtimeError } from "../wire/index.js";
import { InterestHub } from "./interest-hub.js";
import { LogHub } from "./log-hub.js";
import { MediaHub } from "./media-hub.js";
import type { AllowedChannel } from "./services.js";
import { SignalHub } from "./signal-hub.js";
import { StateHub } from "./state-hub.js";
import type { Hub, HubContext, HubIdentity } from "./subscription.js";

interface Opened {
  readonly channel: AllowedChannel;
  readonly hub: Promise<Hub>;
  /** Those who use it. */
  users: number;
}

/** One use of a channel, which is open as long as there is any. There is one for each subscription. */
export class ChannelUse {
  readonly hub: Hub;
  readonly #channels: Channels;
  readonly #opened: Opened;
  #isUsed = true;

  constructor(channels: Channels, opened: Opened, hub: Hub) {
    this.#channels = channels;
    this.#opened = opened;
    this.hub = hub;
  }

  /** The channel as its first user found it: what a name stands for is the same for all. */
  get channel(): AllowedChannel {
    return this.#opened.channel;
  }

  /** Ends it. */
  release(): void {
    if (!this.#isUsed) return;
    this.#isUsed = false;
    this.#channels.released(this.#opened);
  }
}

/** See the head of this file. */
export class Channels {
  readonly #context: HubContext;
  readonly #opened = new Map<string, Opened>();
  #lastNumber = 0;

  constructor(context: HubContext) {
    this.#context = context;
  }

  /** Channels that are open. */
  get size(): number {
    return this.#opened.size;
  }

  /**
   * Uses a channel, which is opened where it is not.
   *
   * @throws EngineError when the engine cannot follow it
   */
  async use(channel: AllowedChannel): Promise<ChannelUse> {
    const opened = this.#opened.get(channel.name) ?? this.#open(channel);
    opened.users++;
    try {
      return new ChannelUse(this, opened, await opened.hub);
    } catch (error) {
      this.released(opened);
      throw error;
    }
  }

  /** Somebody uses a channel no more. */
  released(opened: Opened): void {
    opened.users--;
    if (opened.users === 0) this.#close(opened);
  }

  /**
   * Asks those who subscribe to a channel again what they see.
   *
   * @throws RealtimeError `wrong-kind` where all see all
   */
  lookAgain(name: string, pattern: string): void {
    if (!this.#context.interests.has(pattern)) {
      throw new RealtimeError("wrong-kind", `no interest is declared for ${JSON.stringify(name)}`);
    }
    this.#opened.get(name)?.hub.then(
      (hub) => {
        if (hub instanceof InterestHub) hub.lookAgain();
      },
      // Whoever wanted it has been told.
      () => undefined,
    );
  }

  #open(channel: AllowedChannel): Opened {
    const opened = { channel, hub: openHub(this.#context, channel, ++this.#lastNumber), users: 0 };
    this.#opened.set(channel.name, opened);
    return opened;
  }

  #close(opened: Opened): void {
    this.#opened.delete(opened.channel.name);
    opened.hub.then(
      (hub) => hub.stop(),
      // Whoever wanted it has been told.
      () => undefined,
    );
  }
}

function openHub(context: HubContext, { name, match }: AllowedChannel, n: number): Promise<Hub> {
  const { value: channel, params, pattern } = match;
  const identity = <Kind extends AnyChannel>(kind: Kind): HubIdentity<Kind> => ({ name, n, channel: kind, params });
  const interest = context.interests.get(pattern);
  switch (channel.kind) {
    case "log":
      return LogHub.open(context, identity(channel));
    case "state":
      if (interest !== undefined) return InterestHub.open(context, identity(channel), interest);
      return StateHub.open(context, identity(channel));
    case "signal":
      return SignalHub.open(context, identity(channel));
    case "media":
      return MediaHub.open(context, identity(channel));
  }
}
