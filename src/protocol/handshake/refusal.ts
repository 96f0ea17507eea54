/**
 * The server refuses: an ordinary HTTP response, after which the connection is closed (RFC 6455 §4.2.2).
 */
import { UsageError } from "../errors.js";
import { lowercaseAscii } from "./characters.js";
import type { Refusal } from "./errors.js";
import { checkHeaders, formatHead, isHeaderValue } from "./head.js";
import type { RawHeaders } from "./message.js";

const ownedHeaders: ReadonlySet<string> = new Set(["connection", "content-length", "transfer-encoding"]);

/**
 * Writes the head of a response that refuses an upgrade, with `Connection: close` and the length of the body. Send
 * the body after it, if there is one, and then close the connection.
 *
 * @param refusal an `UpgradeRequestError`, or what the application answers instead of accepting
 * @throws UsageError `invalid-argument` for a status that does not refuse, a body where the status allows none, or a
 *   reason phrase with control characters; `header-invalid` or `header-not-allowed` for the headers
 * @returns the whole head; send it as Latin-1
 */
export function writeRefusal(refusal: Refusal): string {
  const { status, reasonPhrase = "", headers = [], body } = refusal;
  checkRefusal(refusal, ownedHeaders);
  const lines = [...headers, "Connection", hasUpgrade(headers) ? "Upgrade, close" : "close"];
  if (!hasNoBody(status)) lines.push("Content-Length", String(body?.length ?? 0));
  return formatHead(`HTTP/1.1 ${status} ${reasonPhrase}`, lines);
}

/**
 * Checks what the application may have made.
 *
 * @param owned names of headers, in lower case, that it may not set
 * @throws UsageError as `writeRefusal` does
 */
export function checkRefusal(
  { status, reasonPhrase = "", headers = [], body }: Refusal,
  owned: ReadonlySet<string>,
): void {
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw new UsageError("invalid-argument", status, undefined, "the status of a refusal is from 200 to 599");
  }
  if (!isHeaderValue(reasonPhrase)) {
    throw new UsageError("invalid-argument", undefined, undefined, "a reason phrase has no control characters");
  }
  checkHeaders(headers, owned);
  if (hasNoBody(status) && body !== undefined && body.length > 0) {
    throw new UsageError("invalid-argument", status, undefined, "a response with this status has no body");
  }
}

/**
 * RFC 9110 §6.4.1: "All 1xx (Informational), 204 (No Content), and 304 (Not Modified) responses do not include
 * content."
 */
function hasNoBody(status: number): boolean {
  return status === 204 || status === 304;
}

/**
 * RFC 9110 §7.8: "A sender of Upgrade MUST also send an "Upgrade" connection option in the Connection header field".
 */
function hasUpgrade(headers: RawHeaders): boolean {
  return headers.some((text, index) => index % 2 === 0 && lowercaseAscii(text) === "upgrade");
}
