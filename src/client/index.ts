/**
 * The client, however it reaches its server.
 */
export { ConnectError, HandshakeTimeoutError, UpgradeRefusedError } from "./errors.js";
export type { ClientOptions } from "./open-client.js";
export { openClient } from "./open-client.js";
