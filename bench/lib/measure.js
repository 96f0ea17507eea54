/**
 * Measures one peer on one workload, once: starts its process and a load of its own, and ends both.
 */
import { fileURLToPath } from "node:url";
import { withChildren } from "./child.js";

/**
 * A peer that takes part.
 *
 * @typedef {object} Rival
 * @property {import("./peer.js").Peer} peer
 * @property {string} file the URL of its file
 * @property {Record<string, string>} versions
 * @property {Record<string, string>} lacks of `serve`, what it cannot do and why
 */

/**
 * @typedef {object} Settings
 * @property {import("../measure/window.js").Timing} timing
 * @property {boolean} quick whether a workload's quick settings count
 * @property {string} [profileFolder] where processes on Node write CPU profiles
 */

/** @typedef {import("./workload.js").Workload} Workload */

const script = fileURLToPath(new URL("peer-process.js", import.meta.url));

/**
 * @param {Workload} workload
 * @param {boolean} quick
 * @returns {import("./load.js").LoadSettings}
 */
export function loadSettings({ load, quick: quickLoad }, quick) {
  return quick ? { ...load, ...quickLoad } : load;
}

/**
 * @param {Rival} rival
 * @param {Workload} workload
 * @param {Settings} settings
 * @returns {Promise<Record<string, number>>} figures; rejected when the peer answers wrongly, stalls or ends
 */
export function measure({ peer, file }, workload, { timing, quick, profileFolder }) {
  return withChildren((processes) =>
    workload.kind.measure({
      ...processes,
      peerTitle: peer.title,
      startPeer: () => processes.start(`${peer.title}`, peer.command(script, [file], profileFolder), peer.environment),
      workload,
      load: loadSettings(workload, quick),
      timing,
    }),
  ).catch((error) => {
    throw new Error(`${peer.title}, ${workload.name}: ${error.message}`, { cause: error });
  });
}
