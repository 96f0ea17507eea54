/**
 * What the methods of a connection that send take: checked by hand, since callers need not be written in TypeScript.
 */
import type { ConnectionContext } from "./connection-context.js";
import { UsageError } from "./errors.js";
import { maxControlPayloadBytes } from "./frame-header.js";

/** @throws UsageError `invalid-argument` for anything but a string */
export function requireText(value: unknown): asserts value is string {
  if (typeof value === "string") return;
  throw new UsageError("invalid-argument", typeof value, undefined, "text must be a string");
}

/**
 * A number in place of octets would be taken for a length, and what it measures, uninitialized, would reach the wire;
 * other views and plain objects have lengths that are not in octets.
 *
 * @throws UsageError `invalid-argument` for anything but a `Uint8Array`
 */
export function requireOctets(value: unknown): asserts value is Uint8Array {
  if (value instanceof Uint8Array) return;
  throw new UsageError("invalid-argument", typeof value, undefined, "octets must be a Uint8Array");
}

/**
 * A ping's or pong's payload (§5.5).
 *
 * @throws UsageError `control-payload-too-long` above 125 octets, `invalid-argument`
 */
export function requireControlPayload(payload: unknown): asserts payload is Uint8Array {
  requireOctets(payload);
  if (payload.byteLength <= maxControlPayloadBytes) return;
  throw new UsageError("control-payload-too-long", payload.byteLength, maxControlPayloadBytes);
}

/**
 * A fragment of a message (§5.4). Octets of a text are checked, unless text is octets to this connection.
 *
 * @throws UsageError `text-not-utf8` for octets of a text that are not, `invalid-argument`
 */
export function requireFragment(
  type: "text" | "binary",
  data: string | Uint8Array,
  { text, textOctets }: Pick<ConnectionContext, "text" | "textOctets">,
): void {
  if (type !== "text" && type !== "binary") {
    throw new UsageError("invalid-argument", type, undefined, 'type must be "text" or "binary"');
  }
  if (typeof data === "string") return;
  requireOctets(data);
  // §5.6: "the whole message MUST contain valid UTF-8".
  if (type === "text" && textOctets === undefined && !text.isValid(data, 0, data.byteLength))
    throw new UsageError("text-not-utf8");
}
