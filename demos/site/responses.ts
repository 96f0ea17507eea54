// What the site answers over HTTP, with the headers that all of it has.
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { StaticFile } from "./static-files.js";

/**
 * Scripts, styles, images and connections of this server only; no HTML from strings. Media only of what a page's own script
 * hands to a player (`URL.createObjectURL` of a `MediaSource`), for there is no other way to do that in every browser.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "media-src blob:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join("; ");

const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "Content-Security-Policy": CONTENT_SECURITY_POLICY,
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
};

/** Answers with a status and a line of text. */
export function refuse(
  response: ServerResponse,
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { ...SECURITY_HEADERS, ...headers, "Content-Type": "text/plain; charset=utf-8" });
  response.end(`${text}\n`);
}

/** Answers a request for a WebSocket that nobody takes, and ends the connection. */
export function refuseUpgrade(
  socket: Duplex,
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const fields = { ...headers, "Content-Type": "text/plain; charset=utf-8", Connection: "close" };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}`);
  // Whoever asked may be gone.
  socket.on("error", () => undefined);
  socket.end([`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`, ...lines, "", `${text}\n`].join("\r\n"));
}

/** Answers that only pages are read here, unless the request only reads. */
export function refuseOtherThanGet(request: IncomingMessage, response: ServerResponse): boolean {
  if (request.method === "GET" || request.method === "HEAD") return false;
  refuse(response, 405, "Method not allowed", { Allow: "GET, HEAD" });
  return true;
}

/** Answers with a file, or that the browser has it already. */
export function sendFile(request: IncomingMessage, response: ServerResponse, file: StaticFile): void {
  // `no-cache` lets browsers keep the file but ask whether it changed, so a restarted server never meets an old page.
  const headers = { ...SECURITY_HEADERS, "Cache-Control": "no-cache", ETag: file.etag };
  if (request.headers["if-none-match"] === file.etag) {
    response.writeHead(304, headers).end();
    return;
  }
  response.writeHead(200, { ...headers, "Content-Type": file.contentType, "Content-Length": file.body.length });
  response.end(request.method === "HEAD" ? undefined : file.body);
}
