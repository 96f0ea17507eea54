/**
 * The server, wherever its connections come from.
 */
export type { Accept, Acceptance, AcceptContext, AcceptDecision, IncomingRequest } from "./accept.js";
export { ConnectForm } from "./connect-form.js";
export type { ProtocolToken } from "./credentials.js";
export { bearerToken, cookie, cookies, protocolToken } from "./credentials.js";
export type { DrainOptions, DrainReport } from "./drain.js";
export type { Admitted, EntranceOptions, OrdinaryRequest } from "./entrance.js";
export { createEntrance, Entrance } from "./entrance.js";
export type { AdmissionCode } from "./errors.js";
export { AdmissionError, admissionCodes } from "./errors.js";
export type { HostsOption } from "./hosts.js";
export type { ResolvedServerOptions, ServerOptions } from "./options.js";
export type { OriginsOption } from "./origin.js";
export type { PathOption } from "./path.js";
export type { TrustedProxiesOption } from "./proxies.js";
export type { UpgradeRefusal, UpgradeRefusalCode } from "./refusals.js";
export { ServerCore } from "./server-core.js";
export type { ServerSocket } from "./server-socket.js";
export type { PublishOptions, PublishResult } from "./topics.js";
export type { Arrival } from "./upgrade-attempt.js";
