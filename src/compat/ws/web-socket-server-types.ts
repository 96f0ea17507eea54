/**
 * The events of a `WebSocketServer` with their arguments, as the types of `ws` have them.
 */
import type { EventEmitter } from "node:events";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { WebSocket } from "./web-socket.js";
import type { OtherListener } from "./web-socket-types.js";

/** Listens to the events of a `WebSocketServer`. */
interface Listening<Socket extends typeof WebSocket, Request extends typeof IncomingMessage, Target> {
  (event: "connection", listener: (websocket: InstanceType<Socket>, request: InstanceType<Request>) => void): Target;
  (event: "error", listener: (error: Error) => void): Target;
  (event: "headers", listener: (headers: string[], request: InstanceType<Request>) => void): Target;
  (event: "close" | "listening", listener: () => void): Target;
  (event: "wsClientError", listener: (error: Error, socket: Duplex, request: InstanceType<Request>) => void): Target;
  (event: string | symbol, listener: OtherListener): Target;
}

/** An emitter of these events. */
export interface WebSocketServerEmitter<Socket extends typeof WebSocket, Request extends typeof IncomingMessage>
  extends EventEmitter {
  on: Listening<Socket, Request, this>;
  once: Listening<Socket, Request, this>;
  off: Listening<Socket, Request, this>;
  addListener: Listening<Socket, Request, this>;
  removeListener: Listening<Socket, Request, this>;
}
