/**
 * Upgrade requests as `node:http` hands them over.
 */
import type { IncomingMessage } from "node:http";
import type { Server as NetServer } from "node:net";
import { Socket as TcpSocket } from "node:net";
import type { Duplex } from "node:stream";
import type { HandshakeRequest } from "../../protocol/index.js";
import type { ByteStream } from "../byte-stream.js";
import type { HandleTransport } from "./handle/index.js";
import { NodeByteStream } from "./tcp-stream.js";

declare module "../platform-types.js" {
  interface PlatformTypes {
    readonly httpRequest: IncomingMessage;
  }
}

/** An upgrade request and the stream it came on. */
export interface HttpUpgrade {
  readonly head: HandshakeRequest;
  readonly stream: ByteStream;
  /** Whether the stream is encrypted. */
  readonly isSecure: boolean;
}

/**
 * Whether an earlier request on this connection waits for its answer.
 *
 * RFC 9112 §9.3.2: a server "MUST send the corresponding responses in the same order that the requests were received".
 * Node tells of an upgrade at once, and lets the earlier answer be written later: into the midst of frames.
 *
 * @param socket what an `upgrade` event of an HTTP server carries
 */
export function hasUnansweredRequest(socket: Duplex): boolean {
  // Node does not document it: the response that the socket belongs to at the moment.
  const { _httpMessage: response } = socket as { readonly _httpMessage?: unknown };
  return response !== undefined && response !== null;
}

/**
 * The address that the HTTP server listens on which a socket came to.
 *
 * @param socket what an `upgrade` event of an HTTP server carries
 * @returns undefined where it listens on no TCP port, or the socket does not tell
 */
export function listeningAddress(socket: Duplex): string | undefined {
  // Node does not document it: the server that a socket belongs to.
  const { server } = socket as { readonly server?: Partial<NetServer> };
  const address = server?.address?.();
  return typeof address === "object" ? address?.address : undefined;
}

/**
 * Takes over what an `upgrade` event of an HTTP server carries.
 *
 * @param head octets that followed the request
 * @param handles the handle transport, where it is to be used
 */
export function takeHttpUpgrade(
  request: IncomingMessage,
  socket: Duplex,
  head: Uint8Array,
  handles?: HandleTransport,
): HttpUpgrade {
  return {
    head: {
      method: request.method ?? "",
      httpVersion: request.httpVersion,
      target: request.url ?? "",
      rawHeaders: request.rawHeaders,
    },
    stream: byteStreamOf(socket, head, handles),
    // By the property, which Bun has, too, whose encrypted sockets are of no class of their own.
    isSecure: "encrypted" in socket && socket.encrypted === true,
  };
}

/**
 * Makes a byte stream of a connected socket: over its handle where that is wanted and it has one.
 *
 * @param head octets that were read from the socket already and belong to us
 */
export function byteStreamOf(socket: Duplex, head: Uint8Array, handles: HandleTransport | undefined): ByteStream {
  const isNodesOwn = socket instanceof TcpSocket;
  return (isNodesOwn ? handles?.take(socket, head) : undefined) ?? new NodeByteStream(socket, head);
}
