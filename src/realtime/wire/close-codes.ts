/**
 * What connections are closed with (docs/protocol.md, "Close codes"), a constant each: a build for browsers has nothing left of
 * them but the numbers.
 */

/** The peer broke this protocol. */
export const protocolBroken = 4400;
/** Not, or no more, authenticated. */
export const unauthenticated = 4401;
/** Revoked. */
export const revoked = 4403;
/** No `hello` in time. */
export const helloTimeout = 4408;
/** Too many requests. */
export const tooManyRequests = 4429;
