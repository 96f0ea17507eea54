// What the front page and the server say to each other.
import { call, contract, log, unchecked } from "openline/realtime/contract";

/** Where the page's client connects to; its fallback over HTTP is under it, too. */
export const SOCKET_PATH = "/figures";
/** From one row of figures to the next. */
export const FIGURES_INTERVAL_MS = 500;
/** What the charts show, and what whoever comes gets at once. */
export const SHOWN_MS = 60_000;
/** Rows of figures in that time. */
export const SHOWN_COUNT: number = SHOWN_MS / FIGURES_INTERVAL_MS;

/** Figures of the server, of the time since the row before. Rates are per second. */
export interface Figures {
  /** When they were taken, by the server's clock: Unix time in milliseconds. */
  readonly timeMs: number;
  /** Open WebSockets. */
  readonly connections: number;
  readonly messagesIn: number;
  readonly messagesOut: number;
  /** Octets over the wire. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Octets that the messages sent held, without compression. */
  readonly contentOut: number;
  /** By how much the event loop was late at most, in milliseconds. */
  readonly delayMs: number;
}

/** The contract. A log, so that whoever comes, or comes back, has the last minute without a hole. */
export const api = contract({
  channels: {
    figures: log({
      message: unchecked<Figures>(),
      retain: { count: SHOWN_COUNT, ageMs: SHOWN_MS },
      tell: { user: false, key: false },
    }),
  },
  calls: {
    /** There and back: how long that takes is measured by who calls. */
    echo: call({ output: unchecked<null>() }),
  },
});
