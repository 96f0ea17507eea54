/**
 * The whole flood: `npm run flood`. Takes a minute, prints what became of everybody, and fails where the promise of
 * SECURITY.md is not kept.
 */
import { abuseKinds } from "./abuse.js";
import { runFlood } from "./flood.js";
import { findFaults, floodTable } from "./table.js";

const result = await runFlood({
  clients: 200,
  clientIntervalMs: 100,
  // Some are always on their way back.
  perKind: 120,
  stepMs: 200,
  spreadMs: 20_000,
  // All together less than what makes a kernel of ordinary size short of memory for TCP, which slows down everybody.
  burstBytes: 3_000_000,
  quietMs: 4000,
  attackMs: 46_000,
});
console.log(floodTable(result, abuseKinds));
const faults = findFaults(result, true);
for (const fault of faults) console.error(`\n${fault}`);
process.exitCode = faults.length === 0 ? 0 : 1;
