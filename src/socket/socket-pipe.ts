/**
 * A socket as a pipe of messages, over which streams are made.
 *
 * An end in order is one where both Close frames have passed, with 1000 or without a code. Whoever copies a stream to its
 * end has to be able to trust that it was one: a server that goes away (1001) or fails (1011) in the middle of a message
 * after message also closes by the book, and what it has sent by then is no whole.
 *
 * A WebSocket knows no end of one direction. But the peer's Close frame need not be answered at once (RFC 6455 §5.5.1), so
 * that it is the end of what is read, and ours follows when the other direction is done, within `closeTimeoutMs`. When we
 * close first, we read on, as slowly as before, until the peer's Close frame is there.
 */
import { CloseCode, copyOctets } from "../protocol/index.js";
import type { MessagePipe, PipeEnd } from "../transport/index.js";
import { Burst } from "./burst.js";
import type { SocketContext } from "./context.js";
import type { Delivery, StreamConsumer } from "./delivery.js";
import { ConnectionClosedError } from "./errors.js";
import { octetsOf } from "./octets.js";
import { PreparedMessage } from "./prepared-message.js";
import type { Message, SendData, SendOptions, SendResult, Socket } from "./socket.js";

/** What a pipe is made over. */
export type PipeSocket = Pick<Socket, "send" | "ready" | "close" | "closed" | "readyState" | "extensions">;

/** What it needs to know of what sockets share. */
export type PipeContext = Pick<SocketContext<never>, "connection" | "platform">;

// As in protocol/output.ts and protocol/extensions/extension.ts: fewer octets are never read after `send` has returned.
const keptFromBytes = 16 * 1024;

/** See the head of this file. */
export class SocketPipe implements MessagePipe, StreamConsumer {
  readonly ended: Promise<PipeEnd>;
  readonly #socket: PipeSocket;
  readonly #delivery: Delivery;
  readonly #sendOptions: SendOptions;
  readonly #mustCopy: boolean;
  readonly #burst: Burst;
  readonly #messages: AsyncIterator<Message, undefined>;
  /** The code of the peer's Close frame, once it is there. */
  #peerCloseCode: number | undefined;

  /** @throws UsageError `already-consumed` when there is a message handler or an iterator already */
  constructor(socket: PipeSocket, delivery: Delivery, { connection, platform }: PipeContext, sendOptions: SendOptions) {
    this.#burst = new Burst((callback) => platform.afterReading(callback));
    this.#socket = socket;
    this.#delivery = delivery;
    this.#sendOptions = sendOptions;
    // Whoever writes to a stream may use the memory again when the write is done. A client masks, and so copies, but for
    // what waits to be compressed.
    this.#mustCopy = connection.role === "server" || socket.extensions !== "";
    this.#messages = delivery.iterate();
    delivery.stream = this;
    this.ended = socket.closed.then((report) => ({
      isInOrder: report.wasClean && isInOrder(report.code),
      error: new ConnectionClosedError("the end of its stream", report),
    }));
  }

  async read(): Promise<Message | undefined> {
    const result = await this.#messages.next();
    if (result.done !== true) return result.value;
    const code = this.#peerCloseCode;
    if (code !== undefined) {
      // What is still to be sent has its time now: our Close frame follows when that is done (§5.5.1 allows it).
      if (isInOrder(code)) return undefined;
      void this.#socket.close(code);
    }
    await this.#endInOrder();
    return undefined;
  }

  peerClosed(code: number): void {
    this.#peerCloseCode = code;
    this.#delivery.end();
  }

  write(message: unknown): Promise<void> | undefined {
    const data = this.#stable(message);
    const result = this.#socket.send(data, this.#sendOptions);
    if (result.status !== "sent") return this.#roomAfter(data, result);
    return this.#burst.wrote(typeof data === "string" ? data.length : data.byteLength);
  }

  /** The same message, in memory that stays as it is. */
  #stable(message: unknown): string | Uint8Array | PreparedMessage {
    if (typeof message === "string" || message instanceof PreparedMessage) return message;
    const octets = octetsOf(message as Exclude<SendData, string>);
    const { byteLength } = octets;
    return this.#mustCopy && byteLength >= keptFromBytes ? copyOctets(octets, 0, byteLength) : octets;
  }

  async #roomAfter(data: SendData | PreparedMessage, first: SendResult): Promise<void> {
    for (let result = first; ; result = this.#socket.send(data, this.#sendOptions)) {
      if (result.status === "sent") return;
      if (!result.ok && result.reason !== "buffer-full") {
        throw new ConnectionClosedError("the message was sent", await this.#socket.closed);
      }
      await this.#socket.ready();
      if (result.ok) return;
    }
  }

  async end(): Promise<void> {
    await this.#socket.close(CloseCode.normalClosure);
    await this.#endInOrder();
  }

  /** Throws unless the connection ends in order. */
  async #endInOrder(): Promise<void> {
    const end = await this.ended;
    if (!end.isInOrder) throw end.error;
  }

  abandon(code: number): void {
    if (this.#socket.readyState === "closed") return;
    this.#delivery.stream = undefined;
    void this.#messages.return?.();
    void this.#socket.close(code);
  }
}

function isInOrder(code: number): boolean {
  return code === CloseCode.normalClosure || code === CloseCode.noStatusReceived;
}
