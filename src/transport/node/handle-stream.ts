/**
 * A byte stream that drives the libuv handle of a TCP socket itself, past `net.Socket` and its two streams, which cost
 * more than everything this library does for a small message.
 *
 * What it rests on is not documented by Node: `handle.useUserBuffer`, `handle.onread`, `handle.writeBuffer` with a
 * `WriteWrap`, and the array in which native code leaves its results. Hence `loadStreamBinding` asks for each of them,
 * `handle-self-test.ts` tries them once before they are used, and where anything is missing or behaves otherwise, the
 * ordinary stream over `net.Socket` does the work. This file is the only one that knows.
 *
 * - All connections read into one shared buffer: libuv fills it and calls us before it reads from any other socket.
 * - A write nearly always completes within the call. Then its request object is used again, and the caller may use its
 *   memory again.
 * - The handle is taken away from its `net.Socket`, which is destroyed without it: what stays in memory for an idle
 *   connection is the handle and this object.
 */
import type { Socket as TcpSocket } from "node:net";
import { getSystemErrorName } from "node:util";
import type { ByteStream, ByteStreamReceiver } from "../byte-stream.js";
import { allocateFastMemory } from "./node-memory.js";
import type { NodeTurnScheduler } from "./node-turns.js";

/** What libuv calls the end of a stream. */
const endOfFile = -4095;

// One for all connections, so it may be long: a large message comes in few reads.
const sharedReadBytes = 256 * 1024;

interface WriteRequest {
  handle: StreamHandle | null;
  oncomplete: (this: WriteRequest, status: number) => void;
  stream: HandleStream | null;
  /** Kept alive until the write completes. */
  buffers: unknown;
}

interface ShutdownRequest {
  handle: StreamHandle | null;
  oncomplete: (this: ShutdownRequest, status: number) => void;
  stream: HandleStream | null;
}

/** A libuv stream as Node's native code exposes it. */
interface StreamHandle {
  onread: (this: StreamHandle) => void;
  stream?: HandleStream | null;
  readStart(): number;
  readStop(): number;
  useUserBuffer(buffer: Uint8Array): void;
  writeBuffer(request: WriteRequest, bytes: Uint8Array): number;
  writev(request: WriteRequest, buffers: readonly Uint8Array[], allBuffers: boolean): number;
  shutdown(request: ShutdownRequest): number;
  close(callback?: () => void): void;
}

const handleMethods = ["readStart", "readStop", "useUserBuffer", "writeBuffer", "writev", "shutdown", "close"] as const;

/** The native parts that this file needs. */
export interface StreamBinding {
  readonly WriteWrap: new () => WriteRequest;
  readonly ShutdownWrap: new () => ShutdownRequest;
  /** Where native code leaves the results of a call. */
  readonly streamBaseState: Int32Array;
  readonly kReadBytesOrError: number;
  readonly kLastWriteWasAsync: number;
}

/**
 * Finds the native parts.
 *
 * @returns undefined where this Node does not have them, or does not give them out (`--permission`)
 */
export function loadStreamBinding(): StreamBinding | undefined {
  try {
    const { binding } = process as unknown as { readonly binding?: (name: string) => Partial<StreamBinding> };
    const found = binding?.call(process, "stream_wrap");
    if (typeof found?.WriteWrap !== "function" || typeof found.ShutdownWrap !== "function") return undefined;
    const { streamBaseState, kReadBytesOrError, kLastWriteWasAsync } = found;
    if (!(streamBaseState instanceof Int32Array)) return undefined;
    const indices = [kReadBytesOrError, kLastWriteWasAsync];
    if (!indices.every((index) => index !== undefined && streamBaseState[index] !== undefined)) return undefined;
    return found as StreamBinding;
  } catch {
    return undefined;
  }
}

