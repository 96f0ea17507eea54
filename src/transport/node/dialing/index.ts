/**
 * How a client on Node reaches a server.
 */
export type { DialerOptions } from "./dialer.js";
export { createDialer } from "./dialer.js";
export type { AddressFamilyOption, LookupOption, LookupResult } from "./look-up.js";
export type { Proxy } from "./proxy.js";
export { parseProxy } from "./proxy.js";
export type { Environment } from "./proxy-environment.js";
export { proxyFromEnvironment } from "./proxy-environment.js";
export type { ProxyErrorCode } from "./proxy-error.js";
export { ProxyError, proxyErrorCodes } from "./proxy-error.js";
export { defaultAttemptDelayMs } from "./racing.js";
