// What a WebSocket message costs on the wire.

/**
 * Octets that one unfragmented, uncompressed text message from a server takes: frame header and payload. A server does
 * not mask, so the header is 2 octets, or 4 or 10 when the length needs an extended form (RFC 6455 §5.2).
 * @param text The message.
 */
export function serverFrameBytes(text: string): number {
  const payloadBytes = new TextEncoder().encode(text).length;
  const extendedLengthBytes = payloadBytes <= 125 ? 0 : payloadBytes <= 0xffff ? 2 : 8;
  return 2 + extendedLengthBytes + payloadBytes;
}
