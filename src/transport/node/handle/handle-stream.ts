/**
 * A byte stream that drives the libuv handle of a TCP socket itself, past `net.Socket` and its two streams, which cost
 * more than everything this library does for a small message.
 */
import type { ByteStream, ByteStreamReceiver } from "../../byte-stream.js";
import type { HandleOwner, RequestOwner, ShutdownRequest, StreamHandle } from "./binding.js";
import { endOfFile, systemError } from "./binding.js";
import type { HandleTransport } from "./handle-transport.js";

/** Under which Node keeps a handle's owner. */
let ownerSymbol: symbol | undefined;

/** See the head of this file. */
export class HandleStream implements ByteStream, HandleOwner, RequestOwner {
  readonly remoteAddress: string | undefined;
  protected readonly transport: HandleTransport;
  protected handle: StreamHandle | null;
  protected receiver: ByteStreamReceiver | undefined;
  protected isWriting = false;
  /** Whether our side is to be ended, when everything has left. */
  protected mustShutDown = false;
  /** Octets that arrived before the handle was ours, or while reading had stopped. */
  #early: Uint8Array[] | undefined;
  #isPaused = false;
  #isReading = false;
  #hasShutDown = false;
  #hasPeerEnded = false;
  /** Whether the peer has ended behind octets that are still to be given out. */
  #isEndWaiting = false;
  #isClosed = false;
  #hasToldClosed = false;
  #error: Error | undefined;

  constructor(
    transport: HandleTransport,
    handle: StreamHandle,
    remoteAddress: string | undefined,
    early: Uint8Array[],
  ) {
    this.transport = transport;
    this.handle = handle;
    this.remoteAddress = remoteAddress;
    this.#early = early.length === 0 ? undefined : early;
    this.own(handle);
    handle.stream = this;
    handle.onread = onRead;
    handle.useUserBuffer(transport.readBuffer);
  }

  get retainsWrites(): boolean {
    return false;
  }

  get queuedBytes(): number {
    return this.handle?.writeQueueSize ?? 0;
  }

  /** Makes this the owner of the handle, in place of a socket. */
  protected own(handle: StreamHandle): void {
    // Node's own reference to the socket would keep all of it in memory.
    ownerSymbol ??= Object.getOwnPropertySymbols(handle).find(({ description }) => description === "owner_symbol");
    if (ownerSymbol !== undefined) (handle as unknown as Record<symbol, unknown>)[ownerSymbol] = this;
  }

