/**
 * What becomes of a peer that reads so slowly that `maxSendBufferBytes` wait for it.
 */
import type { SocketContext } from "./context.js";
import type { Ending } from "./ending.js";
import { SlowPeerError } from "./errors.js";
import { type AnySocket, tellLimit } from "./observer.js";

/** Ends the socket, or tells that a message is refused, as `slowPeer` says. */
export function meetSlowPeer(
  context: Pick<SocketContext<unknown>, "observer" | "options">,
  socket: AnySocket & { readonly toEnd: Ending },
): void {
  const { maxSendBufferBytes, slowPeer } = context.options;
  const describe = (): Error => new SlowPeerError(socket.bufferedBytes, maxSendBufferBytes);
  if (slowPeer === "close") socket.toEnd.cut(describe());
  else tellLimit(context, socket, describe);
}
