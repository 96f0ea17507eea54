/**
 * Closing with a Close frame that says nothing, which the WHATWG classes have to and `Socket.close` does not offer.
 */
import { Endpoint } from "./endpoint.js";
import type { Socket } from "./socket.js";

/**
 * Begins the closing handshake.
 *
 * @param code a status code that may be sent; undefined for an empty Close frame (RFC 6455 §5.5.1)
 * @param reason at most 123 octets of UTF-8; "" where there is no code
 * @throws UsageError `close-code-not-sendable`, `close-reason-without-code`, `close-reason-too-long`
 */
export function closeWith(socket: Socket, code: number | undefined, reason: string): void {
  if (socket instanceof Endpoint) socket.beginClose(code, reason);
  else void socket.close(code, reason);
}
