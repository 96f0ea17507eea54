/**
 * `WebSocketError` of the WHATWG standard: how a WebSocket was closed, or is to be.
 * https://github.com/whatwg/websockets/pull/48, "The WebSocketError interface"
 */
import type { CloseCodeAndReason, WebSocketCloseInfo } from "./close-info.js";
import { toCloseInfo, validateCloseCodeAndReason } from "./close-info.js";
import { layOutInterface, toDOMString } from "./web-idl.js";

// What only the class can do, since nobody else may see its private fields.
let setCloseInfo: (error: WebSocketError, closeCode: number | null, reason: string) => void;
let hasCloseInfo: (value: object) => value is WebSocketError;

/**
 * An error with a close code and a reason. `closed` of a `WebSocketStream` rejects with one when the connection did not
 * end cleanly; given to `writable.abort()` or `readable.cancel()`, it says what to close with.
 */
export class WebSocketError extends DOMException {
  #closeCode: number | null;
  #reason: string;

  static {
    setCloseInfo = (error, closeCode, reason) => {
      error.#closeCode = closeCode;
      error.#reason = reason;
    };
    hasCloseInfo = (value): value is WebSocketError => #closeCode in value;
  }

  /**
   * @param message what to tell a human. Default ""
   * @param init `closeCode`: 1000, or from 3000 to 4999; default 1000 where there is a reason, otherwise null. `reason`: at
   *   most 123 octets of UTF-8; default ""
   * @throws DOMException InvalidAccessError for another code, SyntaxError for a longer reason; TypeError for what cannot
   *   be converted
   */
  constructor(message: string = "", init: WebSocketCloseInfo = {}) {
    // Arguments are converted before anything else, in their order.
    const text = toDOMString(message);
    const { closeCode, reason } = toCloseInfo(init);
    // 1, 2
    super(text, "WebSocketError");
    // 3 to 5
    validateCloseCodeAndReason({ closeCode, reason });
    // 6. "If reason is non-empty, but code is null, then set code to 1000"
    this.#closeCode = reason !== "" && closeCode === null ? 1000 : closeCode;
    // 7, 8
    this.#reason = reason;
  }

  /** The close code: that of the peer's Close frame, 1006 where there was none, or what to close with. */
  get closeCode(): number | null {
    return this.#closeCode;
  }

  /** The close reason, or "". */
  get reason(): string {
    return this.#reason;
  }
}
layOutInterface(WebSocketError.prototype, "WebSocketError", ["closeCode", "reason"]);

/**
 * An error with any code, such as those that come from a peer and must not be sent.
 *
 * @param cause what stands behind it, for `cause`
 */
export function createWebSocketError(
  message: string,
  closeCode: number | null,
  reason: string,
  cause: unknown,
): WebSocketError {
  const error = new WebSocketError(message);
  setCloseInfo(error, closeCode, reason);
  if (cause !== undefined) Object.defineProperty(error, "cause", { value: cause, writable: true, configurable: true });
  return error;
}

/** What a reason says on how to close: its code and reason if it is a `WebSocketError`, otherwise nothing. */
export function closeInfoOf(value: unknown): CloseCodeAndReason {
  // "If reason implements WebSocketError": not what merely looks like one.
  if (typeof value === "object" && value !== null && hasCloseInfo(value)) {
    return { closeCode: value.closeCode, reason: value.reason };
  }
  return { closeCode: null, reason: "" };
}
