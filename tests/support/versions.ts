/**
 * Servers that speak both versions of HTTP, and clients of each: whoever has a socket must not see which it came by.
 */
import { once } from "node:events";
import type { ClientRequest, IncomingMessage } from "node:http";
import { request as requestHttp } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import { request as requestHttps } from "node:https";
import type { Socket as TcpSocket } from "node:net";
import type { TestContext } from "node:test";
import type { ClientSocket, ConnectOptions, ServeOptions, Server } from "#src/index.js";
import { connect, serve } from "#src/index.js";
import { NodeByteStream } from "#src/transport/node/index.js";
import type { Http2Client } from "./http2-client.js";
import { answerOf, openHttp2Client } from "./http2-client.js";
import { startOwnPort } from "./own-port.js";
import { listen } from "./raw-http.js";
import { RawPeer } from "./raw-peer.js";
import { testOnlyCertificate, testOnlyKey } from "./test-only-certificate.js";

/** A version of HTTP, and whether it is over TLS. */
export interface Version {
  readonly name: string;
  readonly http2: boolean;
  readonly isSecure: boolean;
  /** Whether the server of HTTP/2 is the application's, and no port of ours. */
  readonly isOfApplication?: boolean;
}

/** What a table of tests goes over. */
export const versions: readonly Version[] = [
  { name: "HTTP/1.1", http2: false, isSecure: false },
  { name: "HTTP/1.1 over TLS", http2: false, isSecure: true },
  { name: "HTTP/2", http2: true, isSecure: false },
  { name: "HTTP/2 over TLS", http2: true, isSecure: true },
  { name: "HTTP/2 on a server of the application's", http2: true, isSecure: false, isOfApplication: true },
];

/** The answer to a handshake that was refused. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

type Fields = Readonly<Record<string, string>>;

/** A server, and its clients by one version. Those by HTTP/2 share a session, as far as they are one kind of client. */
export interface Visit<Data> {
  readonly server: Server<Data>;
  /** The server's URL without a path. */
  readonly url: string;
  /** Connects as applications do. */
  readonly connect: (options?: ConnectOptions, path?: string) => Promise<ClientSocket>;
  /** Asks for a WebSocket, with further header fields, which is refused. */
  readonly ask: (fields?: Fields, path?: string) => Promise<Answer>;
  /** Asks for a WebSocket, and speaks frames by hand. */
  readonly open: (fields?: Fields, path?: string) => Promise<RawPeer>;
}

/** Starts a server that speaks both versions, to be visited by one of them; closed when the test is over. */
export async function visit<Data = undefined>(
  t: TestContext,
  version: Version,
  options: Partial<ServeOptions<Data>> = {},
): Promise<Visit<Data>> {
  const { http2, isSecure } = version;
  const server = await startBoth<Data>(t, version, { closeTimeoutMs: 1000, ...options });
  const url = server.url.replace("127.0.0.1", "localhost");
  let client: Promise<Http2Client> | undefined;
  const http2Client = (): Promise<Http2Client> => (client ??= openHttp2Client(t, url));
  return {
    server,
    url,
    connect: (given = {}, path = "/") =>
      connect(url + path, { http2, ...(isSecure && { tls: { ca: testOnlyCertificate } }), ...given }),
    ask: async (fields = {}, path = "/") =>
      http2 ? await askHttp2(await http2Client(), fields, path) : await askHttp1(t, url, fields, path),
    open: async (fields = {}, path = "/") =>
      http2 ? await (await http2Client()).open({ ...fields, ":path": path }) : await openHttp1(t, url, fields, path),
  };
}

async function startBoth<Data>(
  t: TestContext,
  { isSecure, isOfApplication = false }: Version,
  options: Partial<ServeOptions<Data>>,
): Promise<Server<Data>> {
  if (!isOfApplication) {
    const tls = isSecure ? { tls: { key: testOnlyKey, cert: testOnlyCertificate } } : {};
    return await startOwnPort<Data>(t, { http2: true, ...tls, ...options });
  }
  const http = createHttp2Server();
  const server = await serve<Data>({ server: http, ...options });
  t.after(async () => {
    for (const socket of server.sockets) socket.terminate();
    await server.close();
    http.close();
  });
  await listen(http);
  return server;
}

async function askHttp2(client: Http2Client, fields: Fields, path: string): Promise<Answer> {
  const stream = client.ask({ ...fields, ":path": path });
  stream.setEncoding("utf8");
  let body = "";
  stream.on("data", (text: string) => {
    body += text;
  });
  const ended = once(stream, "end");
  const head = await answerOf(stream);
  await ended;
  stream.end();
  const headers = new Headers();
  for (const [name, value] of Object.entries(head)) {
    if (!name.startsWith(":")) for (const one of [value ?? ""].flat()) headers.append(name, one);
  }
  return { status: Number(head[":status"]), headers, body };
}

function upgradeOf(t: TestContext, url: string, fields: Fields, path: string): ClientRequest {
  const { protocol, host } = new URL(url);
  const headers = {
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    ...fields,
  };
  const isSecure = protocol === "wss:";
  const target = new URL(`${isSecure ? "https" : "http"}://${host}${path}`);
  const request = isSecure
    ? requestHttps(target, { headers, agent: false, ca: testOnlyCertificate })
    : requestHttp(target, { headers, agent: false });
  t.after(() => request.destroy());
  return request.end();
}

async function askHttp1(t: TestContext, url: string, fields: Fields, path: string): Promise<Answer> {
  const [response] = (await once(upgradeOf(t, url, fields, path), "response")) as [IncomingMessage];
  response.setEncoding("utf8");
  let body = "";
  for await (const text of response) body += String(text);
  const headers = new Headers();
  for (const [name, values] of Object.entries(response.headersDistinct)) {
    for (const value of values ?? []) headers.append(name, value);
  }
  return { status: response.statusCode ?? 0, headers, body };
}

async function openHttp1(t: TestContext, url: string, fields: Fields, path: string): Promise<RawPeer> {
  const [, socket, head] = (await once(upgradeOf(t, url, fields, path), "upgrade")) as [unknown, TcpSocket, Buffer];
  t.after(() => socket.destroy());
  return new RawPeer(new NodeByteStream(socket, head), "client");
}
