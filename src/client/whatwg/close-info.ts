/**
 * `WebSocketCloseInfo`: how a WebSocket is closed, as the classes of the WHATWG standard say it.
 */
import { toDictionary, toEnforcedUnsignedShort, toUSVString } from "./web-idl.js";

// RFC 6455 §5.5: a control frame has at most 125 octets of payload, and the code takes two.
const maxCloseReasonBytes = 123;

/** How a connection is to be closed, or has been. */
export interface WebSocketCloseInfo {
  /** 1000, or from 3000 to 4999. Without it, and without a reason, the Close frame is empty. */
  closeCode?: number | undefined;
  /** At most 123 octets of UTF-8. Default none. */
  reason?: string | undefined;
}

/** The same, converted. */
export interface CloseCodeAndReason {
  readonly closeCode: number | null;
  readonly reason: string;
}

/** Converts to the dictionary `WebSocketCloseInfo`. Throws a TypeError for what cannot be converted. */
export function toCloseInfo(value: unknown): CloseCodeAndReason {
  const dictionary = toDictionary(value, "closeInfo");
  const closeCode: unknown = Reflect.get(dictionary, "closeCode");
  const reason: unknown = Reflect.get(dictionary, "reason");
  return {
    closeCode: closeCode === undefined ? null : toEnforcedUnsignedShort(closeCode, "closeCode"),
    reason: reason === undefined ? "" : toUSVString(reason),
  };
}

/**
 * The algorithm _validate close code and reason_.
 *
 * @throws DOMException InvalidAccessError for a code that applications must not send; SyntaxError for a reason beyond
 *   123 octets of UTF-8
 */
export function validateCloseCodeAndReason({ closeCode, reason }: CloseCodeAndReason): void {
  // 1. "neither an integer equal to 1000 nor an integer in the range 3000 to 4999, inclusive"
  if (closeCode !== null && closeCode !== 1000 && !(closeCode >= 3000 && closeCode <= 4999)) {
    throw new DOMException(
      `the close code must be 1000, or from 3000 to 4999, and is ${String(closeCode)}`,
      "InvalidAccessError",
    );
  }
  // 2.1, 2.2
  const reasonBytes = new TextEncoder().encode(reason).byteLength;
  if (reasonBytes > maxCloseReasonBytes) {
    throw new DOMException(
      `a close reason has at most ${String(maxCloseReasonBytes)} octets of UTF-8, and this has ${String(reasonBytes)}`,
      "SyntaxError",
    );
  }
}
