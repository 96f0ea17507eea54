/**
 * The native parts that the handle transport rests on, which Node does not document: `handle.useUserBuffer`,
 * `handle.onread`, `handle.writeBuffer` with a `WriteWrap`, and the array in which native code leaves its results.
 * `loadStreamBinding` and `isStreamHandle` ask for each of them, and `self-test.ts` tries them before they are used.
 */
import { getSystemErrorName } from "node:util";

/** What libuv calls the end of a stream. */
export const endOfFile: number = -4095;

/** A write under way. */
export interface WriteRequest {
  handle: StreamHandle | null;
  oncomplete: (this: WriteRequest, status: number) => void;
  stream: RequestOwner | null;
  /** Kept alive until the write completes. */
  buffers: unknown;
}

/** The end of our side under way. */
export interface ShutdownRequest {
  handle: StreamHandle | null;
  oncomplete: (this: ShutdownRequest, status: number) => void;
  stream: RequestOwner | null;
}

/** Whom requests tell of their end. */
export interface RequestOwner {
  /** @param status 0, or libuv's error */
  handleWritten(status: number): void;
  handleShutdown(): void;
}

/** Whom a handle tells of what was read. */
export interface HandleOwner {
  handleRead(): void;
}

/** A libuv stream as Node's native code exposes it. */
export interface StreamHandle {
  onread: (this: StreamHandle) => void;
  stream?: HandleOwner | null;
  /** Whether its `net.Socket` reads from it, as that keeps it. */
  reading?: boolean;
  /** Octets that libuv has and the kernel has not. */
  readonly writeQueueSize: number;
  readStart(): number;
  readStop(): number;
  useUserBuffer(buffer: Uint8Array): void;
  writeBuffer(request: WriteRequest, bytes: Uint8Array): number;
  writev(request: WriteRequest, buffers: readonly Uint8Array[], allBuffers: boolean): number;
  shutdown(request: ShutdownRequest): number;
  close(callback?: () => void): void;
  /** Not on Unix sockets. */
  setNoDelay?(enable: boolean): number;
  /** Not on Unix sockets. */
  getpeername?(out: { address?: string }): number;
}

const handleMethods = ["readStart", "readStop", "useUserBuffer", "writeBuffer", "writev", "shutdown", "close"] as const;

/** Whether `value` is a handle with all that is needed. */
export function isStreamHandle(value: unknown): value is StreamHandle {
  if (typeof value !== "object" || value === null) return false;
  const found = value as Partial<StreamHandle>;
  return typeof found.writeQueueSize === "number" && handleMethods.every((name) => typeof found[name] === "function");
}

/** What Node's native module of streams has. */
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
    const found = withoutDeprecation(() => {
      const { binding } = process as unknown as { readonly binding?: (name: string) => Partial<StreamBinding> };
      return binding?.call(process, "stream_wrap");
    });
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

/**
 * Does something that Node may warn of (DEP0111), within this call. Where it is told to warn of what is pending, and to
 * throw instead of warning, that would end the process; and the application can do nothing about it.
 */
function withoutDeprecation<Result>(action: () => Result): Result {
  const { noDeprecation } = process;
  process.noDeprecation = true;
  try {
    return action();
  } finally {
    if (noDeprecation === undefined) delete (process as { noDeprecation?: boolean }).noDeprecation;
    else process.noDeprecation = noDeprecation;
  }
}

/** An error as `net.Socket` would report it. */
export function systemError(status: number, syscall: string): Error {
  const code = getSystemErrorName(status);
  return Object.assign(new Error(`${syscall} ${code}`), { code, errno: status, syscall });
}
