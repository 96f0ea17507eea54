/**
 * The socket that reconnects, as its users see it: many connections, one after the other, seen as one.
 */
import type { CloseReport } from "../protocol/index.js";
import type { Message, PreparedMessage, SendData, SendOptions, SendResult, Socket } from "../socket/index.js";

/** What a connection has to be able to do to be one of many. Every `Socket` is. */
export type ReconnectableSocket = Pick<Socket, "bufferedBytes" | "close" | "closed" | "ready" | "send" | "terminate"> &
  AsyncIterable<Message>;

/** Why there is no connection: an attempt that has failed, or a connection that has ended. */
export type Loss =
  | {
      readonly kind: "attempt-failed";
      /** What `connect` rejected with, or what one of your functions (`url`, `headers`, `protocols`) threw. */
      readonly error: unknown;
    }
  | {
      readonly kind: "connection-lost";
      /** How it ended. */
      readonly report: CloseReport;
    };

/** Why it is over for good. */
export interface EndReport {
  /**
   * "closed": `close` was called. "aborted": by the option `signal`. "not-retried": what happened last would happen again,
   * or the option `retry` says so. "too-many-attempts": `maxAttempts` of them have failed.
   */
  readonly why: "closed" | "aborted" | "not-retried" | "too-many-attempts";
  /** What happened last: the end of the last connection where it was open, the failure of the last attempt. */
  readonly loss: Loss | undefined;
}

/** Where a reconnecting socket is in its life; `stateTransitions` has what follows what. */
export type ReconnectingState =
  | {
      readonly name: "connecting";
      /** Which attempt this is, from 1, since a connection was stable. */
      readonly attempt: number;
    }
  | { readonly name: "open" }
  | {
      readonly name: "waiting";
      /** Which attempt follows, from 1. */
      readonly attempt: number;
      /** Milliseconds until then, unless somebody wakes it. */
      readonly delayMs: number;
      /** Why there is no connection. */
      readonly loss: Loss;
    }
  | {
      readonly name: "closed";
      readonly report: EndReport;
    };

/** What became of a message. As `SendResult`; "outbox-full" is refused while there is no connection. */
export type ReconnectingSendResult =
  | SendResult
  | { readonly ok: false; readonly status: "refused"; readonly reason: "outbox-full" };

/** Why a message that had waited in the outbox was never sent. */
export type DropReason =
  /** Newer ones took its place (`whenFull: "drop-oldest"`). */
  | "outbox-full"
  /** It had waited longer than `maxAgeMs`. */
  | "too-old"
  /** The socket was closed for good. */
  | "closed";

/**
 * A client that stays connected: it is there at once, before the first connection is open, and comes back by itself when
 * a connection is lost, until `close`.
 *
 * Messages have one consumer, the `message` handler or else the iterator, over all connections and in order.
 */
export interface ReconnectingSocket<Inner = Socket> extends AsyncIterable<Message>, AsyncDisposable {
  /** Where it is in its life. */
  readonly state: ReconnectingState;
  /** The connection that is open now; undefined while there is none. What it has and this has not, is there. */
  readonly current: Inner | undefined;
  /** Octets of output that wait: in the outbox, where a character counts as one, and in the connection. */
  readonly bufferedBytes: number;
  /** Resolves when it is over for good, to why. Never rejects. */
  readonly closed: Promise<EndReport>;
  /**
   * Sends a message, or keeps it until there is a connection; then what waits is sent first, in order. "sent" and
   * "buffered" do not say that it has arrived: what a connection had taken when it broke is not sent again (at most
   * once). Octets that wait are a copy.
   *
   * @param data as for `Socket.send`
   * @returns what became of it: "buffered" where it waits, "refused" with "outbox-full" where there is no room to
   * @throws UsageError `invalid-argument` for anything else than a string or octets
   */
  send(data: SendData | PreparedMessage, options?: SendOptions): ReconnectingSendResult;
  /**
   * Waits until there is a connection, nothing waits in the outbox, and the connection has room.
   *
   * @throws ReconnectEndedError when it is over for good before that
   */
  ready(): Promise<void>;
  /**
   * The states, the present one first. Conflated: whoever is slow gets the latest one and not those between. Ends after
   * "closed". Any number of loops may run.
   */
  states(): AsyncIterableIterator<ReconnectingState>;
  /** Ends a wait: the next attempt begins now. Does nothing in any other state. */
  reconnectNow(): void;
  /**
   * Ends it for good, whatever it is doing: closes the connection that is open, gives up the attempt that is under way,
   * waits no more. What waits in the outbox is dropped.
   *
   * @param code as for `Socket.close`. Default 1000
   * @param reason as for `Socket.close`. Default none
   * @returns `closed`
   * @throws UsageError where a connection is open that cannot be closed so; it stays open
   */
  close(code?: number, reason?: string): Promise<EndReport>;
}

/** What to do when something happens. Errors of handlers go to `error`; see each for what else they do. */
export interface ReconnectingHandlers<Inner = Socket> {
  /**
   * A connection is open. What it sends by `connection` goes before everything else. The outbox is sent when it has
   * returned, or when what it returns has settled; messages wait until then, too. Its error closes this connection with
   * 1011.
   */
  open?(socket: ReconnectingSocket<Inner>, connection: Inner): unknown;
  /**
   * A message has arrived. The next one waits until a returned promise has settled, also where it comes by the next
   * connection. Its error closes this connection with 1011.
   */
  message?(socket: ReconnectingSocket<Inner>, message: Message): unknown;
  /** There is room again, after `send` had answered "buffered". */
  drain?(socket: ReconnectingSocket<Inner>): unknown;
  /** The state has changed. */
  state?(socket: ReconnectingSocket<Inner>, state: ReconnectingState): unknown;
  /** A message that had waited in the outbox will never be sent. */
  dropped?(socket: ReconnectingSocket<Inner>, data: SendData | PreparedMessage, reason: DropReason): unknown;
  /** It is over for good, and the `message` handler has had all messages. */
  close?(socket: ReconnectingSocket<Inner>, report: EndReport): unknown;
  /** An error that a handler threw, or one of `retry`. By default it is printed. */
  error?(error: unknown, socket: ReconnectingSocket<Inner>): void;
}
