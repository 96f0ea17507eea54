/**
 * Servers and clients of `openline/ws` on loopback, and peers that speak frames by hand to either.
 */
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { createServer, request as httpRequest } from "node:http";
import type { AddressInfo, Socket as TcpSocket } from "node:net";
import type { TestContext } from "node:test";
import type { ClientOptions, ServerOptions } from "#src/compat/ws/index.js";
import WebSocket, { WebSocketServer } from "#src/compat/ws/index.js";
import { acceptValue } from "#src/protocol/index.js";
import { NodeByteStream } from "#src/transport/node/index.js";
import { RawPeer } from "./raw-peer.js";

/** Where a server listens. */
export function urlOf(server: { address(): unknown }, path = "/"): string {
  return `ws://127.0.0.1:${String((server.address() as AddressInfo).port)}${path}`;
}

/** A server on a port of its own, which is closed with its sockets when the test is over. */
export async function openServer(test: TestContext, options: ServerOptions = {}): Promise<WebSocketServer> {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, ...options });
  test.after(async () => {
    for (const client of server.clients ?? []) client.terminate();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });
  await once(server, "listening");
  return server;
}

/** A client, which is cut when the test is over. */
export function openClient(
  test: TestContext,
  url: string | URL,
  protocols?: string | string[] | ClientOptions,
  options?: ClientOptions,
): WebSocket {
  const client =
    typeof protocols === "object" && !Array.isArray(protocols)
      ? new WebSocket(url, protocols)
      : new WebSocket(url, protocols, options);
  test.after(async () => {
    if (client.readyState === WebSocket.CLOSED) return;
    client.on("error", () => undefined);
    const closed = new Promise((resolve) => client.once("close", resolve));
    client.terminate();
    await closed;
  });
  return client;
}

/** Both ends of one connection. */
export interface Pair {
  readonly server: WebSocketServer;
  readonly client: WebSocket;
  /** The server's end. */
  readonly socket: WebSocket;
  readonly request: IncomingMessage;
}

/** Connects a client to a server. */
export async function openPair(
  test: TestContext,
  serverOptions: ServerOptions = {},
  clientOptions: ClientOptions = {},
): Promise<Pair> {
  const server = await openServer(test, serverOptions);
  const client = openClient(test, urlOf(server), clientOptions);
  const opened = once(client, "open");
  const [socket, request] = (await once(server, "connection")) as [WebSocket, IncomingMessage];
  await opened;
  return { server, client, socket, request };
}

/** A client that speaks by hand to a server, and the server's end. */
export async function openRawClient(
  test: TestContext,
  serverOptions: ServerOptions = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly server: WebSocketServer; readonly socket: WebSocket; readonly peer: RawPeer }> {
  const server = await openServer(test, serverOptions);
  const connection = once(server, "connection");
  const request = httpRequest(urlOf(server).replace("ws:", "http:"), { headers: { ...upgradeHeaders, ...headers } });
  request.end();
  const [, tcp, head] = (await once(request, "upgrade")) as [IncomingMessage, TcpSocket, Buffer];
  test.after(() => tcp.destroy());
  const [socket] = (await connection) as [WebSocket];
  return { server, socket, peer: new RawPeer(new NodeByteStream(tcp, head), "client") };
}

/** What an upgrade request says. */
export const upgradeHeaders: Readonly<Record<string, string>> = {
  Connection: "Upgrade",
  Upgrade: "websocket",
  "Sec-WebSocket-Version": "13",
  "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
};

/** A client, and a server that speaks by hand to it. */
export async function openRawServer(
  test: TestContext,
  clientOptions: ClientOptions = {},
): Promise<{ readonly client: WebSocket; readonly peer: RawPeer }> {
  const http = createServer();
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  test.after(() => http.close());
  const client = openClient(test, urlOf(http), clientOptions);
  const opened = once(client, "open");
  const [request, tcp] = (await once(http, "upgrade")) as [IncomingMessage, TcpSocket];
  test.after(() => tcp.destroy());
  tcp.write(
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      `Sec-WebSocket-Accept: ${acceptValue(request.headers["sec-websocket-key"] ?? "")}\r\n\r\n`,
  );
  const peer = new RawPeer(new NodeByteStream(tcp), "server");
  await opened;
  return { client, peer };
}

/** What a message, be it a string or octets, says. */
export function textOf(data: unknown): string {
  return (data as Buffer | string).toString();
}

/** The next events of a name, each with its arguments. */
export async function take(emitter: NodeJS.EventEmitter, event: string, count: number): Promise<unknown[][]> {
  const taken: unknown[][] = [];
  await new Promise<void>((resolve) => {
    const listener = (...args: unknown[]): void => {
      taken.push(args);
      if (taken.length < count) return;
      emitter.removeListener(event, listener);
      resolve();
    };
    emitter.on(event, listener);
  });
  return taken;
}
