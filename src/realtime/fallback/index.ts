/**
 * Connections by ordinary HTTP requests, where WebSockets do not pass (docs/protocol.md, "Without WebSockets").
 */
export { FallbackServer } from "./fallback-server.js";
