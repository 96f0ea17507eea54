/**
 * What all sockets of one server or client share.
 */
import type { ConnectionContext, ExtensionChain, Role } from "../protocol/index.js";
import type { Platform } from "../transport/index.js";
import type { MemoryWatch } from "./memory-watch.js";
import { memoryWatchOf } from "./memory-watch.js";
import type { Observer } from "./observer.js";
import type { ResolvedSocketOptions } from "./options.js";
import type { SocketHandlers } from "./socket.js";
import type { Wheel } from "./wheel.js";
import { wheelOf } from "./wheel.js";

/** See the head of this file. */
export interface SocketContext<Data> {
  readonly platform: Platform;
  readonly connection: ConnectionContext;
  readonly options: ResolvedSocketOptions;
  readonly handlers: SocketHandlers<Data>;
  /** What looks at deadlines, for all sockets with such options. */
  readonly wheel: Wheel;
  /** What counts the memory of all sockets of the process. */
  readonly memory: MemoryWatch;
  /** Who is told of what happens, where anybody may be. */
  readonly observer: Observer | undefined;
  /** Octets that are still read, and dropped, when nothing counts any more. */
  readonly maxDiscardedBytes: number;
}

// As much as kernels hold for a connection by default, within a small factor.
const maxDiscardedBytes = 1024 * 1024;

/** What the handshake has settled about one socket. */
export interface SocketDetails<Data> {
  readonly protocol: string;
  readonly data: Data;
  /** The extensions agreed on, as their header tells them. */
  readonly extensions?: string;
  /** The same at work. */
  readonly chain?: ExtensionChain | undefined;
}

/** Puts together what sockets of this role share. */
export function createSocketContext<Data>(
  role: Role,
  platform: Platform,
  options: ResolvedSocketOptions,
  handlers: SocketHandlers<Data>,
  observer?: Observer,
): SocketContext<Data> {
  const { text, pool, allocate, masking, maskingKeys } = platform;
  const connection = { role, limits: options.limits, text, pool, allocate, masking, maskingKeys };
  return {
    platform,
    connection,
    options,
    handlers,
    observer,
    maxDiscardedBytes,
    wheel: wheelOf(platform, options.deadlines.stepMs),
    memory: memoryWatchOf(platform),
  };
}
