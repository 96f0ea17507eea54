/**
 * The streams that a socket can be turned into.
 */
import { UsageError } from "../protocol/index.js";
import type { DuplexOptions, PlatformDuplex } from "../transport/index.js";
import type { Delivery } from "./delivery.js";
import type { SendOptions } from "./socket.js";
import type { PipeContext, PipeSocket } from "./socket-pipe.js";
import { SocketPipe } from "./socket-pipe.js";
import type { WebStreams } from "./web-streams.js";
import { createWebStreams } from "./web-streams.js";

export type { WebStreams } from "./web-streams.js";

/** See `Socket.toDuplex`. */
export function toDuplex(
  socket: PipeSocket,
  delivery: Delivery,
  context: PipeContext,
  options: DuplexOptions = {},
): PlatformDuplex {
  const { objectMode = false, type, compress } = options;
  if (type !== undefined && type !== "binary" && type !== "text") {
    throw new UsageError("invalid-argument", String(type), undefined, 'type must be "binary" or "text"');
  }
  if (type !== undefined && objectMode) {
    throw new UsageError("invalid-argument", type, undefined, "in object mode, each message has its own type");
  }
  const { createDuplex } = context.platform;
  if (createDuplex === undefined) throw new UsageError("duplex-not-available");
  return createDuplex(new SocketPipe(socket, delivery, context, { compress }), options);
}

/** See `Socket.toWebStreams`. */
export function toWebStreams(
  socket: PipeSocket,
  delivery: Delivery,
  context: PipeContext,
  options: SendOptions = {},
): WebStreams {
  return createWebStreams(new SocketPipe(socket, delivery, context, options));
}
