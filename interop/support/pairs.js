/**
 * The pairs of implementations that talk to each other: openline at one end, another library at the other.
 */
import { openlineClient, startOpenlineServer } from "./openline-end.js";
import { whatwgClient, whatwgWebSockets } from "./whatwg-end.js";
import { startWsServer, wsClient } from "./ws-end.js";

/** @typedef {import("./end.js").End} End */

/**
 * @typedef {object} Pair
 * @property {string} name
 * @property {(options?: object) => Promise<{ url: string, nextEnd: () => Promise<End>, stop: () => Promise<void> }>} startServer
 * @property {(url: string, options?: object) => Promise<End>} connect
 */

/** @type {Pair} */
export const wsToOpenline = { name: "ws client, openline server", startServer: startOpenlineServer, connect: wsClient };

/** @type {Pair} */
export const openlineToWs = { name: "openline client, ws server", startServer: startWsServer, connect: openlineClient };

/** @type {Pair[]} */
export const whatwgToOpenline = Object.keys(whatwgWebSockets).map((library) => ({
  name: `${library} client, openline server`,
  startServer: startOpenlineServer,
  connect: (url, options) => whatwgClient(library, url, options),
}));

/** Every pair. */
export const pairs = [wsToOpenline, openlineToWs, ...whatwgToOpenline];

/**
 * Connects the two ends of a pair, for as long as the test runs.
 *
 * @param {import("node:test").TestContext} test
 * @param {Pair} pair
 * @param {{ server?: object, client?: object }} [options] the libraries' own options
 */
export async function join(test, pair, options = {}) {
  const running = await pair.startServer(options.server);
  test.after(() => running.stop());
  const client = await pair.connect(running.url, options.client);
  const server = await running.nextEnd();
  const openlineEnd = client.library === "openline" ? client : server;
  return { client, server, openline: openlineEnd, other: openlineEnd === client ? server : client };
}
