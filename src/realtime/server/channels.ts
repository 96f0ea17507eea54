/**
 * The channels that somebody subscribes to. Each is opened with its first subscriber, closed with its last, and has a
 * number of its own, which is never used again.
 */
import type { AnyChannel } from "../contract/index.js";
import { LogHub } from "./log-hub.js";
import { MediaHub } from "./media-hub.js";
import { SignalHub } from "./signal-hub.js";
import { StateHub } from "./state-hub.js";
import type { Hub, HubContext, HubIdentity } from "./subscription.js";

interface Opened {
  readonly hub: Promise<Hub>;
  /** Those who use it. */
  users: number;
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
   * @returns it, and what ends the use
   * @throws EngineError when the engine cannot follow it
   */
  async use(name: string, channel: AnyChannel): Promise<{ hub: Hub; release: () => void }> {
    const opened = this.#opened.get(name) ?? this.#open(name, channel);
    opened.users++;
    let isUsed = true;
    const release = (): void => {
      if (!isUsed) return;
      isUsed = false;
      opened.users--;
      if (opened.users === 0) this.#close(name, opened);
    };
    try {
      return { hub: await opened.hub, release };
    } catch (error) {
      release();
      throw error;
    }
  }

  #open(name: string, channel: AnyChannel): Opened {
    const opened = { hub: openHub(this.#context, name, ++this.#lastNumber, channel), users: 0 };
    this.#opened.set(name, opened);
    return opened;
  }

  #close(name: string, opened: Opened): void {
    this.#opened.delete(name);
    opened.hub.then(
      (hub) => hub.stop(),
      // Whoever wanted it has been told.
      () => undefined,
    );
  }
}

function openHub(context: HubContext, name: string, n: number, channel: AnyChannel): Promise<Hub> {
  const identity = <Kind extends AnyChannel>(kind: Kind): HubIdentity<Kind> => ({ name, n, channel: kind });
  switch (channel.kind) {
    case "log":
      return LogHub.open(context, identity(channel));
    case "state":
      return StateHub.open(context, identity(channel));
    case "signal":
      return SignalHub.open(context, identity(channel));
    case "media":
      return MediaHub.open(context, identity(channel));
  }
}
