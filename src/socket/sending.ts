/**
 * What becomes of a message on its way into the output: refused, or waiting, and who is told.
 */
import type { SocketContext } from "./context.js";
import type { Ending } from "./ending.js";
import type { AnySocket } from "./observer.js";
import type { Outbox } from "./outbox.js";
import { buffered, refusedClosed, refusedClosing, refusedFull } from "./send-results.js";
import { meetSlowPeer } from "./slow-peer.js";
import type { SendResult } from "./socket.js";
import type { SocketWatch } from "./socket-watch.js";

/** The socket, as far as sending needs it. */
export interface SendingSocket extends AnySocket {
  /** Whether anything can be sent. */
  readonly canSend: boolean;
  readonly toEnd: Ending;
  /** Whether `send` has answered "buffered" since the last drain. */
  wantsDrain: boolean;
  /** The peer takes nothing at the moment, and more than the high-water mark waits for it. */
  outputStuck(): void;
}

type SendingContext = Pick<SocketContext<unknown>, "observer" | "options">;

/** Why nothing can be sent. */
export function refusalOf(context: SendingContext, socket: SendingSocket): SendResult {
  if (!socket.canSend) return socket.toEnd.isOver ? refusedClosed : refusedClosing;
  meetSlowPeer(context, socket);
  return refusedFull;
}

/** More than the high-water mark waits. */
export function outputWaits(socket: SendingSocket, outbox: Outbox, watch: SocketWatch): void {
  watch.outputWaits();
  if (outbox.isClogged) socket.outputStuck();
}

/** A message has been accepted that waits. */
export function messageWaits(
  { observer }: SendingContext,
  socket: SendingSocket,
  outbox: Outbox,
  watch: SocketWatch,
): SendResult {
  if (!socket.wantsDrain) observer?.backpressure?.(socket, true);
  socket.wantsDrain = true;
  outbox.tellRoomSoon();
  outputWaits(socket, outbox, watch);
  return buffered;
}

/** There is room for the peer again. Returns whether somebody has to hear of it who was answered "buffered". */
export function takeDrain({ observer }: SendingContext, socket: SendingSocket, outbox: Outbox): boolean {
  // What waits behind a streamed message still waits.
  if (!socket.wantsDrain || !outbox.isRoomy) return false;
  socket.wantsDrain = false;
  observer?.backpressure?.(socket, false);
  return true;
}
