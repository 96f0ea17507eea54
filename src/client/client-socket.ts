/**
 * A client's socket: a socket that knows where it leads.
 */
import type { Socket, SocketContext, SocketDetails } from "../socket/index.js";
import { Endpoint } from "../socket/index.js";
import type { ByteStream } from "../transport/index.js";

/** One connection of a client's. */
export interface ClientSocket extends Socket {
  /** The URL of the server that accepted, redirects followed; `ws:` or `wss:`, without user name and password. */
  readonly url: string;
}

/** See the head of this file. */
export class ClientEndpoint extends Endpoint<undefined> implements ClientSocket {
  readonly url: string;

  constructor(context: SocketContext<undefined>, stream: ByteStream, details: SocketDetails<undefined>, url: string) {
    super(context, stream, details);
    this.url = url;
  }
}
