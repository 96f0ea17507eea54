// What a demo is to the site: a page under a path, what it answers over HTTP beside the page, and what it does on the
// site's HTTP server once that is there.
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Traffic } from "./traffic.js";

/** A demo that has been made and not been started. */
export interface Demo {
  /** The folder of the built page under the site's build folder, and the demo's name in messages. */
  readonly name: string;
  /** The URL path of the page, with a slash at both ends. */
  readonly path: string;
  /** The URL paths of its WebSockets. What is asked for under another one is answered with 404. */
  readonly socketPaths: readonly string[];
  /**
   * Starts it. Its WebSockets are taken with `serve({ server, path })`.
   * @param server The site's HTTP server, which listens already.
   * @param site What the demos of the site count in processes of their own.
   */
  start(server: Server, site: SiteTraffic): Promise<RunningDemo>;
}

/** What goes over the WebSockets of the site that end in other processes. */
export interface SiteTraffic {
  /** The totals of all demos, as they were told last. */
  traffic(): Traffic;
}

/** A demo that runs. */
export interface RunningDemo {
  /**
   * Answers a request that is for none of the pages' files.
   * @param url The request's URL, with a placeholder for a host.
   * @returns Whether it was this demo's, and has been or will be answered.
   */
  request?(request: IncomingMessage, response: ServerResponse, url: URL): boolean;
  /**
   * Takes a request for a WebSocket, where the demo does not take it with `serve`.
   * @returns Whether it was this demo's, and has been or will be answered.
   */
  upgrade?(request: IncomingMessage, socket: Duplex, head: Uint8Array, url: URL): boolean;
  /** Where its WebSockets end in another process: what that has counted, as it was told last. Totals never get less. */
  traffic?(): Traffic;
  /** Says goodbye to every page and resolves when all is closed, no later than after `deadlineMs`. */
  close(deadlineMs: number): Promise<void>;
}
