/**
 * openline/realtime/client where the platform has a WebSocket: browsers, their workers, workerd.
 */
import { type CreateClient, createClientFactory } from "../create-client.js";
import { webParts } from "./parts.js";

export { RealtimeError } from "../../wire/errors.js";
export type {
  ErrorCode,
  PubReply as Published,
  RealtimeErrorOptions,
  RevisionReply as Revised,
} from "../../wire/index.js";
export { jsonCodec } from "../../wire/json.js";
export type * from "../index.js";

/**
 * Connects to a server of `openline/realtime`, and stays connected until `close`. A wait is over early when the network comes
 * back, or somebody looks at the page again.
 *
 * ```ts
 * const client = createClient(api, "wss://example.com/realtime", { token: async () => await fetchToken() });
 * for await (const event of client.channel("room/7")) console.log(event);
 * ```
 */
export const createClient: CreateClient = createClientFactory(webParts);
