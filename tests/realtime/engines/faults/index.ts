/**
 * What befalls engines, and what must come of it: the same for each that is over a system of its own.
 */
import { connectionFaults } from "./connection-faults.js";
import { serverFaults } from "./server-faults.js";
import type { FaultWorld } from "./world.js";

/** Declares the tests of all faults that every engine has to get over. */
export function engineFaults(world: FaultWorld): void {
  connectionFaults(world);
  serverFaults(world);
}
