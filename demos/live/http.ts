// The HTTP side of the live page: its files, and the updates for those who poll.
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { okHeadBytes, requestHeadBytes } from "./head-size.js";
import { HEAD_BYTES_HEADER, LIVE_PATH, UPDATES_PATH } from "./shared/limits.js";
import type { StaticFile } from "./static-files.js";
import type { UpdateStream } from "./updates.js";

/** Scripts, styles, images and connections of this server only; no HTML from strings. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
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

function refuse(
  response: ServerResponse,
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { ...SECURITY_HEADERS, ...headers, "Content-Type": "text/plain; charset=utf-8" });
  response.end(`${text}\n`);
}

function sendFile(request: IncomingMessage, response: ServerResponse, file: StaticFile): void {
  // `no-cache` lets browsers keep the file but ask whether it changed, so a restarted server never meets an old page.
  const headers = { ...SECURITY_HEADERS, "Cache-Control": "no-cache", ETag: file.etag };
  if (request.headers["if-none-match"] === file.etag) {
    response.writeHead(304, headers).end();
    return;
  }
  response.writeHead(200, { ...headers, "Content-Type": file.contentType, "Content-Length": file.body.length });
  response.end(request.method === "HEAD" ? undefined : file.body);
}

/** The `after` of a poll: nothing when it is not a sequence number. */
function afterSequence(url: URL): number | undefined {
  const after = url.searchParams.get("after");
  return after !== null && /^\d{1,15}$/.test(after) ? Number(after) : undefined;
}

function sendUpdates(request: IncomingMessage, response: ServerResponse, body: string): void {
  // Polling is compared with the WebSocket by its octets, so it gets the leanest head that does the job, and every line
  // of it is written here, so that it can be counted.
  const headers = {
    "Content-Type": "application/json",
    "Content-Length": String(Buffer.byteLength(body)),
    "Cache-Control": "no-store",
    Date: new Date().toUTCString(),
    Connection: "keep-alive",
  };
  const headBytes = requestHeadBytes(request) + okHeadBytes(headers);
  response.writeHead(200, { ...headers, [HEAD_BYTES_HEADER]: String(headBytes) });
  response.end(request.method === "HEAD" ? undefined : body);
}

/**
 * Answers the HTTP requests of the live page.
 * @param files The page's files by URL path.
 * @param updates What is polled.
 */
export function createRequestListener(files: ReadonlyMap<string, StaticFile>, updates: UpdateStream): RequestListener {
  return (request, response) => {
    // The base is a placeholder: only the path and the query are looked at.
    const target = request.url ?? "/";
    const url = URL.canParse(target, "http://live.invalid") ? new URL(target, "http://live.invalid") : undefined;
    const file = url && files.get(url.pathname);
    if (url === undefined) {
      refuse(response, 400, "Bad request");
    } else if (url.pathname === LIVE_PATH) {
      refuse(response, 426, "This is a WebSocket endpoint", { Upgrade: "websocket", Connection: "Upgrade" });
    } else if (file === undefined && url.pathname !== UPDATES_PATH) {
      refuse(response, 404, "Not found");
    } else if (request.method !== "GET" && request.method !== "HEAD") {
      refuse(response, 405, "Method not allowed", { Allow: "GET, HEAD" });
    } else if (file !== undefined) {
      sendFile(request, response, file);
    } else {
      sendUpdates(request, response, JSON.stringify(updates.after(afterSequence(url))));
    }
  };
}
