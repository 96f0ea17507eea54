/**
 * The door of a port of our own: takes connections from the listening handle before there is a `net.Socket`, reads the
 * head of the first request, and lets an upgrade in at once. Whatever else comes, in whole or in doubt, is handed to the
 * HTTP server whose port it is, with every octet.
 *
 * `net.Socket`, `node:http` and what they make of a request are most of what an accepted connection costs, and leave
 * more in memory than an idle WebSocket needs.
 */
import type { Server as HttpServer } from "node:http";
import type { Socket as TcpSocket } from "node:net";
import type { HandshakeRequest, Limits, TextCodec } from "../../../protocol/index.js";
import { RequestHeadReader } from "../../../protocol/index.js";
import type { ByteStream, ByteStreamReceiver, Deadlines } from "../../index.js";
import { Deadline } from "../../index.js";
import { handOverHandle } from "../http-handover.js";
import type { StreamHandle } from "./binding.js";
import { isStreamHandle, systemError } from "./binding.js";
import type { HandleStream } from "./handle-stream.js";
import type { HandleTransport } from "./handle-transport.js";
import { acceptHandles } from "./listening.js";

/** What a door needs. */
export interface DoorOptions {
  /** The HTTP server whose port it is. */
  readonly http: HttpServer;
  readonly limits: Pick<Limits, "maxHeaderCount" | "maxHeaderBytes">;
  readonly text: TextCodec;
  readonly deadlines: Deadlines;
  /** Milliseconds that the handshake may take, from the connection on. */
  readonly handshakeTimeoutMs: number;
  /**
   * Takes an upgrade request, and what is left of its time. What followed its head arrives at the receiver that it starts
   * the stream with.
   */
  readonly upgrade: (request: HandshakeRequest, stream: ByteStream, deadline: Deadline) => void;
  /** Takes what is left of the time of a connection that was handed to the HTTP server. */
  readonly handedOver: (socket: TcpSocket, deadline: Deadline) => void;
  /** Answers a peer that was too slow with its request. */
  readonly timedOut: (stream: ByteStream) => void;
  /** A connection could not be accepted. */
  readonly failed: (error: Error) => void;
}

/** See the head of this file. */
export class Door {
  readonly transport: HandleTransport;
  readonly options: DoorOptions;
  /** Those who have not said what they want. */
  readonly #visitors = new Set<Visitor>();

  constructor(transport: HandleTransport, options: DoorOptions) {
    this.transport = transport;
    this.options = options;
  }

  /**
   * Takes the connections of the server, which has just begun to listen.
   *
   * @returns whether it could; otherwise the server takes them itself
   */
  open(): boolean {
    const accepting = acceptHandles(this.options.http, (status, handle) => {
      if (status === 0 && isStreamHandle(handle)) this.#welcome(handle, accepting?.hasNoDelay === true);
      else if (status === 0) accepting?.ordinary(status, handle);
      // Too many files are open, for instance. Node would tell of it by an event that ends a process.
      else this.options.failed(systemError(status, "accept"));
    });
    return accepting !== undefined;
  }

  #welcome(handle: StreamHandle, hasNoDelay: boolean): void {
    if (!hasNoDelay) handle.setNoDelay?.(true);
    new Visitor(this, this.transport.adopt(handle)).greet();
  }

  /** Notes somebody who has not said what they want. */
  entered(visitor: Visitor): void {
    this.#visitors.add(visitor);
  }

  /** They have, or are gone. */
  left(visitor: Visitor): void {
    this.#visitors.delete(visitor);
  }

  /** Cuts those who have not said what they want. */
  close(): void {
    for (const { stream } of this.#visitors) stream.destroy();
  }
}

/** A connection that has not said what it wants. */
class Visitor implements ByteStreamReceiver {
  readonly stream: HandleStream;
  readonly #door: Door;
  readonly #reader: RequestHeadReader;
  readonly #deadline: Deadline;

  constructor(door: Door, stream: HandleStream) {
    this.#door = door;
    this.stream = stream;
    const { deadlines, handshakeTimeoutMs, limits, text, timedOut } = door.options;
    this.#reader = new RequestHeadReader(limits, text);
    this.#deadline = new Deadline(deadlines, handshakeTimeoutMs, () => {
      door.left(this);
      timedOut(stream);
    });
  }

  greet(): void {
    this.#door.entered(this);
    this.stream.start(this);
  }

  streamReceived(bytes: Uint8Array, start: number, end: number): void {
    const result = this.#reader.read(bytes, start, end);
    switch (result.kind) {
      case "more":
        return;
      case "other":
        this.#handOver(bytes.subarray(start, end));
        return;
      case "upgrade":
        this.#door.left(this);
        this.#door.options.upgrade(result.request, this.stream, this.#deadline);
        if (result.end < end) this.stream.redirect(bytes, result.end, end);
    }
  }

  #handOver(chunk: Uint8Array): void {
    this.#door.left(this);
    const { transport, options } = this.#door;
    const handle = this.stream.release();
    if (handle === null) {
      this.#deadline.cancel();
      return;
    }
    const octets = [this.#reader.earlier, chunk];
    options.handedOver(handOverHandle(options.http, handle, octets, transport.readBuffer), this.#deadline);
  }

  streamDrained(): void {
    // Nothing is written here.
  }

  streamEnded(): void {
    // To half a request the HTTP server knows what to say.
    if (this.#reader.earlier.byteLength > 0) this.#handOver(new Uint8Array(0));
    else this.stream.destroy();
  }

  streamClosed(): void {
    this.#deadline.cancel();
    this.#door.left(this);
  }
}
