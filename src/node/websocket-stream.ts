/**
 * `WebSocketStream` on Node.
 */
import type { WebSocketStreamConstructor } from "../client/index.js";
import { defineWebSocketStream } from "../client/index.js";
import { nodePlatform } from "../transport/node/index.js";
import { connect } from "./connect.js";

/**
 * The WHATWG class `WebSocketStream`: a WebSocket as web streams. See docs/websocketstream.md.
 *
 * ```ts
 * const stream = new WebSocketStream("ws://localhost:9000");
 * const { readable, writable } = await stream.opened;
 * ```
 */
export const WebSocketStream: WebSocketStreamConstructor = defineWebSocketStream({
  open: connect,
  afterReading: (callback) => nodePlatform.afterReading(callback),
});
/** See the value of this name. */
export type WebSocketStream = InstanceType<WebSocketStreamConstructor>;
