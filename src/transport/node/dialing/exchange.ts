/**
 * The opening handshake's request and its answer over a connected socket, by `node:http`: its parser has seen more than
 * one of ours would.
 */
import type { IncomingMessage } from "node:http";
import { request as httpRequest } from "node:http";
import type { Socket as TcpSocket } from "node:net";
import type { Duplex } from "node:stream";
import type { HandshakeRequest, HandshakeResponse } from "../../../protocol/index.js";
import { UpgradeResponseError } from "../../../protocol/index.js";
import type { DialOptions } from "../../dialer.js";
import { settling } from "./settling.js";

/** What came back. `head` are octets that followed the response. */
export type ExchangeResult =
  | { readonly isUpgraded: true; readonly response: HandshakeResponse; readonly head: Uint8Array }
  | { readonly isUpgraded: false; readonly response: HandshakeResponse; readonly body: Uint8Array };

/**
 * Sends the request, and waits for the head of the answer, and the body of a refusal.
 *
 * @param socket connected, and nobody else's; it is the caller's to destroy
 * @throws UpgradeResponseError `response-header-bytes`, the network's or the parser's error, or the signal's reason
 */
export function exchange(
  socket: TcpSocket,
  request: HandshakeRequest,
  { signal, maxHeaderBytes, maxBodyBytes }: DialOptions,
): Promise<ExchangeResult> {
  return settling(signal, (resolve, reject) => {
    const clientRequest = httpRequest({
      path: request.target,
      method: request.method,
      headers: request.rawHeaders,
      setHost: false,
      maxHeaderSize: maxHeaderBytes,
      // No agent: the connection is ours, and nobody will want it back.
      createConnection: () => socket,
    });
    let isUpgraded = false;
    // Whoever read from it before may have left it paused.
    clientRequest.on("socket", () => socket.resume());
    clientRequest.on("upgrade", (response: IncomingMessage, _socket: Duplex, head: Buffer) => {
      isUpgraded = true;
      resolve({ isUpgraded, response: headOf(response), head });
    });
    clientRequest.on("response", (response) => {
      void readBody(response, maxBodyBytes).then((body) => {
        resolve({ isUpgraded: false, response: headOf(response), body });
      });
    });
    // Stays: a request that is destroyed may have an error to tell.
    clientRequest.on("error", (error: NodeJS.ErrnoException) => {
      // The parser does not tell whose limit it was, nor how much came.
      const isTooLong = error.code === "HPE_HEADER_OVERFLOW";
      reject(isTooLong ? new UpgradeResponseError("response-header-bytes", undefined, maxHeaderBytes) : error);
    });
    clientRequest.end();
    return () => {
      if (!isUpgraded) clientRequest.destroy();
    };
  });
}

function headOf(response: IncomingMessage): HandshakeResponse {
  return {
    status: response.statusCode ?? 0,
    httpVersion: response.httpVersion,
    rawHeaders: response.rawHeaders,
  };
}

/** As much of the body as is wanted; what breaks off stays short. */
function readBody(response: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const finish = (): void => resolve(new Uint8Array(Buffer.concat(chunks).subarray(0, maxBytes)));
    response.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.byteLength;
      if (bytes >= maxBytes) finish();
    });
    response.on("end", finish);
    response.on("error", finish);
    response.on("close", finish);
  });
}
