/**
 * The standard's `WebSocket` on Node.
 */
import type { WebSocketConstructor, WebSocket as WebSocketInterface, WebSocketOptions } from "../client/index.js";
import { createWebSocketClass } from "../client/index.js";
import { clientObserver } from "../observe/index.js";
import { nodePlatform } from "../transport/node/index.js";
import type { ConnectOptions } from "./connect.js";
import { openOnNode } from "./connect.js";
import { dialerFor } from "./dial-options.js";
import { TaskQueue } from "./tasks.js";

/** What `new WebSocket(url, protocols, options)` takes beyond the standard: `headers`, `tls`, limits and deadlines. */
export type WebSocketInit = WebSocketOptions<ConnectOptions>;

/**
 * The `WebSocket` class of the WHATWG WebSockets standard (https://websockets.spec.whatwg.org/), as browsers have it.
 *
 * Messages are events here; there is no backpressure but `bufferedAmount`. `connect()` has more to offer.
 */
export const WebSocket: WebSocketConstructor<WebSocketInit> = createWebSocketClass<ConnectOptions>({
  platform: nodePlatform,
  observer: clientObserver,
  check: (options) => void dialerFor(options, undefined),
  open: openOnNode,
  queueTask: new TaskQueue().queue,
});

/** A WebSocket connection, as browsers have it. */
export type WebSocket = WebSocketInterface;
