/**
 * How every record and every printout of a run begins.
 */
import { machine } from "./machine.js";

/**
 * @param {readonly import("./measure.js").Rival[]} rivals
 * @param {{ quick: boolean, rounds: number, timing: import("../measure/window.js").Timing }} settings
 */
export function runHead(rivals, { quick, rounds, timing }) {
  return {
    date: new Date().toISOString(),
    machine: machine(),
    node: process.version,
    peers: rivals.map(({ peer, versions }) => ({ name: peer.name, title: peer.title, versions })),
    quick,
    rounds,
    ...timing,
  };
}

/** @param {ReturnType<typeof runHead>} head */
export function printHead({ machine: { processor, cores, system }, node, peers }) {
  console.log(`${processor}, ${cores} cores, ${system}, Node ${node}`);
  for (const { title, versions } of peers) {
    console.log(
      `  ${title}: ${Object.entries(versions)
        .map((entry) => entry.join(" "))
        .join(", ")}`,
    );
  }
  console.log("medians; ratios to a peer are those of each round: median (lowest-highest)");
}
