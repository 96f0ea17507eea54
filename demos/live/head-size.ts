// What the heads of an HTTP/1.1 exchange take on the wire. A browser does not tell a page, so the server counts.
import type { IncomingMessage } from "node:http";

const LINE_END_BYTES = 2;

/** Octets of a field line (RFC 9112 §5): name, colon, the space that everybody writes, value, CRLF. */
function fieldLineBytes(name: string, value: string): number {
  // Node hands out header values with one character per octet.
  return name.length + 2 + value.length + LINE_END_BYTES;
}

/**
 * Octets of a request's head as a browser sent it: request line, field lines, empty line.
 * @param request A request whose head was received.
 */
export function requestHeadBytes(
  request: Pick<IncomingMessage, "method" | "url" | "httpVersion" | "rawHeaders">,
): number {
  const requestLine = `${request.method ?? ""} ${request.url ?? ""} HTTP/${request.httpVersion}`;
  let bytes = requestLine.length + LINE_END_BYTES;
  for (let index = 0; index + 1 < request.rawHeaders.length; index += 2) {
    bytes += fieldLineBytes(request.rawHeaders[index] ?? "", request.rawHeaders[index + 1] ?? "");
  }
  return bytes + LINE_END_BYTES;
}

/**
 * Octets of the head of a "200 OK" response with exactly these headers: status line, field lines, empty line. It is right
 * when Node adds none of its own, that is when `Date`, `Connection` and `Content-Length` are among them.
 */
export function okHeadBytes(headers: Readonly<Record<string, string>>): number {
  let bytes = "HTTP/1.1 200 OK".length + LINE_END_BYTES;
  for (const [name, value] of Object.entries(headers)) bytes += fieldLineBytes(name, value);
  return bytes + LINE_END_BYTES;
}
