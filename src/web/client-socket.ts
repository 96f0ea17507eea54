/**
 * The socket as its users see it where the platform has a WebSocket.
 */
import type { ClientSocket as NodeClientSocket } from "../client/client-socket.js";
import type { Socket as NodeSocket } from "../socket/socket.js";

/** What only sockets have that can stop reading. */
type NodeOnlyMember = "toDuplex" | "toWebStreams";

/** Node's socket, but for the streams, which promise that the peer is slowed down. */
export type Socket = Omit<NodeSocket, NodeOnlyMember>;

/** One connection of a client's. */
export type ClientSocket = Omit<NodeClientSocket, NodeOnlyMember>;
