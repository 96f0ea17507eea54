/**
 * One engine for several processes of a machine: one of them has it, the others reach it over a bus.
 */
export { BusEngine } from "./bus-engine.js";
export { BusServer } from "./bus-server.js";
export { type BusAnswer, type BusRequest, failureOf } from "./messages.js";
