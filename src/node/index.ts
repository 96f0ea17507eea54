/**
 * Node's own parts put together: `serve` and `connect`.
 */

export type { ConnectOptions } from "./connect.js";
export { connect } from "./connect.js";
export type { Http2Choice, ProxyChoice, ProxyOption, ProxyOptions, ReachOptions } from "./dial-options.js";
export type { AnswerHealth, HealthCheck, HealthCheckOptions } from "./health-checks.js";
export { healthChecks } from "./health-checks.js";
export type { LoadProbe, Overload, OverloadOptions, OverloadReport } from "./overload.js";
export { overload } from "./overload.js";
export type { TakeRequest } from "./port-servers.js";
export { prepare } from "./prepare.js";
export type { ReconnectingOptions } from "./reconnecting.js";
export { reconnecting } from "./reconnecting.js";
export type { ServeOptions, Server } from "./serve.js";
export { serve } from "./serve.js";
export type { WebSocketInit } from "./web-socket.js";
export { WebSocket } from "./web-socket.js";
export { WebSocketStream } from "./websocket-stream.js";
