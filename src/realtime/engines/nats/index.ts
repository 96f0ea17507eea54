/**
 * openline/engines/nats: the real-time layer over NATS.
 */
export { nats } from "./nats.js";
export type { NatsOptions } from "./options.js";
