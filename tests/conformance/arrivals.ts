/**
 * The ways in which octets can be cut up, whatever the sender did.
 */
import { seededRandom } from "../support/random.js";
import type { Arrival } from "./targets/target.js";

const seeds = [1, 2, 3];

function atRandom(seed: number): Arrival {
  return {
    name: `at random splits, seed ${seed}`,
    createCutter: () => {
      const random = seededRandom(seed);
      // Short pieces more often than long ones: a header is short.
      return (available) => 1 + Math.floor(random() ** 3 * available);
    },
  };
}

/** Octet by octet, and at random splits that are the same in every run. */
export const arrivals: readonly Arrival[] = [
  { name: "octet by octet", createCutter: () => () => 1 },
  ...seeds.map(atRandom),
];
