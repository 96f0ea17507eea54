/**
 * Connections from the listening handle, before there is a `net.Socket`.
 *
 * What it rests on, the same on Node 20, 22, 24 and 26: a listening server calls `server._handle.onconnection(status,
 * handle)` for each connection, a property that can be set, and when it tells that it is listening no connection has
 * been accepted yet.
 */
import type { Server } from "node:net";

/** A listening handle, as `net.Server` has it. */
interface ListeningHandle {
  onconnection?: AcceptListener;
  setNoDelay?(enable: boolean): number;
}

/**
 * @param status 0, or libuv's error
 * @param handle the connection's, where there was no error
 */
export type AcceptListener = (status: number, handle: unknown) => unknown;

/** How connections are taken. */
export interface Accepting {
  /** Lets the server do with a connection what it would have done. */
  readonly ordinary: AcceptListener;
  /** Whether connections have `TCP_NODELAY` set already. */
  readonly hasNoDelay: boolean;
}

/**
 * Takes the connections of a server that has just begun to listen.
 *
 * @returns undefined, having changed nothing, where the server's handle does not offer what is needed
 */
export function acceptHandles(server: Server, listener: AcceptListener): Accepting | undefined {
  const { _handle: listening } = server as unknown as { readonly _handle?: ListeningHandle | null };
  const ordinary = listening?.onconnection;
  if (listening === undefined || listening === null || typeof ordinary !== "function") return undefined;
  listening.onconnection = listener;
  // On Linux a connection inherits it, which saves a system call for each.
  const hasNoDelay = process.platform === "linux" && listening.setNoDelay?.(true) === 0;
  return { ordinary: ordinary.bind(listening), hasNoDelay };
}
