/**
 * The two ways to the kernel, for sockets that `node:http` has handed over.
 */
import { Socket as TcpSocket } from "node:net";
import type { Duplex } from "node:stream";
import type { ByteStream } from "../../transport/index.js";
import type { HandleTransport } from "../../transport/node/index.js";
import { NodeByteStream } from "../../transport/node/index.js";

// What is asked of a socket long after its handshake, and known to its handle alone.
const addresses = ["remoteAddress", "remotePort", "remoteFamily", "localAddress", "localPort", "localFamily"] as const;

/**
 * A byte stream over a socket: over its handle, where that is wanted and it has one. Then the socket is of no more use, but
 * it goes on telling the addresses.
 *
 * @param head octets that were read from it already
 */
export function streamOver(socket: Duplex, head: Uint8Array, handles: HandleTransport | undefined): ByteStream {
  if (handles !== undefined && socket instanceof TcpSocket) {
    const kept = addresses.map(
      (name) => [name, { value: socket[name], configurable: true, enumerable: true }] as const,
    );
    const stream = handles.take(socket, head);
    if (stream !== undefined) {
      Object.defineProperties(socket, Object.fromEntries(kept));
      return stream;
    }
  }
  return new NodeByteStream(socket, head);
}
