/**
 * HTTP over TCP by hand: for requests that no client would send, and answers that no server would give.
 */
import { once } from "node:events";
import type { AddressInfo, Server, Socket } from "node:net";
import { connect, createServer } from "node:net";
import type { TestContext } from "node:test";
import { NodeByteStream } from "#src/transport/node/index.js";
import type { HttpReply } from "./http-reply.js";
import { headBytes, parseReply } from "./http-reply.js";
import { RawPeer } from "./raw-peer.js";
import { upgradeHeaders } from "./upgrades.js";

/** A request as text, with the blank line at its end. */
export function requestText(rawHeaders: readonly string[] = upgradeHeaders(), requestLine = "GET / HTTP/1.1"): string {
  let text = `${requestLine}\r\n`;
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    text += `${rawHeaders[index] ?? ""}: ${rawHeaders[index + 1] ?? ""}\r\n`;
  }
  return `${text}\r\n`;
}

/** Connects to a port of this machine; cut when the test is over. */
export async function connectRaw(t: TestContext, port: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  t.after(() => socket.destroy());
  await once(socket, "connect");
  return socket;
}

/** Sends a request, and reads the answer until the other side ends. Takes resets for an end. */
export async function exchange(t: TestContext, port: number, request: string | Uint8Array): Promise<HttpReply> {
  const socket = await connectRaw(t, port);
  const chunks: Buffer[] = [];
  socket.on("data", (chunk) => chunks.push(chunk));
  socket.on("error", () => socket.destroy());
  socket.write(request);
  await Promise.race([once(socket, "end"), once(socket, "close")]);
  socket.end();
  return parseReply(Buffer.concat(chunks));
}

/** Upgrades, and goes on as a peer that speaks frames by hand; `early` is sent with the request. */
export async function upgradeRaw(
  t: TestContext,
  port: number,
  request: string = requestText(),
  early: Uint8Array = new Uint8Array(0),
): Promise<{ readonly reply: HttpReply; readonly peer: RawPeer; readonly socket: Socket }> {
  const socket = await connectRaw(t, port);
  socket.write(Buffer.concat([Buffer.from(request, "latin1"), early]));
  let bytes = Buffer.alloc(0);
  while (headBytes(bytes) === undefined) {
    const [chunk] = (await once(socket, "data")) as [Buffer];
    bytes = Buffer.concat([bytes, chunk]);
  }
  socket.pause();
  const reply = parseReply(bytes);
  return { reply, peer: new RawPeer(new NodeByteStream(socket, reply.rest), "client"), socket };
}

/** A server that does with each connection what it is told; closed when the test is over. */
export async function serveRaw(t: TestContext, handle: (socket: Socket) => void): Promise<number> {
  const server = createServer({ allowHalfOpen: true });
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    handle(socket);
  });
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return listen(server);
}

/** Listens on a free port of this machine, which it returns. */
export async function listen(server: Server): Promise<number> {
  server.listen({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** Answers each request with what `reply` makes of its head. */
export function replying(reply: (head: string) => string): (socket: Socket) => void {
  return (socket) => {
    let bytes = Buffer.alloc(0);
    socket.on("data", (chunk) => {
      const had = headBytes(bytes) !== undefined;
      bytes = Buffer.concat([bytes, chunk]);
      const length = headBytes(bytes);
      if (!had && length !== undefined)
        socket.write(Buffer.from(reply(bytes.subarray(0, length).toString("latin1")), "latin1"));
    });
  };
}

/** The value of a header of a request. */
export function headerOf(head: string, name: string): string | undefined {
  return new RegExp(`^${name}: *(.*?)\\r?$`, "imu").exec(head)?.[1];
}
