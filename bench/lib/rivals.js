/**
 * Who takes part.
 */
import { importAll } from "./discover.js";

/** @typedef {import("./measure.js").Rival} Rival */
/** @typedef {import("./workload.js").Workload} Workload */

/**
 * The peers that are asked for and are there. What is missing is said.
 *
 * @param {readonly string[] | undefined} names all of them, where there are none
 * @returns {Promise<Rival[]>}
 */
export async function findRivals(names) {
  const all = await importAll("peers");
  const unknown = names?.find((name) => !all.some(({ module }) => module.peer.name === name));
  if (unknown !== undefined) {
    throw new Error(`no such peer: ${unknown}; there are ${all.map(({ module }) => module.peer.name).join(", ")}`);
  }
  const found = [];
  for (const { file, module } of all) {
    const { peer } = module;
    if (names !== undefined && !names.includes(peer.name)) continue;
    try {
      found.push({ peer, file, versions: await peer.versions(), lacks: (await peer.lacks?.()) ?? {} });
    } catch (error) {
      // Who was asked for by name must be there; others may be missing on this machine.
      if (names !== undefined || peer.name === "openline") throw error;
      console.log(`without ${peer.title}: ${error.message.split("\n", 1)[0]}`);
    }
  }
  return found;
}

/**
 * Who can take part in a workload. Says who lacks what it needs.
 *
 * @param {readonly Rival[]} rivals
 * @param {Workload} workload
 */
export function rivalsFor(rivals, { name, serve }) {
  return rivals.filter(({ peer, lacks }) => {
    if (serve === undefined) return peer.connect !== undefined;
    if (peer.serve?.[serve] === undefined) return false;
    if (lacks[serve] !== undefined) console.log(`\n${name} without ${peer.title}: ${lacks[serve]}`);
    return lacks[serve] === undefined;
  });
}
