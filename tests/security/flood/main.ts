/**
 * The whole flood: `npm run flood`. Takes a minute, prints what became of everybody, and fails where the promise of
 * SECURITY.md is not kept.
 */
import { createAbuses } from "./abuse.js";
import { runFlood } from "./flood.js";
import { findFaults, floodTable } from "./table.js";

const kinds = Object.keys(createAbuses());
const result = await runFlood({
  clients: 200,
  clientIntervalMs: 100,
  // Some are always on their way back.
  perKind: 140,
  stepMs: 200,
  quietMs: 5000,
  attackMs: 40_000,
});
console.log(floodTable(result, kinds));
const faults = findFaults(result, true);
for (const fault of faults) console.error(`\n${fault}`);
process.exitCode = faults.length === 0 ? 0 : 1;
