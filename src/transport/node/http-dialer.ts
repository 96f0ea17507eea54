/**
 * Dials by `node:http` and `node:https`.
 */

import type { ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Duplex } from "node:stream";
import type { ConnectionOptions } from "node:tls";
import type { HandshakeRequest, HandshakeResponse, WebSocketAddress } from "../../protocol/index.js";
import type { Dialer, DialOptions, DialResult } from "../dialer.js";
import type { HandleTransport } from "./handle/index.js";
import { byteStreamOf } from "./http-upgrade.js";

/**
 * Makes a dialer.
 *
 * @param tls options of `tls.connect` for secure addresses: `ca`, `cert`, `key`, `servername` and the like.
 *   Certificates are verified unless `rejectUnauthorized: false` is among them.
 * @param handles the handle transport, where it is to be used
 */
export function createHttpDialer(tls: ConnectionOptions = {}, handles?: HandleTransport): Dialer {
  return (address, request, options) =>
    new Promise((resolve, reject) => {
      options.signal.throwIfAborted();
      const clientRequest = startRequest(address, request, options, tls);
      const giveUp = (): void => {
        clientRequest.destroy();
        reject(options.signal.reason as Error);
      };
      const settle = (result: DialResult): void => {
        options.signal.removeEventListener("abort", giveUp);
        resolve(result);
      };
      options.signal.addEventListener("abort", giveUp, { once: true });
      clientRequest.on("upgrade", (response: IncomingMessage, socket: Duplex, head: Buffer) => {
        settle({ isUpgraded: true, response: headOf(response), stream: byteStreamOf(socket, head, handles) });
      });
      clientRequest.on("response", (response) => {
        void readBody(response, options.maxBodyBytes).then((body) => {
          clientRequest.destroy();
          settle({ isUpgraded: false, response: headOf(response), body });
        });
      });
      clientRequest.on("error", (error) => {
        options.signal.removeEventListener("abort", giveUp);
        reject(error);
      });
      clientRequest.end();
    });
}

function startRequest(
  address: WebSocketAddress,
  request: HandshakeRequest,
  options: DialOptions,
  tls: ConnectionOptions,
): ClientRequest {
  // An IPv6 address has brackets in a URL and none in a look-up.
  const host = address.host.startsWith("[") ? address.host.slice(1, -1) : address.host;
  const requestOptions: RequestOptions = {
    host,
    port: address.port,
    path: request.target,
    method: request.method,
    headers: request.rawHeaders,
    // A connection of its own, which no agent will want back.
    agent: false,
    setHost: false,
    maxHeaderSize: options.maxHeaderBytes,
  };
  return address.secure ? httpsRequest({ ...tls, ...requestOptions }) : httpRequest(requestOptions);
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
