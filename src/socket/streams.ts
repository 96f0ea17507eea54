/**
 * The streams that a socket can be turned into.
 */
import { UsageError } from "../protocol/index.js";
import type { DuplexOptions, PlatformDuplex } from "../transport/index.js";
import type { SocketContext } from "./context.js";
import type { Delivery } from "./delivery.js";
import type { SendOptions } from "./socket.js";
import type { PipeSocket } from "./socket-pipe.js";
import { SocketPipe } from "./socket-pipe.js";
import type { WebStreams } from "./web-streams.js";
import { createWebStreams } from "./web-streams.js";

export type { WebStreams } from "./web-streams.js";

type StreamContext = Pick<SocketContext<never>, "connection" | "platform">;

/** See `Socket.toDuplex`. */
export function toDuplex(
  socket: PipeSocket,
  delivery: Delivery,
  { connection, platform }: StreamContext,
  options: DuplexOptions = {},
): PlatformDuplex {
  const { objectMode = false, type, compress } = options;
  if (type !== undefined && type !== "binary" && type !== "text") {
    throw new UsageError("invalid-argument", String(type), undefined, 'type must be "binary" or "text"');
  }
  if (type !== undefined && objectMode) {
    throw new UsageError("invalid-argument", type, undefined, "in object mode, each message has its own type");
  }
  if (platform.createDuplex === undefined) throw new UsageError("duplex-not-available");
  return platform.createDuplex(new SocketPipe(socket, delivery, connection.role, { compress }), options);
}

/** See `Socket.toWebStreams`. */
export function toWebStreams(
  socket: PipeSocket,
  delivery: Delivery,
  { connection }: Pick<StreamContext, "connection">,
  options: SendOptions = {},
): WebStreams {
  return createWebStreams(new SocketPipe(socket, delivery, connection.role, options));
}
