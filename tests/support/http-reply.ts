/**
 * HTTP responses, taken apart by hand.
 */
import assert from "node:assert/strict";

export interface HttpReply {
  readonly status: number;
  /** The text after the status. */
  readonly reasonPhrase: string;
  readonly headers: Headers;
  /** What follows the head: the body, or frames. */
  readonly rest: Uint8Array;
  /** The same as text. */
  readonly body: string;
}

/** Octets of the head of a response with the blank line, or undefined while it is not all there. */
export function headBytes(bytes: Uint8Array): number | undefined {
  const end = Buffer.from(bytes).indexOf("\r\n\r\n");
  return end === -1 ? undefined : end + 4;
}

/** Takes a response apart; its head must be all there. */
export function parseReply(bytes: Uint8Array): HttpReply {
  const length = headBytes(bytes);
  assert.ok(length !== undefined, `no response: ${Buffer.from(bytes).toString("latin1")}`);
  const [statusLine = "", ...lines] = Buffer.from(bytes.subarray(0, length - 4))
    .toString("latin1")
    .split("\r\n");
  const [, status, reasonPhrase] = /^HTTP\/1\.1 (\d{3}) (.*)$/u.exec(statusLine) ?? assert.fail(statusLine);
  const headers = new Headers();
  for (const line of lines) {
    const colon = line.indexOf(":");
    assert.ok(colon > 0, line);
    headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  const rest = bytes.slice(length);
  return {
    status: Number(status),
    reasonPhrase: reasonPhrase ?? "",
    headers,
    rest,
    body: Buffer.from(rest).toString("utf8"),
  };
}
