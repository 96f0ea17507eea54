/**
 * Makes byte streams out of sockets' libuv handles. One for the process, since the read buffer is shared.
 *
 * - All connections read into one shared buffer: libuv fills it and calls us before it reads from any other socket.
 * - A write to TCP nearly always completes within the call. Then its request object is used again, and the caller may
 *   use its memory again.
 * - A TCP handle is taken away from its `net.Socket`, which is destroyed without it, or never gets one: what stays in
 *   memory for an idle connection is the handle and its stream.
 */
import type { Socket as TcpSocket } from "node:net";
import { TLSSocket } from "node:tls";
import { allocateFastMemory } from "../node-memory.js";
import type { NodeTurnScheduler } from "../node-turns.js";
import type { RequestOwner, StreamBinding, StreamHandle, WriteRequest } from "./binding.js";
import { isStreamHandle } from "./binding.js";
import { HandleStream } from "./handle-stream.js";
import { TlsHandleStream } from "./tls-handle-stream.js";

// One for all connections, so it may be long: a large message comes in few reads.
const sharedReadBytes = 256 * 1024;

/** See the head of this file. */
export class HandleTransport {
  // Out of Node's own object, which is a dictionary: looking something up there costs as much as a call.
  readonly ShutdownWrap: StreamBinding["ShutdownWrap"];
  readonly #WriteWrap: StreamBinding["WriteWrap"];
  readonly #state: Int32Array;
  readonly #readBytesOrErrorAt: number;
  readonly #lastWriteWasAsyncAt: number;
  readonly turns: NodeTurnScheduler;
  /** Whether connections may be taken before there is a socket. */
  accepts = false;
  /** Whether TLS sockets are taken, too. */
  takesTls = false;
  readonly readBuffer: Uint8Array = allocateFastMemory(sharedReadBytes);
  /** A write request that is not in use: nearly all writes complete within their call. */
  #idleRequest: WriteRequest | undefined;

  /** @param turns told of each turn that the event loop begins with octets */
  constructor(binding: StreamBinding, turns: NodeTurnScheduler) {
    this.#WriteWrap = binding.WriteWrap;
    this.ShutdownWrap = binding.ShutdownWrap;
    this.#state = binding.streamBaseState;
    this.#readBytesOrErrorAt = binding.kReadBytesOrError;
    this.#lastWriteWasAsyncAt = binding.kLastWriteWasAsync;
    this.turns = turns;
  }

  /** Octets that the read that is being told of has brought, or libuv's error below 0. */
  get readBytesOrError(): number {
    return this.#state[this.#readBytesOrErrorAt] as number;
  }

  /** Whether the last write goes on after its call. */
  get lastWriteWasAsync(): boolean {
    return this.#state[this.#lastWriteWasAsyncAt] !== 0;
  }

  /**
   * Takes the handle of a connected TCP socket, or of a TLS socket whose handshake is over. Nobody may use the socket
   * any more.
   *
   * @param head octets that were read from the socket already and belong to us
   * @returns undefined, having changed nothing, where the socket is not in a state, or has no handle, to be taken
   */
  take(socket: TcpSocket, head: Uint8Array | undefined): HandleStream | undefined {
    if (socket.destroyed || socket.readableEnded || socket.writableEnded || socket.writableLength > 0) return undefined;
    const isTls = socket instanceof TLSSocket;
    if (isTls && !this.takesTls) return undefined;
    const { _handle: handle } = socket as unknown as { readonly _handle?: unknown };
    if (!isStreamHandle(handle)) return undefined;
    const { remoteAddress } = socket;
    socket.setNoDelay(true);
    if (isTls) {
      socket.pause();
      const early = takeEarly(socket, head);
      handle.readStop();
      return new TlsHandleStream(this, handle, socket, early);
    }
    const early = takeEarly(socket, head);
    // Last, since taking what was there makes the socket want more.
    handle.readStop();
    (socket as unknown as { _handle: null })._handle = null;
    const stream = new HandleStream(this, handle, remoteAddress, early);
    // Without its handle there is nothing to close: this lets go of its timer, and of the server's count of connections.
    socket.on("error", ignore);
    socket.destroy();
    return stream;
  }

  /** Takes a handle that was accepted and never had a socket. */
  adopt(handle: StreamHandle): HandleStream {
    const out: { address?: string } = {};
    // Now, since a connection that was reset does not tell any more, and that is when somebody wants to know.
    handle.getpeername?.(out);
    return new HandleStream(this, handle, out.address, []);
  }

  /** A request to write with: the same again, until one was kept. */
  get idleRequest(): WriteRequest {
    return (this.#idleRequest ??= new this.#WriteWrap());
  }

  /** Lets a write that goes on after its call keep its request. What it wants is asked for only when it completes. */
  keepRequest(request: WriteRequest, stream: RequestOwner, handle: StreamHandle): void {
    this.#idleRequest = undefined;
    request.handle = handle;
    request.stream = stream;
    request.oncomplete = onWriteComplete;
  }
}

function onWriteComplete(this: WriteRequest, status: number): void {
  this.stream?.handleWritten(status);
}

function ignore(): void {
  // The socket has no handle any more, and no error to tell.
}

/** What `net.Socket` has read already and nobody has taken. */
function takeEarly(socket: TcpSocket, head: Uint8Array | undefined): Uint8Array[] {
  const early = head === undefined || head.byteLength === 0 ? [] : [new Uint8Array(head)];
  for (;;) {
    const chunk = socket.read() as Uint8Array | null;
    if (chunk === null) return early;
    early.push(new Uint8Array(chunk));
  }
}
