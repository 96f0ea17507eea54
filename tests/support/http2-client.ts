/**
 * A client that asks for WebSockets by extended CONNECT, written straight on `node:http2`.
 */
import { once } from "node:events";
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from "node:http2";
import { connect } from "node:http2";
import type { TestContext } from "node:test";
import { http2ByteStream } from "#src/transport/node/index.js";
import { RawPeer } from "./raw-peer.js";
import { testOnlyCertificate } from "./test-only-certificate.js";

export interface Http2Client {
  readonly session: ClientHttp2Session;
  /** Asks for a WebSocket; with other fields where `headers` names them. */
  readonly ask: (headers?: Readonly<Record<string, string | undefined>>) => ClientHttp2Stream;
  /** Asks for a WebSocket, which must be accepted. */
  readonly open: (headers?: Readonly<Record<string, string | undefined>>) => Promise<RawPeer>;
}

/** The head of the answer. */
export async function answerOf(stream: ClientHttp2Stream): Promise<IncomingHttpHeaders> {
  const [headers] = (await once(stream, "response")) as [IncomingHttpHeaders];
  return headers;
}

/**
 * Opens a session to a server, by the `ws://` or `wss://` URL of it.
 *
 * @param server closed after the session is gone, at the end of the test
 */
export async function openHttp2Client(
  t: TestContext,
  url: string,
  server?: { close(): Promise<void> },
): Promise<Http2Client> {
  const { protocol, host } = new URL(url);
  const scheme = protocol === "wss:" ? "https" : "http";
  const session = connect(`${scheme}://${host}`, { ca: testOnlyCertificate });
  session.on("error", () => undefined);
  t.after(async () => {
    session.destroy();
    await server?.close();
  });
  await once(session, "remoteSettings");
  const ask: Http2Client["ask"] = (headers = {}) => {
    const all = {
      ":method": "CONNECT",
      ":protocol": "websocket",
      ":scheme": scheme,
      ":path": "/",
      ":authority": host,
      "sec-websocket-version": "13",
      ...headers,
    };
    const given = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
    return session.request(given, { endStream: false });
  };
  return {
    session,
    ask,
    open: async (headers) => {
      const stream = ask(headers);
      const answer = await answerOf(stream);
      if (Number(answer[":status"]) !== 200) throw new Error(`status ${String(answer[":status"])}`);
      return new RawPeer(http2ByteStream(stream), "client");
    },
  };
}
