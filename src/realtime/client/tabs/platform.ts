/**
 * What tabs need of a browser, and what they say to each other. Everything is handed in, so that tests have tabs, too.
 */
import type { Clock } from "../../../transport/index.js";
import type { ConnectionOptions, RealtimeConnection } from "../connection.js";

/** Locks between the tabs of an origin, as `navigator.locks` has them. */
export interface Locks {
  /**
   * Holds a lock as long as what `held` returns is pending. It is asked when the lock is free, or taken from whoever has it.
   * Rejects when it was taken away, or the signal is aborted before it was held.
   */
  request(
    name: string,
    options: { readonly signal?: AbortSignal; readonly steal?: boolean },
    held: () => Promise<void>,
  ): Promise<unknown>;
}

/** A channel between the tabs of an origin, as `BroadcastChannel` is one: what is posted, all others of its name get. */
export interface Channel {
  post(message: unknown): void;
  close(): void;
}

/** See the head of this file. */
export interface TabsPlatform {
  readonly locks: Locks;
  readonly clock: Clock;
  /** A name that no other tab has. */
  randomId(): string;
  openChannel(name: string, received: (message: unknown) => void): Channel;
  /** Connects to the server. */
  connect(url: string | URL, options: ConnectionOptions): Promise<RealtimeConnection>;
}

/** What is said on the channel of all tabs. */
export type PublicMessage =
  | {
      /** A tab asks for a connection. It may ask more than once. */
      readonly type: "open";
      readonly tab: string;
      /** Its number among those of the tab. */
      readonly n: number;
      readonly url: string;
      readonly protocols: readonly string[];
    }
  | {
      /** Another tab leads from now on. */
      readonly type: "leader";
      readonly from: string;
    };

/** What both say of a connection. */
interface Both {
  readonly message: { readonly data: string | Uint8Array };
  /** So much has been taken by the other end. */
  readonly ack: { readonly length: number };
}

/** What the leader says. */
interface FromLeader extends Both {
  /** It is there, and at it. */
  readonly taken: object;
  readonly opened: { readonly protocol: string };
  /** It has ended, or has not come about. */
  readonly closed: { readonly code: number; readonly reason: string; readonly wasClean: boolean };
}

/** What a tab says. */
interface FromTab extends Both {
  readonly close: { readonly code: number; readonly reason: string };
  /** It is no good: others had better have another one. */
  readonly cut: object;
}

type Said<Kinds, Who extends object> = {
  readonly [Type in keyof Kinds]: { readonly type: Type; readonly n: number } & Who & Kinds[Type];
}[keyof Kinds];

/** What the leader says to a tab on that one's channel. */
export type LeaderMessage = Said<FromLeader, { readonly from: string }>;

/** What a tab says to the leader on its own channel. */
export type TabMessage = Said<FromTab, { readonly to: string }>;

/** The same without who says it. */
export type Unaddressed<Message> = Message extends unknown ? Omit<Message, "from" | "to"> : never;

/** The channel of one tab. */
export function channelOf(base: string, tab: string): string {
  return `${base} ${tab}`;
}
