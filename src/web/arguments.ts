/**
 * The arguments of `connect`, `send` and `close`, as a platform's WebSocket takes them.
 */
import { PlainUsageError } from "../protocol/plain-usage-error.js";
import type { SendData } from "../socket/socket.js";

/**
 * The address of a server (RFC 6455 §3). In a page it may be relative to that of the page.
 *
 * @throws UsageError `url-invalid`
 */
export function webSocketUrl(url: string | URL): string {
  // No platform but a page, or a worker of one, has a place where it is.
  const base = (globalThis.location as Location | undefined)?.href;
  const parsed = parse(String(url), base);
  const scheme = /^(?:http|ws)(s?):$/.exec(parsed?.protocol ?? "");
  // RFC 6455 §3: "Fragment identifiers are meaningless in the context of WebSocket URIs and MUST NOT be used".
  if (parsed === undefined || scheme === null || parsed.hash !== "") throw new PlainUsageError("url-invalid", String(url));
  return parsed.href.replace(/^\w+/, `ws${scheme[1] ?? ""}`);
}

function parse(url: string, base: string | undefined): URL | undefined {
  try {
    return new URL(url, base);
  } catch {
    return undefined;
  }
}

/**
 * What to hand to the platform's `send`.
 *
 * @throws UsageError `invalid-argument` for anything else than a string or octets
 */
export function sendable(data: SendData): string | ArrayBuffer | ArrayBufferView<ArrayBuffer> {
  if (typeof data === "string") return data;
  if (ArrayBuffer.isView(data)) {
    if (data.buffer instanceof ArrayBuffer) return data as ArrayBufferView<ArrayBuffer>;
    // Platforms refuse memory that is shared.
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
  }
  // By its tag, since a buffer may come from another realm.
  if (/ (?:Shared)?ArrayBuffer\]/.test(Object.prototype.toString.call(data))) return new Uint8Array(data).slice();
  throw new PlainUsageError("invalid-argument", typeof data, undefined, "data must be a string or octets");
}

/**
 * Checks the arguments of `close`. A page may send fewer status codes than the protocol allows (WHATWG WebSockets §3.1).
 *
 * @throws UsageError `close-code-not-sendable`, `close-reason-too-long`, `invalid-argument`
 */
export function checkClose(code: number, reason: string): void {
  if (typeof code !== "number" || typeof reason !== "string") {
    throw new PlainUsageError("invalid-argument", undefined, undefined, "close takes a number and a string");
  }
  if (!Number.isInteger(code) || (code !== 1000 && (code < 3000 || code > 4999))) {
    throw new PlainUsageError("close-code-not-sendable", code, undefined, "a page may send 1000 and 3000-4999");
  }
  const reasonBytes = new TextEncoder().encode(reason).length;
  if (reasonBytes > 123) throw new PlainUsageError("close-reason-too-long", reasonBytes, 123);
}
