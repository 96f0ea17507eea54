/**
 * The server, wherever its connections come from.
 */
export type { Accept, Acceptance, AcceptContext, AcceptDecision, IncomingRequest } from "./accept.js";
export type { ResolvedServerOptions, ServerOptions } from "./options.js";
export { ServerCore } from "./server-core.js";
export type { ServerSocket } from "./server-socket.js";
export type { PublishOptions, PublishResult } from "./topics.js";
