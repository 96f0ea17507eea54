// What the live page answers over HTTP: the updates for those who poll.
import type { IncomingMessage, ServerResponse } from "node:http";
import { refuse, refuseOtherThanGet } from "../site/responses.js";
import { okHeadBytes, requestHeadBytes } from "./head-size.js";
import { HEAD_BYTES_HEADER, LIVE_PATH, UPDATES_PATH } from "./shared/limits.js";
import type { UpdateStream } from "./updates.js";

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
 * Answers the live page's own requests.
 * @param updates What is polled.
 * @returns Whether the request was one of them.
 */
export function answer(request: IncomingMessage, response: ServerResponse, url: URL, updates: UpdateStream): boolean {
  if (url.pathname === LIVE_PATH) {
    refuse(response, 426, "This is a WebSocket endpoint", { Upgrade: "websocket", Connection: "Upgrade" });
    return true;
  }
  if (url.pathname !== UPDATES_PATH) return false;
  if (!refuseOtherThanGet(request, response)) {
    sendUpdates(request, response, JSON.stringify(updates.after(afterSequence(url))));
  }
  return true;
}
