/**
 * What a client is made of where the platform has a WebSocket.
 */
import { wakeUps } from "../../../web/wake-ups.js";
import type { ClientParts } from "../connection.js";
import { connect } from "./connect.js";

// The longest delay that timers keep; beyond it they fire at once.
const maxTimerMs = 0x7fffffff;

/** See the head of this file. */
export const webParts: ClientParts & Required<Pick<ClientParts, "wakeUps">> = {
  connect,
  clock: {
    now: () => performance.now(),
    setTimer(callback, delayMs) {
      const timer = setTimeout(callback, Math.min(delayMs, maxTimerMs));
      return { cancel: () => clearTimeout(timer) };
    },
  },
  random: Math.random,
  loadFallback: () => import("../fallback/index.js"),
  memoryKey: "openline.events",
  wakeUps,
  reportError(error, during) {
    // eslint-disable-next-line no-console -- an error that nobody handles has no better place
    console.error("openline:", during, error);
  },
};
