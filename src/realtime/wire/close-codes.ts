/**
 * What connections are closed with (docs/protocol.md, "Close codes"), a constant each: a build for browsers has nothing left of
 * them but the numbers.
 */

export const protocolBroken = 4400;
export const unauthenticated = 4401;
export const revoked = 4403;
export const helloTimeout = 4408;
export const tooManyRequests = 4429;
