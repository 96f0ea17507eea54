import { loadProgram } from "../load/build.js";

/**
 * What the load generator is to do; see `load/settings.c`.
 *
 * @typedef {object} LoadSettings
 * @property {"echo" | "broadcast" | "connect" | "serve"} mode
 * @property {number} connections
 * @property {number} [warmConnections]
 * @property {number} [messageBytes]
 * @property {number} inFlight
 * @property {"binary" | "text" | "utf8" | "json"} [type]
 * @property {boolean} [deflate] with permessage-deflate; "connect" sends one message on each connection then
 */

/**
 * The command that runs it.
 *
 * @param {LoadSettings} settings
 * @param {{ port?: number, tls?: boolean }} where
 * @returns {readonly string[]}
 */
export function loadCommand(settings, { port, tls }) {
  const { mode, connections, warmConnections, messageBytes, inFlight, type, deflate } = settings;
  const options = {
    "--port": port,
    "--connections": connections,
    "--warm-connections": warmConnections,
    "--bytes": messageBytes,
    "--in-flight": inFlight,
    "--type": type,
  };
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const switches = [...(tls ? ["--tls"] : []), ...(deflate ? ["--deflate"] : [])];
  return [loadProgram, mode, ...given.flatMap(([name, value]) => [name, String(value)]), ...switches];
}
