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
 * @property {number} [more] channels that each connection subscribes to when asked for more
 */

/**
 * The command that runs it.
 *
 * @param {LoadSettings} settings
 * @param {{ port?: number, tls?: boolean, feedPort?: number, speaks?: string }} where
 * @returns {readonly string[]}
 */
export function loadCommand(settings, { port, tls, feedPort, speaks }) {
  const { mode, connections, warmConnections, messageBytes, inFlight, type, deflate, rooms, rate, byClient, more } =
    settings;
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
  };
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const switches = [...(tls ? ["--tls"] : []), ...(deflate ? ["--deflate"] : []), ...(byClient ? ["--by-client"] : [])];
  return [loadProgram, mode, ...given.flatMap(([name, value]) => [name, String(value)]), ...switches];
}
