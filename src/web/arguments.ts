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
  let address = "";
  try {
    // Only pages and their workers have a place where they are.
    const page = globalThis.location as Location | undefined;
    address = new URL(url, page?.href).href.replace(/^http/, "ws");
  } catch {
    // It stays empty, which is no address either.
  }
  // RFC 6455 §3: "Fragment identifiers are meaningless in the context of WebSocket URIs and MUST NOT be used".
  if (!/^wss?:[^#]+$/.test(address)) throw new PlainUsageError("url-invalid", String(url));
  return address;
}

/**
 * What to hand to the platform's `send`.
 *
 * @throws UsageError `invalid-argument` for anything else than a string or octets
 */
export function sendable(data: SendData): string | ArrayBuffer | ArrayBufferView<ArrayBuffer> {
  if (typeof data === "string") return data;
  const isView = ArrayBuffer.isView(data);
  // By its tag, since a buffer may come from another realm.
  const tag = /(Shared)?ArrayBuffer\]/.exec(Object.prototype.toString.call(isView ? data.buffer : data));
  if (tag === null) throw new PlainUsageError("invalid-argument", typeof data, undefined, "send takes text or octets");
  if (tag[1] === undefined) return data as ArrayBuffer | ArrayBufferView<ArrayBuffer>;
  // Platforms refuse memory that is shared.
  return (isView ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data)).slice();
}

/**
 * Checks the arguments of `close`. A page may send fewer status codes than the protocol allows (WHATWG WebSockets §3.1).
 *
 * @throws UsageError `close-code-not-sendable`, `close-reason-too-long`
 */
export function checkClose(code: number, reason: string): void {
  if (code !== 1000 && !(code >= 3000 && code <= 4999)) {
    throw new PlainUsageError("close-code-not-sendable", code, undefined, "use 1000 or 3000-4999");
  }
  const reasonBytes = new Blob([reason]).size;
  if (reasonBytes > 123) throw new PlainUsageError("close-reason-too-long", reasonBytes, 123);
}
