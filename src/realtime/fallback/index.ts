/**
 * Connections by ordinary HTTP requests, where WebSockets do not pass (docs/protocol.md, "Without WebSockets").
 */
export { type FallbackHost, FallbackServer } from "./fallback-server.js";
