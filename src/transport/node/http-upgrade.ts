/**
 * Upgrade requests as `node:http` hands them over.
 */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";
import type { HandshakeRequest } from "../../protocol/index.js";
import type { ByteStream } from "../byte-stream.js";
import { NodeByteStream } from "./tcp-stream.js";

/** An upgrade request and the stream it came on. */
export interface HttpUpgrade {
  readonly head: HandshakeRequest;
  readonly stream: ByteStream;
  /** Whether the stream is encrypted. */
  readonly isSecure: boolean;
}

/**
 * Takes over what an `upgrade` event of an HTTP server carries.
 *
 * @param head octets that followed the request
 */
export function takeHttpUpgrade(request: IncomingMessage, socket: Duplex, head: Uint8Array): HttpUpgrade {
  return {
    head: {
      method: request.method ?? "",
      httpVersion: request.httpVersion,
      target: request.url ?? "",
      rawHeaders: request.rawHeaders,
    },
    stream: new NodeByteStream(socket, head),
    isSecure: socket instanceof TLSSocket,
  };
}
