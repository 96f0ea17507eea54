/**
 * What this build needs of a platform: a `WebSocket` (WHATWG WebSockets) and timers. Handed in, so that tests can put
 * their own in its place.
 */
import type { Clock } from "../transport/platform.js";

/** A platform's WebSocket, as far as it is used here. */
export type PlatformWebSocket = Pick<
  WebSocket,
  | "binaryType"
  | "bufferedAmount"
  | "extensions"
  | "protocol"
  | "readyState"
  | "onopen"
  | "onmessage"
  | "onerror"
  | "onclose"
  | "send"
  | "close"
>;

/** All of it together. */
export interface WebPlatform {
  /** Undefined where there is none. */
  readonly WebSocket: (new (url: string, protocols: string[]) => PlatformWebSocket) | undefined;
  readonly clock: Pick<Clock, "setTimer">;
  /** Tells a human about an error that nobody handles. */
  reportError(error: unknown, during: string): void;
}

/** What there is where this runs. Looked at when it is asked for: tests of applications replace `WebSocket`. */
export const webPlatform: WebPlatform = {
  get WebSocket() {
    return globalThis.WebSocket;
  },
  clock: {
    setTimer(callback, delayMs) {
      const timeout = setTimeout(callback, delayMs);
      return { cancel: () => clearTimeout(timeout) };
    },
  },
  reportError(error, during) {
    // eslint-disable-next-line no-console -- an error that nobody handles has no better place
    console.error(`openline: an error in ${during} was not handled`, error);
  },
};
