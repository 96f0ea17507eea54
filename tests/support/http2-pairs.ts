/**
 * Two byte streams that are the ends of one stream of HTTP/2, over the loopback interface.
 */
import { once } from "node:events";
import type { ClientHttp2Session, ClientHttp2Stream, ServerHttp2Stream } from "node:http2";
import { connect, createSecureServer, createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { http2ByteStream } from "#src/transport/node/index.js";
import type { ByteStreamPair } from "../contract/byte-stream.js";
import { testOnlyCertificate, testOnlyKey } from "./test-only-certificate.js";

/** What is to be known of a pair. */
export interface Http2PairOptions {
  /** Whose end is the near one. Default the server's. */
  readonly near?: "server" | "client";
  /** Whether the session is over TLS. Default false. */
  readonly isSecure?: boolean;
}

export interface Http2Pair extends ByteStreamPair {
  /** The stream below the far side. */
  readonly farStream: ClientHttp2Stream | ServerHttp2Stream;
}

/** Makes a session of its own with one stream. */
export async function connectHttp2Pair({
  near = "server",
  isSecure = false,
}: Http2PairOptions = {}): Promise<Http2Pair> {
  const settings = { enableConnectProtocol: true };
  const server = isSecure
    ? createSecureServer({ settings, key: testOnlyKey, cert: testOnlyCertificate })
    : createServer({ settings });
  server.listen({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  const origin = `${isSecure ? "https" : "http"}://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  const session: ClientHttp2Session = connect(origin, { ca: testOnlyCertificate });
  await once(session, "remoteSettings");
  const asking = session.request(
    { ":method": "CONNECT", ":protocol": "websocket", ":scheme": "http", ":authority": "localhost", ":path": "/" },
    { endStream: false },
  );
  const [answering] = (await once(server, "stream")) as [ServerHttp2Stream];
  answering.respond({ ":status": 200 });
  await once(asking, "response");
  const [nearStream, farStream] = near === "server" ? [answering, asking] : [asking, answering];
  return {
    near: http2ByteStream(nearStream),
    far: http2ByteStream(farStream),
    farStream,
    resetFar: () => farStream.close(2),
    release: () => {
      answering.destroy();
      session.destroy();
      server.close();
    },
  };
}
