/**
 * What the types of sockets as streams promise. The compiler checks it; nothing here is ever run.
 */
import type { Duplex } from "node:stream";
import { expectTypeOf } from "expect-type";
import type {
  DuplexOptions,
  Message,
  SendData,
  ServerSocket,
  Socket,
  WebSocketClosedInfo,
  WebSocketCloseInfo,
  WebSocketOpenInfo,
  WebSocketStreamChunk,
  WebSocketStreamConstructor,
  WebSocketStreamOptions,
  WebStreams,
} from "#src/index.js";
import { WebSocketError, WebSocketStream } from "#src/index.js";

/** Both ends give Node's own stream, and web streams of messages. */
export function socketsAsStreams(socket: Socket, server: ServerSocket<{ user: string }>): void {
  expectTypeOf(socket.toDuplex()).toEqualTypeOf<Duplex>();
  expectTypeOf(server.toDuplex({ objectMode: true })).toEqualTypeOf<Duplex>();
  expectTypeOf(socket.toDuplex({ type: "text", compress: false, allowHalfOpen: true })).toEqualTypeOf<Duplex>();
  // @ts-expect-error -- octets are sent as text or binary
  socket.toDuplex({ type: "utf8" });
  expectTypeOf<keyof DuplexOptions>().toEqualTypeOf<"objectMode" | "type" | "allowHalfOpen" | "compress">();
  expectTypeOf(server.toWebStreams()).toEqualTypeOf<WebStreams>();
  expectTypeOf(socket.toWebStreams({ compress: true }).readable).toEqualTypeOf<ReadableStream<Message>>();
  expectTypeOf<WebStreams["writable"]>().toEqualTypeOf<WritableStream<SendData>>();
}

/** The WHATWG classes are values and types. */
export async function webSocketStreamIsTyped(signal: AbortSignal): Promise<void> {
  expectTypeOf(WebSocketStream).toEqualTypeOf<WebSocketStreamConstructor>();
  const wss: WebSocketStream = new WebSocketStream("ws://a/", { protocols: ["a"], signal });
  new WebSocketStream(new URL("ws://a/"));
  // @ts-expect-error -- there is no URL
  new WebSocketStream();
  expectTypeOf<keyof WebSocketStreamOptions>().toEqualTypeOf<"protocols" | "signal">();
  expectTypeOf(wss.url).toEqualTypeOf<string>();
  const opened = await wss.opened;
  expectTypeOf(opened).toEqualTypeOf<WebSocketOpenInfo>();
  expectTypeOf(opened.readable).toEqualTypeOf<ReadableStream<Message>>();
  expectTypeOf(opened.writable).toEqualTypeOf<WritableStream<WebSocketStreamChunk>>();
  expectTypeOf(await wss.closed).toEqualTypeOf<WebSocketClosedInfo>();
  expectTypeOf<WebSocketStream["close"]>().parameter(0).toEqualTypeOf<WebSocketCloseInfo | undefined>();
  // @ts-expect-error -- a code is a number
  wss.close({ closeCode: "1000" });
}

/** Errors say how a connection was closed. */
export function webSocketErrorIsTyped(): void {
  const error = new WebSocketError("text", { closeCode: 3000, reason: "r" });
  expectTypeOf(error).toExtend<DOMException>();
  expectTypeOf(error.closeCode).toEqualTypeOf<number | null>();
  expectTypeOf(error.reason).toEqualTypeOf<string>();
}
