/**
 * Extended CONNECT requests as `node:http2` hands them over (RFC 8441).
 */
import type {
  Http2SecureServer,
  Http2Server,
  IncomingHttpHeaders,
  ServerHttp2Session,
  ServerHttp2Stream,
} from "node:http2";
import { constants } from "node:http2";
import type { ConnectRequest, ConnectResponse, HandshakeRequest } from "../../../protocol/index.js";
import type { ByteStream } from "../../byte-stream.js";
import { fieldsOf } from "./fields.js";
import { http2ByteStream } from "./http2-byte-stream.js";

/** An extended CONNECT request and the stream it came on. */
export interface ConnectUpgrade {
  /** The request without its pseudo-header fields, for those who read header lines only. */
  readonly head: HandshakeRequest;
  readonly request: ConnectRequest;
  /** The stream. What is written to it follows the head of the answer, which has to be sent first. */
  readonly stream: ByteStream;
  /** The session that it came over; undefined where that is gone. */
  readonly session: ServerHttp2Session | undefined;
  /** Whether the session is encrypted. */
  readonly isSecure: boolean;
  /**
   * Sends the head of the answer. Does nothing where the stream is gone.
   *
   * @throws Node's error for fields that it does not let through; then nothing has been sent
   */
  readonly respond: (response: ConnectResponse) => void;
}

/** A server of HTTP/2, over TLS or in clear text. */
export type AnyHttp2Server = Http2Server | Http2SecureServer;

type StreamListener = (
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  flags: number,
  rawHeaders: readonly string[],
) => void;

/**
 * Takes the extended CONNECT requests of a server, and leaves all others to it.
 *
 * RFC 8441 §3: clients may only ask after the server has said SETTINGS_ENABLE_CONNECT_PROTOCOL; sessions that begin from
 * now on are told so.
 *
 * @param upgrade must not throw
 * @returns stops taking them
 */
export function takeConnectRequests(server: AnyHttp2Server, upgrade: (upgrade: ConnectUpgrade) => void): () => void {
  server.updateSettings({ enableConnectProtocol: true });
  const onStream: StreamListener = (stream, headers, _flags, rawHeaders) => {
    if (headers[":method"] !== "CONNECT" || headers[":protocol"] === undefined) return;
    upgrade(readConnect(stream, rawHeaders));
  };
  // Where the application has a `request` listener, Node answers every CONNECT with 405 that no `connect` listener hears,
  // behind our back. Of those without `:protocol` (RFC 9113 §8.5) we are no proxy, either.
  const onConnect = (request: { readonly headers: IncomingHttpHeaders; readonly stream: ServerHttp2Stream }): void => {
    if (request.headers[":protocol"] !== undefined || server.listenerCount("connect") > 1) return;
    const { stream } = request;
    if (!stream.headersSent && !stream.destroyed) stream.respond({ ":status": 405, allow: "GET" }, { endStream: true });
  };
  server.on("stream", onStream);
  server.on("connect", onConnect);
  return () => {
    server.off("stream", onStream);
    server.off("connect", onConnect);
  };
}

function readConnect(stream: ServerHttp2Stream, allHeaders: readonly string[]): ConnectUpgrade {
  const pseudo = new Map<string, string>();
  const rawHeaders: string[] = [];
  for (let index = 0; index + 1 < allHeaders.length; index += 2) {
    const name = allHeaders[index] as string;
    const value = allHeaders[index + 1] as string;
    if (name.startsWith(":")) pseudo.set(name, value);
    else rawHeaders.push(name, value);
  }
  const path = pseudo.get(":path");
  return {
    head: { method: "CONNECT", httpVersion: "2.0", target: path ?? "", rawHeaders },
    request: {
      protocol: pseudo.get(":protocol") ?? "",
      scheme: pseudo.get(":scheme"),
      authority: pseudo.get(":authority"),
      path,
      rawHeaders,
    },
    stream: http2ByteStream(stream),
    session: stream.session as ServerHttp2Session | undefined,
    isSecure: stream.session?.encrypted === true,
    respond: (response) => respond(stream, response),
  };
}

function respond(stream: ServerHttp2Stream, { status, rawHeaders }: ConnectResponse): void {
  if (stream.destroyed || stream.closed) return;
  stream.respond({ ...fieldsOf(rawHeaders), ":status": status });
  if (status < 300) return;
  // RFC 9113 §8.1: a server whose answer is complete "MAY request that the client abort transmission of a request without
  // error by sending a RST_STREAM with an error code of NO_ERROR". Who is refused would have to end a stream that is of no
  // use to anybody, and counts against the session until then.
  stream.once("finish", () => {
    if (!stream.closed && !stream.destroyed) stream.close(constants.NGHTTP2_NO_ERROR);
  });
}
