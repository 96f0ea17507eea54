/**
 * openline/realtime/client where the platform has a WebSocket: browsers, their workers, workerd.
 */
import { wakeUps } from "../../../web/wake-ups.js";
import { type CreateClient, createClientFactory } from "../create-client.js";
import { connect } from "./connect.js";

export { RealtimeError } from "../../wire/errors.js";
export type {
  ErrorCode,
  PubReply as Published,
  RealtimeErrorOptions,
  RevisionReply as Revised,
} from "../../wire/index.js";
export { jsonCodec } from "../../wire/json.js";
export type * from "../index.js";

// The longest delay that timers keep; beyond it they fire at once.
const maxTimerMs = 0x7fffffff;

/**
 * Connects to a server of `openline/realtime`, and stays connected until `close`. A wait is over early when the network comes
 * back, or somebody looks at the page again.
 *
 * ```ts
 * const client = createClient(api, "wss://example.com/realtime", { token: async () => await fetchToken() });
 * for await (const event of client.channel("room/7")) console.log(event);
 * ```
 */
export const createClient: CreateClient = createClientFactory({
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
});
