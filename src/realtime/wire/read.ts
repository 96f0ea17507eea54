/**
 * Reading messages: nothing is believed of the peer, and nothing is thrown.
 */
import type { Check } from "./checks.js";
import type { Codec } from "./codec.js";
import type { Element, FrameTable } from "./frame-table.js";
import type { Frame } from "./frames.js";

/** A frame, or a whole message, that is not what it must be. */
export class FrameFault {
  readonly code: "bad-request" | "unknown-operation";
  /** What is wrong, with the name of the element. */
  readonly message: string;
  /**
   * The number of the request whose frame it is, which can be answered with an error. Undefined where there is none: the
   * connection cannot go on (close code 4400).
   */
  readonly request: number | undefined;

  constructor(code: FrameFault["code"], message: string, request?: number) {
    this.code = code;
    this.message = message;
    this.request = request;
  }
}

/**
 * Reads the frames of a message.
 *
 * @param table what the peer may send: `clientFrames` or `serverFrames`
 * @returns in their order; a fault stands in the place of the frame whose it is, and alone where the message cannot be
 *   decoded
 */
export function readMessage<Checked extends Frame>(
  codec: Codec,
  message: string | Uint8Array,
  table: FrameTable<Checked>,
): readonly (Checked | FrameFault)[] {
  let decoded: unknown;
  try {
    decoded = codec.decode(message);
  } catch (error) {
    return [new FrameFault("bad-request", error instanceof Error ? error.message : String(error))];
  }
  if (!Array.isArray(decoded)) return [new FrameFault("bad-request", "not a frame")];
  const isBatch = decoded.length === 0 || Array.isArray(decoded[0]);
  return isBatch ? decoded.map((frame) => readFrame(frame, table)) : [readFrame(decoded, table)];
}

/** Checks one frame. Elements that are left out as `null` become `undefined`. */
export function readFrame<Checked extends Frame>(frame: unknown, table: FrameTable<Checked>): Checked | FrameFault {
  const operation: unknown = Array.isArray(frame) ? frame[0] : undefined;
  if (!Array.isArray(frame) || typeof operation !== "string") {
    return new FrameFault("bad-request", "not a frame");
  }
  if (!Object.hasOwn(table, operation)) {
    return new FrameFault("unknown-operation", `unknown operation ${operation.slice(0, 32)}`);
  }
  const elements: readonly (Element<unknown> | Check<unknown>)[] = table[operation as Checked[0]];
  let request: number | undefined;
  for (let index = 0; index < elements.length; index++) {
    const known = elements[index] as Element<unknown> | Check<unknown>;
    const { label, check, isOptional, isRequest }: Element<unknown> =
      typeof known === "function" ? { label: String(index + 1), check: known } : known;
    if (isOptional === true && frame[index + 1] === null) frame[index + 1] = undefined;
    const value: unknown = frame[index + 1];
    const fault = check(value);
    if (fault !== undefined) {
      return new FrameFault("bad-request", `${operation}: ${label}${fault} is wrong`, request);
    }
    // 0 wants no answer.
    if (isRequest === true) request = (value as number) || undefined;
  }
  return frame as unknown as Checked;
}