  start(receiver: ByteStreamReceiver): void {
    const isFirst = this.receiver === undefined;
    this.receiver = receiver;
    if (this.#isClosed) process.nextTick(() => this.#tellClosed());
    else if (isFirst) this.resume();
  }

  write(segments: readonly Uint8Array[]): boolean {
    if (this.handle === null || this.mustShutDown || segments.length === 0) return true;
    return !this.writeNow(this.handle, segments);
  }

  /** Writes, and returns whether that goes on after this call. */
  protected writeNow(handle: StreamHandle, segments: readonly Uint8Array[]): boolean {
    const { transport } = this;
    const request = transport.idleRequest;
    const status =
      segments.length === 1
        ? handle.writeBuffer(request, segments[0] as Uint8Array)
        : handle.writev(request, segments, true);
    if (status !== 0) {
      this.fail(systemError(status, "write"));
      return false;
    }
    if (!transport.lastWriteWasAsync) return false;
    // The kernel took a part; libuv has the rest, and this request with it.
    transport.keepRequest(request, this, handle);
    request.buffers = segments;
    this.isWriting = true;
    return true;
  }

  pause(): void {
    this.#isPaused = true;
    this.#isReading = false;
    this.handle?.readStop();
  }

  resume(): void {
    this.#isPaused = false;
    if (this.receiver === undefined) return;
    // What came early goes first, and not from within this call.
    if (this.#early === undefined) this.#readOn();
    else process.nextTick(() => this.#deliverEarly());
  }

  #readOn(): void {
    // Asking libuv twice is an error.
    if (this.handle === null || this.#hasPeerEnded || this.#isReading) return;
    this.#isReading = true;
    const status = this.handle.readStart();
    if (status !== 0) this.fail(systemError(status, "read"));
  }

  #deliverEarly(): void {
    for (;;) {
      if (this.#isPaused || this.handle === null) return;
      const chunk = this.#early?.shift();
      if (chunk === undefined) break;
      this.receiver?.streamReceived(chunk, 0, chunk.byteLength);
    }
    this.#early = undefined;
    if (!this.#isEndWaiting) {
      this.#readOn();
      return;
    }
    this.#isEndWaiting = false;
    this.#peerEnded();
  }

  end(): void {
    if (this.mustShutDown) return;
    this.mustShutDown = true;
    if (!this.isWriting) this.shutDown();
  }

  protected shutDown(): void {
    const { handle } = this;
    if (handle === null) return;
    const request = new this.transport.ShutdownWrap();
    request.handle = handle;
    request.stream = this;
    request.oncomplete = onShutdownComplete;
    const status = handle.shutdown(request);
    // 1: done at once. Below 0: the peer is gone, which reading will tell, too.
    if (status !== 0) this.handleShutdown();
  }

  destroy(): void {
    const handle = this.#detach();
    if (handle !== null) this.closeHandle(handle);
  }

  /** Gives octets, which the receiver was given and does not want, to the one that has replaced it by now. */
  redirect(bytes: Uint8Array, start: number, end: number): void {
    if (this.handle !== null) this.receiver?.streamReceived(bytes, start, end);
  }

  /** Gives the handle back to whoever wants it. The stream is of no more use, and tells nobody anything. */
  release(): StreamHandle | null {
    const handle = this.#detach();
    handle?.readStop();
    this.receiver = undefined;
    return handle;
  }

  #detach(): StreamHandle | null {
    const { handle } = this;
    this.handle = null;
    this.#early = undefined;
    if (handle !== null) handle.stream = null;
    return handle;
  }

  /** Closes the handle, and calls `closed` when it is. */
  protected closeHandle(handle: StreamHandle): void {
    handle.close(() => this.closed());
  }

  /** The handle is closed. */
  protected closed(): void {
    this.#isClosed = true;
    this.#tellClosed();
  }

  #tellClosed(): void {
    if (this.#hasToldClosed || this.receiver === undefined) return;
    this.#hasToldClosed = true;
    this.receiver.streamClosed(this.#error);
  }

  protected fail(error: Error): void {
    this.#error ??= error;
    this.destroy();
  }

  /** libuv has read, or has come to the end. */
  handleRead(): void {
    const { readBuffer, turns, readBytesOrError: count } = this.transport;
    if (count > 0) {
      if (this.#isPaused) {
        // TLS still gives out what it had decrypted when reading stopped.
        this.#early ??= [];
        this.#early.push(readBuffer.slice(0, count));
        return;
      }
      turns.beginTurn();
      this.receiver?.streamReceived(readBuffer, 0, count);
      turns.endTurn();
    } else if (count === endOfFile) {
      this.handle?.readStop();
      if (this.#early === undefined) this.#peerEnded();
      else this.#isEndWaiting = true;
    } else if (count < 0) {
      this.fail(systemError(count, "read"));
    }
  }

  #peerEnded(): void {
    this.#hasPeerEnded = true;
    this.receiver?.streamEnded();
    this.#closeIfEnded();
  }

  /** What the kernel had not taken at once has left, or will never. */
  handleWritten(status: number): void {
    this.isWriting = false;
    if (this.handle === null) return;
    if (status !== 0) {
      this.fail(systemError(status, "write"));
      return;
    }
    this.written();
  }

  /** Everything that was being written has left. */
  protected written(): void {
    if (this.mustShutDown) this.shutDown();
    this.receiver?.streamDrained();
  }

  /** Our side of the stream has ended. */
  handleShutdown(): void {
    this.#hasShutDown = true;
    this.#closeIfEnded();
  }

  #closeIfEnded(): void {
    if (this.#hasShutDown && this.#hasPeerEnded) this.destroy();
  }
}

function onRead(this: StreamHandle): void {
  this.stream?.handleRead();
}

function onShutdownComplete(this: ShutdownRequest): void {
  this.stream?.handleShutdown();
}
