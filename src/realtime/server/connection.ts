/**
 * What the real-time layer needs of the outside: connections that carry messages, time, chance, and the end of a turn.
 * It knows nothing of how a message is framed or what carries it.
 */
import type { EngineHost } from "../engines/index.js";

/** A message that was made ready once, to be sent on many connections. Made and understood by the platform. */
export interface Prepared {
  /** Octets of the message. */
  readonly byteLength: number;
}

/**
 * What became of a message. "sent": it leaves at the end of this turn. "buffered": it will leave, but the peer is slow;
 * `Session.drained` has to be called when there is room again. "refused": it will not be sent.
 */
export type SendStatus = "sent" | "buffered" | "refused";

/** A connection, with the codec's subprotocol agreed on. */
export interface RealtimeConnection {
  /** Sends a message: text where it is a string. */
  send(data: string | Uint8Array | Prepared): SendStatus;
  /** Octets that have not left yet. */
  readonly bufferedBytes: number;
  /** Octets by which each message is longer than it seems to be. Default 0. */
  readonly overheadBytes?: number;
  /** Begins to end it, once what was sent has left. */
  close(code: number, reason: string): void;
  /** The request that it came with, for `authenticate`; undefined where there was none. */
  readonly request: Request | undefined;
  /** The peer's network address, where there is one. */
  readonly remoteAddress: string | undefined;
}

/** See the head of this file. */
export interface RealtimePlatform extends EngineHost {
  /** Makes a message ready for many connections. */
  prepare(data: string | Uint8Array): Prepared;
  /** Calls `callback` once, when the handlers that are running and what follows from them are done. */
  atTurnEnd(callback: () => void): void;
}
