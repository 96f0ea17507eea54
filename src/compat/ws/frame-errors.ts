/**
 * Violations of the protocol as `ws` tells them: its error codes and messages, and the status code beside them.
 */
import type { ProtocolError, ViolationCode } from "../../protocol/index.js";
import { statusCode } from "./constants.js";

/** An error that a frame of the peer's has caused. */
export interface FrameError extends Error {
  /** `WS_ERR_…`, or zlib's own where a message could not be inflated. */
  readonly code: string;
  /** What the connection is to be closed with. */
  readonly [statusCode]: number;
}

interface Telling {
  readonly code: string;
  readonly text: string;
  /** Default `RangeError`. */
  readonly kind?: new (
    message: string,
  ) => Error;
}

const invalidOpcode = (opcode: number): Telling => ({
  code: "WS_ERR_INVALID_OPCODE",
  text: invalid(`invalid opcode ${opcode}`),
});
const invalidLength = (length: number): Telling => ({
  code: "WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH",
  text: invalid(`invalid payload length ${length}`),
});
const invalidUtf8: Telling = {
  code: "WS_ERR_INVALID_UTF8",
  text: invalid("invalid UTF-8 sequence"),
  kind: Error,
};
const tooLong: Telling = { code: "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH", text: "Max payload size exceeded" };
const unsupportedLength = (what: string): Telling => ({
  code: "WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH",
  text: `Unsupported WebSocket frame: payload length ${what}`,
});
const tooManyParts = (what: string): Telling => ({ code: "WS_ERR_TOO_MANY_BUFFERED_PARTS", text: `Too many ${what}` });

const tellings: Readonly<Partial<Record<ViolationCode, Telling | ((observed: number) => Telling)>>> = {
  "reserved-bit-set": (bits) =>
    // 0x4 is RSV1, which extensions may claim.
    (bits & 0x3) === 0
      ? { code: "WS_ERR_UNEXPECTED_RSV_1", text: invalid("RSV1 must be clear") }
      : { code: "WS_ERR_UNEXPECTED_RSV_2_3", text: invalid("RSV2 and RSV3 must be clear") },
  "reserved-opcode": invalidOpcode,
  "continuation-without-start": invalidOpcode,
  "continuation-expected": invalidOpcode,
  "mask-missing": { code: "WS_ERR_EXPECTED_MASK", text: invalid("MASK must be set") },
  "mask-present": { code: "WS_ERR_UNEXPECTED_MASK", text: invalid("MASK must be clear") },
  "control-frame-fragmented": { code: "WS_ERR_EXPECTED_FIN", text: invalid("FIN must be set") },
  "control-frame-too-long": invalidLength,
  "close-body-one-octet": invalidLength,
  "close-code-invalid": (code) => ({
    code: "WS_ERR_INVALID_CLOSE_CODE",
    text: invalid(`invalid status code ${code}`),
  }),
  "close-reason-not-utf8": invalidUtf8,
  "invalid-utf8": invalidUtf8,
  "length-not-representable": unsupportedLength("> 2^53 - 1"),
  "length-top-bit-set": unsupportedLength("> 2^53 - 1"),
  "length-not-minimal": unsupportedLength("not encoded in the fewest octets"),
  "frame-too-big": tooLong,
  "message-too-big": tooLong,
  "too-much-buffered": tooLong,
  "too-many-fragments": tooManyParts("message fragments"),
};

function invalid(text: string): string {
  return `Invalid WebSocket frame: ${text}`;
}

function tell({ code, text, kind: Kind = RangeError }: Telling, status: number): FrameError {
  return Object.assign(new Kind(text), { code, [statusCode]: status });
}

/** The peer broke a rule. What `ws` has no words for keeps ours. */
export function frameErrorOf(error: ProtocolError): FrameError {
  const telling = tellings[error.code] ?? { code: error.code, text: error.message };
  return tell(typeof telling === "function" ? telling(error.observed ?? 0) : telling, error.closeCode);
}

/** A message is longer than `maxPayload`. */
export function tooLongError(): FrameError {
  return tell(tooLong, 1009);
}

/** A message that is not valid UTF-8. */
export function invalidUtf8Error(): FrameError {
  return tell(invalidUtf8, 1007);
}

/** More chunks were held back than `maxBufferedChunks`. */
export function tooManyChunksError(): FrameError {
  return tell(tooManyParts("buffered chunks"), 1008);
}

/** A compressed message that cannot be inflated, as zlib would tell it. */
export function inflateError(cause: unknown): FrameError {
  const text = cause instanceof Error ? cause.message : "invalid compressed data";
  return Object.assign(tell({ code: "Z_DATA_ERROR", text, kind: Error }, 1007), { errno: -3, cause });
}
