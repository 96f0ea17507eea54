/**
 * Servers of HTTP/2 to connect to: ours, and bare ones of `node:http2` that do as they are told.
 */
import { once } from "node:events";
import type { Http2Session, ServerHttp2Stream } from "node:http2";
import { createServer } from "node:http2";
import type { AddressInfo, Socket as TcpSocket } from "node:net";
import type { TestContext } from "node:test";
import type { ServeOptions, Server } from "#src/index.js";
import { serve } from "#src/index.js";

/** A server of ours that speaks both versions, and counts what its kernel gives it. */
export async function startServer(
  t: TestContext,
  options: Partial<ServeOptions<unknown>> = {},
): Promise<Server<unknown>> {
  const server = await serve({
    port: 0,
    http2: true,
    message: (socket, message) => void socket.send(message),
    ...options,
  });
  t.after(() => {
    // A raw peer does not answer a Close frame, and would have us wait for its deadline.
    for (const socket of server.sockets) socket.terminate();
    return server.close();
  });
  return server;
}

export interface Bare {
  readonly url: string;
  readonly connections: readonly TcpSocket[];
  readonly sessions: readonly Http2Session[];
  readonly streams: readonly ServerHttp2Stream[];
  /** The error codes of the GOAWAY frames that have come. */
  readonly goodbyes: readonly number[];
  readonly untilStreams: (count: number) => Promise<void>;
}

/** A bare server of HTTP/2. */
export async function startBare(
  t: TestContext,
  answer: (stream: ServerHttp2Stream, count: number) => void,
  settings: Record<string, unknown> = { enableConnectProtocol: true },
): Promise<Bare> {
  const server = createServer({ settings });
  const connections: TcpSocket[] = [];
  server.on("connection", (socket: TcpSocket) => connections.push(socket));
  const sessions: Http2Session[] = [];
  const streams: ServerHttp2Stream[] = [];
  const goodbyes: number[] = [];
  server.on("session", (session) => {
    sessions.push(session);
    session.on("error", () => undefined);
    session.on("goaway", (code: number) => goodbyes.push(code));
  });
  server.on("sessionError", () => undefined);
  server.on("stream", (stream: ServerHttp2Stream) => {
    stream.on("error", () => undefined);
    streams.push(stream);
    answer(stream, streams.length);
    server.emit("counted");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  const untilStreams = async (count: number): Promise<void> => {
    while (streams.length < count) await once(server, "counted");
  };
  return {
    url: `ws://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    connections,
    sessions,
    streams,
    goodbyes,
    untilStreams,
  };
}

/** Accepts whatever is asked. */
export function accept(stream: ServerHttp2Stream): void {
  stream.respond({ ":status": 200 });
}

/** The error that a promise is rejected with. */
export async function rejection(promise: Promise<unknown>): Promise<Error & { code?: string; cause?: unknown }> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error("it did not reject");
}
