/**
 * The events of a `WebSocket` with their arguments, as the types of `ws` have them.
 */
import type { Buffer } from "node:buffer";
import type { EventEmitter } from "node:events";
import type { ClientRequest, IncomingMessage } from "node:http";
import type { WebSocket } from "./web-socket.js";

/** A message as it is given to listeners of `message`: text, too. */
export type RawData = Buffer | ArrayBuffer | Buffer[];

/** A message as it is given to listeners that were added by `addEventListener`. */
export type Data = string | Buffer | ArrayBuffer | Buffer[];

/** What can be sent: what `Buffer.from` takes, and a `Blob`. */
export type BufferLike =
  | string
  | Buffer
  | DataView
  | number
  | ArrayBufferView
  | Uint8Array
  | ArrayBuffer
  | SharedArrayBuffer
  | Blob
  | readonly unknown[]
  | readonly number[]
  | { valueOf(): ArrayBuffer }
  | { valueOf(): SharedArrayBuffer }
  | { valueOf(): Uint8Array }
  | { valueOf(): readonly number[] }
  | { valueOf(): string }
  | { [Symbol.toPrimitive](hint: string): string };

/** What an event that is none of these is listened to with. */
export type OtherListener = Parameters<EventEmitter["on"]>[1];

/** Listens to the events of a `WebSocket`. */
interface Listening<Target> {
  (event: "close", listener: (this: WebSocket, code: number, reason: Buffer) => void): Target;
  (event: "error", listener: (this: WebSocket, error: Error) => void): Target;
  (event: "upgrade", listener: (this: WebSocket, request: IncomingMessage) => void): Target;
  (event: "message", listener: (this: WebSocket, data: RawData, isBinary: boolean) => void): Target;
  (event: "open", listener: (this: WebSocket) => void): Target;
  (event: "ping" | "pong", listener: (this: WebSocket, data: Buffer) => void): Target;
  (event: "redirect", listener: (this: WebSocket, url: string, request: ClientRequest) => void): Target;
  (
    event: "unexpected-response",
    listener: (this: WebSocket, request: ClientRequest, response: IncomingMessage) => void,
  ): Target;
  (event: string | symbol, listener: OtherListener): Target;
}

/** An emitter of these events. */
export interface WebSocketEmitter extends EventEmitter {
  on: Listening<this>;
  once: Listening<this>;
  off: Listening<this>;
  addListener: Listening<this>;
  removeListener: Listening<this>;
}
