// The HTTP side of the site: the pages' files, and then whatever demo wants a request.
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { RunningDemo } from "./demo.js";
import { refuse, refuseOtherThanGet, refuseUpgrade, sendFile } from "./responses.js";
import type { StaticFile } from "./static-files.js";

/** The request's URL with a placeholder for a host: only its path and query are looked at. */
function urlOf(request: IncomingMessage): URL | undefined {
  const target = request.url ?? "/";
  return URL.canParse(target, "http://site.invalid") ? new URL(target, "http://site.invalid") : undefined;
}

/**
 * Answers the HTTP requests of the site.
 * @param files The pages' files by URL path.
 * @param demos The demos that run, asked in this order; more may join while it is in use.
 */
export function createRequestListener(
  files: ReadonlyMap<string, StaticFile>,
  demos: readonly RunningDemo[],
): RequestListener {
  return (request: IncomingMessage, response: ServerResponse) => {
    const url = urlOf(request);
    if (url === undefined) {
      refuse(response, 400, "Bad request");
      return;
    }
    const file = files.get(url.pathname);
    if (file !== undefined) {
      if (!refuseOtherThanGet(request, response)) sendFile(request, response, file);
    } else if (demos.some((demo) => demo.request?.(request, response, url) === true)) {
      // It is being answered.
    } else if (files.has(`${url.pathname}/`)) {
      refuse(response, 308, "The page has a slash at its end", { Location: `${url.pathname}/` });
    } else {
      refuse(response, 404, "Not found");
    }
  };
}

/**
 * Answers the requests for WebSockets that are not taken by a `serve` on the same HTTP server.
 * @param socketPaths The paths of all demos' WebSockets.
 * @param demos The demos that run.
 */
export function createUpgradeListener(
  socketPaths: ReadonlySet<string>,
  demos: readonly RunningDemo[],
): (request: IncomingMessage, socket: Duplex, head: Uint8Array) => void {
  return (request, socket, head) => {
    const url = urlOf(request);
    if (url !== undefined && demos.some((demo) => demo.upgrade?.(request, socket, head, url) === true)) return;
    if (url === undefined || !socketPaths.has(url.pathname)) refuseUpgrade(socket, 404, "Not found");
  };
}
