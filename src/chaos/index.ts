/**
 * The fault harness: several nodes over an engine, many clients, and what befalls them.
 */
export { type Account, settleAccounts } from "./accountant.js";
export { type ViolationKind, violationKinds } from "./findings.js";
export type { ChaosOptions } from "./options.js";
export { reportOf } from "./report.js";
export { runChaos } from "./run.js";
export { type Fault, type FaultKind, faultKinds, scheduleFaults } from "./schedule.js";
export { commandOf, countsOf, isClean, rowsOf } from "./summary.js";
