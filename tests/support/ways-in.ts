/**
 * Every way in which an upgrade comes to a server on Node. Whoever connects must not see which it is.
 */
import { once } from "node:events";
import type { Server as HttpServer } from "node:http";
import { createServer } from "node:http";
import type { TestContext } from "node:test";
import type { ServeOptions, Server } from "#src/index.js";
import { serve } from "#src/index.js";
import { startOwnPort } from "./own-port.js";
import { listen, requestText } from "./raw-http.js";
import { TextClient } from "./text-client.js";
import { upgradeHeaders } from "./upgrades.js";

export const waysIn = [
  "port over net",
  "port over handle",
  "HTTP server",
  "HTTP server over handle",
  "no server",
] as const;

export interface WayIn<Data> {
  readonly port: number;
  readonly server: Server<Data>;
}

/** Starts a server that listens on 127.0.0.1; closed when the test is over, without waiting long for anybody. */
export async function startWayIn<Data = undefined>(
  t: TestContext,
  way: (typeof waysIn)[number],
  given: Partial<ServeOptions<Data>>,
): Promise<WayIn<Data>> {
  const options = { closeTimeoutMs: 100, ...given };
  if (way === "port over net" || way === "port over handle") {
    const server = await startOwnPort<Data>(t, { transport: way === "port over net" ? "net" : "handle", ...options });
    return { port: server.port, server };
  }
  const http = createServer();
  t.after(() => closeHttp(http));
  const transport = way === "HTTP server over handle" ? "handle" : "net";
  const server = await serve<Data>({
    transport,
    ...(way === "no server" ? { noServer: true } : { server: http }),
    ...options,
  });
  t.after(() => {
    for (const socket of server.sockets) socket.terminate();
    return server.close();
  });
  if (way === "no server") http.on("upgrade", (request, socket, head) => server.handleUpgrade(request, socket, head));
  return { port: await listen(http), server };
}

async function closeHttp(http: HttpServer): Promise<void> {
  http.closeAllConnections();
  http.close();
  if (http.listening) await once(http, "close");
}

/** Header lines of a proper request, with the `Host` that a client of this port sends, and `extra` behind them. */
export function headersFor(host: string, ...extra: readonly string[]): string[] {
  const headers = upgradeHeaders(...extra);
  headers[1] = host;
  return headers;
}

/** Sends a request, and reads the head of the answer, with the body where it refuses. */
export async function answerAt(t: TestContext, port: number, rawHeaders: readonly string[]): Promise<string> {
  const client = await TextClient.connect(t, port);
  client.write(requestText(rawHeaders));
  await client.untilEndOr(/^HTTP\/1\.1 101 .*\r\n\r\n/su);
  const answer = client.hasEnded ? await client.untilEnd() : await client.until(/\r\n\r\n/u);
  // A server waits for the end of those it has refused.
  if (!answer.startsWith("HTTP/1.1 101")) client.socket.destroy();
  return answer;
}

/** The status of the answer. */
export async function statusAt(t: TestContext, port: number, rawHeaders: readonly string[]): Promise<number> {
  return Number(/^HTTP\/1\.1 (\d{3}) /u.exec(await answerAt(t, port, rawHeaders))?.[1]);
}
