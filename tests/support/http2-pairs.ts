/**
 * Two byte streams that are the ends of one stream of HTTP/2, over the loopback interface.
 */
import { once } from "node:events";
import type { ClientHttp2Session, ClientHttp2Stream, ServerHttp2Stream } from "node:http2";
import { connect, createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { http2ByteStream } from "#src/transport/node/index.js";
import type { ByteStreamPair } from "../contract/byte-stream.js";

/** The near side is the server's. */
export async function connectHttp2Pair(): Promise<ByteStreamPair & { readonly farStream: ClientHttp2Stream }> {
  const server = createServer({ settings: { enableConnectProtocol: true } });
  server.listen({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  const session: ClientHttp2Session = connect(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}`);
  await once(session, "remoteSettings");
  const far = session.request(
    { ":method": "CONNECT", ":protocol": "websocket", ":scheme": "http", ":authority": "localhost", ":path": "/" },
    { endStream: false },
  );
  const [near] = (await once(server, "stream")) as [ServerHttp2Stream];
  near.respond({ ":status": 200 });
  await once(far, "response");
  return {
    near: http2ByteStream(near),
    far: http2ByteStream(far),
    farStream: far,
    resetFar: () => far.close(2),
    release: () => {
      near.destroy();
      session.destroy();
      server.close();
    },
  };
}
