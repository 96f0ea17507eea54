/**
 * Peers take turns: what else happens on the machine happens to all of them.
 */
import { measure } from "./measure.js";

/**
 * Measures a workload on every rival, in turns, each round beginning with another one.
 *
 * @param {readonly import("./measure.js").Rival[]} rivals
 * @param {import("./workload.js").Workload} workload
 * @param {import("./measure.js").Settings & { rounds: number }} settings
 * @returns {Promise<{ samples: Map<string, Record<string, number>[]>, failures: Error[] }>} whoever fails takes no
 *   further part
 */
export async function measureRounds(rivals, workload, settings) {
  const samples = new Map(rivals.map(({ peer }) => [peer.name, []]));
  const failures = [];
  for (let round = 0; round < settings.rounds; round++) {
    const first = round % rivals.length;
    for (const rival of [...rivals.slice(first), ...rivals.slice(0, first)]) {
      const { name } = rival.peer;
      if (!samples.has(name)) continue;
      try {
        samples.get(name).push(await measure(rival, workload, settings));
      } catch (error) {
        samples.delete(name);
        failures.push(error);
      }
    }
  }
  return { samples, failures };
}
