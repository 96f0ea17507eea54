import { loadProgram } from "../load/build.js";

/**
 * What the load generator is to do; see `load/settings.c`.
 *
 * @typedef {object} LoadSettings
 * @property {"echo" | "broadcast" | "connect" | "serve" | "channels" | "members"} mode
 * @property {number} connections
 * @property {number} [warmConnections]
 * @property {number} [messageBytes]
 * @property {number} inFlight
 * @property {"binary" | "text" | "utf8" | "json"} [type]
 * @property {boolean} [deflate] with permessage-deflate; "connect" sends one message on each connection then
 * @property {number} [rooms] that connections subscribe to, in turns
 * @property {number} [rate] messages a second, to all rooms together, instead of a number in flight
 * @property {boolean} [byClient] whether a client publishes, and not the server
 * @property {number} [settleSeconds] after all have subscribed, before anything is published: for servers of several
 *   nodes that do not tell when what somebody subscribes to is known at the others
 * @property {boolean} [together] of several nodes, whether all subscribers of a room are at the same one
 * @property {number} [more] channels that each connection subscribes to when asked for more
 */

/**
 * The command that runs it.
 *
 * @param {LoadSettings} settings
 * @param {{ port?: number | readonly number[], tls?: boolean, feedPort?: number | readonly number[], speaks?: string }} where
 *   one port, or one of each node
 * @returns {readonly string[]}
 */
export function loadCommand(settings, { port, tls, feedPort, speaks }) {
  const {
    mode,
    connections,
    warmConnections,
    messageBytes,
    inFlight,
    type,
    deflate,
    rooms,
    rate,
    byClient,
    more,
    together,
    settleSeconds,
  } = settings;
  const options = {
    "--port": port,
    "--connections": connections,
    "--warm-connections": warmConnections,
    "--bytes": messageBytes,
    "--in-flight": inFlight,
    "--type": type,
    "--speak": speaks,
    "--feed-port": feedPort,
    "--rooms": rooms,
    "--rate": rate,
    "--more": more,
    "--settle": settleSeconds,
  };
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const chosen = { "--tls": tls, "--deflate": deflate, "--by-client": byClient, "--together": together };
  const switches = Object.keys(chosen).filter((name) => chosen[name]);
  return [loadProgram, mode, ...given.flatMap(([name, value]) => [name, String(value)]), ...switches];
}