/** Makes byte streams out of TCP sockets' handles. One for the process, since the read buffer is shared. */
export class HandleTransport {
  // Out of Node's own object, which is a dictionary: looking something up there costs as much as a call.
  readonly WriteWrap: StreamBinding["WriteWrap"];
  readonly ShutdownWrap: StreamBinding["ShutdownWrap"];
  readonly #state: Int32Array;
  readonly #readBytesOrErrorAt: number;
  readonly #lastWriteWasAsyncAt: number;
  readonly turns: NodeTurnScheduler;
  readonly readBuffer: Uint8Array = allocateFastMemory(sharedReadBytes);
  /** A write request that is not in use. */
  #idleRequest: WriteRequest | undefined;

  /** @param turns told of each turn that the event loop begins with octets */
  constructor(binding: StreamBinding, turns: NodeTurnScheduler) {
    this.WriteWrap = binding.WriteWrap;
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
   * Takes the handle of a connected TCP socket. The socket is destroyed without it; nobody may use it any more.
   *
   * @param head octets that were read from the socket already and belong to us
   * @returns undefined, having changed nothing, where the socket is not in a state, or has no handle, to be taken
   */
  take(socket: TcpSocket, head: Uint8Array | undefined): HandleStream | undefined {
    if (socket.destroyed || socket.readableEnded || socket.writableEnded || socket.writableLength > 0) return undefined;
    const owner = socket as unknown as { _handle?: Partial<StreamHandle> | null };
    const found = owner._handle;
    if (found === undefined || found === null) return undefined;
    if (!handleMethods.every((name) => typeof found[name] === "function")) return undefined;
    const handle = found as StreamHandle;
    const { remoteAddress } = socket;
    socket.setNoDelay(true);
    const early = takeEarly(socket, head);
    // Last, since taking what was there makes the socket want more.
    handle.readStop();
    owner._handle = null;
    const stream = new HandleStream(this, handle, remoteAddress, early);
    // Without its handle there is nothing to close: this lets go of its timer, and of the server's count of connections.
    socket.on("error", ignore);
    socket.destroy();
    return stream;
  }

  /** A request to write with, which its stream gives back when the write is over. */
  borrowRequest(stream: HandleStream, handle: StreamHandle): WriteRequest {
    const request = this.#idleRequest ?? new this.WriteWrap();
    this.#idleRequest = undefined;
    request.handle = handle;
    request.oncomplete = onWriteComplete;
    request.stream = stream;
    return request;
  }

  /** Takes back a request whose write completed within the call. */
  returnRequest(request: WriteRequest): void {
    request.handle = null;
    request.stream = null;
    this.#idleRequest = request;
  }
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

function onRead(this: StreamHandle): void {
  this.stream?.handleRead();
}

function onWriteComplete(this: WriteRequest, status: number): void {
  this.stream?.handleWritten(status);
}

function onShutdownComplete(this: ShutdownRequest): void {
  this.stream?.handleShutdown();
}

/** An error as `net.Socket` would report it. */
function systemError(status: number, syscall: string): Error {
  const code = getSystemErrorName(status);
  return Object.assign(new Error(`${syscall} ${code}`), { code, errno: status, syscall });
}

/** See the head of this file. */
export class HandleStream implements ByteStream {
  readonly remoteAddress: string | undefined;
  readonly retainsWrites = false;
  readonly #transport: HandleTransport;
  #handle: StreamHandle | null;
  #receiver: ByteStreamReceiver | undefined;
  /** Octets that arrived before the handle was ours. */
  #early: Uint8Array[] | undefined;
  #isPaused = false;
  #isReading = false;
  #isWriting = false;
  #mustShutDown = false;
  #hasShutDown = false;
  #hasPeerEnded = false;
  #isClosed = false;
  #hasToldClosed = false;
  #error: Error | undefined;

  constructor(
    transport: HandleTransport,
    handle: StreamHandle,
    remoteAddress: string | undefined,
    early: Uint8Array[],
  ) {
    this.#transport = transport;
    this.#handle = handle;
    this.remoteAddress = remoteAddress;
    this.#early = early.length === 0 ? undefined : early;
    // Node's own reference to the socket would keep all of it in memory.
    const nodesOwner = Object.getOwnPropertySymbols(handle).find(({ description }) => description === "owner_symbol");
    if (nodesOwner !== undefined) (handle as unknown as Record<symbol, unknown>)[nodesOwner] = this;
    handle.stream = this;
    handle.onread = onRead;
    handle.useUserBuffer(transport.readBuffer);
  }

  start(receiver: ByteStreamReceiver): void {
    const isFirst = this.#receiver === undefined;
    this.#receiver = receiver;
    if (this.#isClosed) process.nextTick(() => this.#tellClosed());
    else if (isFirst) this.resume();
  }

  write(segments: readonly Uint8Array[]): boolean {
    const handle = this.#handle;
    const first = segments[0];
    if (handle === null || this.#mustShutDown || first === undefined) return true;
    const request = this.#transport.borrowRequest(this, handle);
    const isSingle = segments.length === 1;
    const status = isSingle ? handle.writeBuffer(request, first) : handle.writev(request, segments, true);
    if (status !== 0) {
      this.#transport.returnRequest(request);
      this.#fail(systemError(status, "write"));
      return true;
    }
    if (!this.#transport.lastWriteWasAsync) {
      this.#transport.returnRequest(request);
      return true;
    }
    // The kernel took a part; libuv has the rest, and this request with it.
    request.buffers = segments;
    this.#isWriting = true;
    return false;
  }

  pause(): void {
    this.#isPaused = true;
    this.#isReading = false;
    this.#handle?.readStop();
  }

  resume(): void {
    this.#isPaused = false;
    if (this.#receiver === undefined) return;
    // What came early goes first, and not from within this call.
    if (this.#early === undefined) this.#readOn();
    else process.nextTick(() => this.#deliverEarly());
  }

  #readOn(): void {
    // Asking libuv twice is an error.
    if (this.#handle === null || this.#hasPeerEnded || this.#isReading) return;
    this.#isReading = true;
    const status = this.#handle.readStart();
    if (status !== 0) this.#fail(systemError(status, "read"));
  }

  #deliverEarly(): void {
    for (;;) {
      if (this.#isPaused || this.#handle === null) return;
      const chunk = this.#early?.shift();
      if (chunk === undefined) break;
      this.#receiver?.streamReceived(chunk, 0, chunk.byteLength);
    }
    this.#early = undefined;
    this.#readOn();
  }

  end(): void {
    if (this.#mustShutDown) return;
    this.#mustShutDown = true;
    if (!this.#isWriting) this.#shutDown();
  }

  #shutDown(): void {
    const handle = this.#handle;
    if (handle === null) return;
    const request = new this.#transport.ShutdownWrap();
    request.handle = handle;
    request.stream = this;
    request.oncomplete = onShutdownComplete;
    const status = handle.shutdown(request);
    // 1: done at once. Below 0: the peer is gone, which reading will tell, too.
    if (status !== 0) this.handleShutdown();
  }

  destroy(): void {
    const handle = this.#handle;
    if (handle === null) return;
    this.#handle = null;
    this.#early = undefined;
    handle.stream = null;
    handle.close(() => {
      this.#isClosed = true;
      this.#tellClosed();
    });
  }

  #tellClosed(): void {
    if (this.#hasToldClosed || this.#receiver === undefined) return;
    this.#hasToldClosed = true;
    this.#receiver.streamClosed(this.#error);
  }

  #fail(error: Error): void {
    this.#error ??= error;
    this.destroy();
  }

  /** libuv has read, or has come to the end. */
  handleRead(): void {
    const { readBuffer, turns, readBytesOrError: count } = this.#transport;
    if (count > 0) {
      turns.beginTurn();
      this.#receiver?.streamReceived(readBuffer, 0, count);
      turns.endTurn();
    } else if (count === endOfFile) {
      this.#hasPeerEnded = true;
      this.#handle?.readStop();
      this.#receiver?.streamEnded();
      this.#closeIfEnded();
    } else if (count < 0) {
      this.#fail(systemError(count, "read"));
    }
  }

  /** What the kernel had not taken at once has left, or will never. */
  handleWritten(status: number): void {
    this.#isWriting = false;
    if (this.#handle === null) return;
    if (status !== 0) {
      this.#fail(systemError(status, "write"));
      return;
    }
    if (this.#mustShutDown) this.#shutDown();
    this.#receiver?.streamDrained();
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
