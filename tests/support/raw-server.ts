/**
 * Servers by hand, for clients to connect to: what they answer, and frames that no server of ours would send.
 */
import type { TestContext } from "node:test";
import { acceptValue } from "#src/protocol/index.js";
import { headerOf, replying, serveRaw } from "./raw-http.js";

/** The answer that accepts a request, with further header lines. */
export function acceptingHead(head: string, ...lines: readonly string[]): string {
  const accept = acceptValue(headerOf(head, "Sec-WebSocket-Key") ?? "");
  return [
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Accept: ${accept}`,
    ...lines,
    "\r\n",
  ].join("\r\n");
}

/** Starts a server that accepts everybody, with further header lines, and sends octets right behind. Returns its URL. */
export async function startHostileServer(
  t: TestContext,
  lines: readonly string[],
  octets: Uint8Array = new Uint8Array(0),
): Promise<string> {
  const port = await serveRaw(
    t,
    replying((head) => acceptingHead(head, ...lines) + Buffer.from(octets).toString("latin1")),
  );
  return `ws://127.0.0.1:${port}`;
}
