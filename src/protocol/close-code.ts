/**
 * Close status codes (RFC 6455 §7.4.1 and the IANA registry it opened).
 *
 * `noStatusReceived` and `abnormalClosure` never travel on the wire: they are what a close report says
 * when there was no status code, or no Close frame at all.
 */
export const CloseCode = {
  normalClosure: 1000,
  goingAway: 1001,
  protocolError: 1002,
  unsupportedData: 1003,
  noStatusReceived: 1005,
  abnormalClosure: 1006,
  invalidPayload: 1007,
  policyViolation: 1008,
  messageTooBig: 1009,
  mandatoryExtension: 1010,
  internalError: 1011,
  serviceRestart: 1012,
  tryAgainLater: 1013,
  badGateway: 1014,
  tlsHandshake: 1015,
} as const;
export type CloseCode = (typeof CloseCode)[keyof typeof CloseCode];

/**
 * Whether a Close frame may carry `code` (RFC 6455 §7.4).
 *
 * Refused are 0-999 (§7.4.2: "not used"), 1004, 1005, 1006 and 1015 (§7.4.1: "MUST NOT be set as a status code
 * in a Close control frame"), 1016-2999 (reserved for the protocol and unassigned) and everything above 4999.
 */
export function isCloseCodeOnWire(code: number): boolean {
  if (!Number.isInteger(code)) return false;
  if (code >= 3000) return code <= 4999;
  return code >= 1000 && code <= 1014 && (code < 1004 || code > 1006);
}
