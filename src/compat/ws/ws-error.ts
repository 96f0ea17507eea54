/**
 * What `ws` calls the rules that a peer can break: the errors of its `error` event, with their codes and messages.
 */
import type { ProtocolError, ViolationCode } from "../../protocol/index.js";

/** A rule under its name there. */
interface KnownRule {
  readonly code: string;
  /** What the error is. */
  readonly Type: typeof Error;
  /** @param observed what was seen, where it is a number */
  readonly message: (observed: number) => string;
}

const payloadLength: KnownRule = {
  code: "WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH",
  Type: RangeError,
  message: () => "Unsupported WebSocket frame: payload length > 2^53 - 1",
};
// Which `ws` takes.
const payloadLengthForm: KnownRule = {
  code: "WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH",
  Type: RangeError,
  message: () => "Unsupported WebSocket frame: payload length not encoded in the fewest octets",
};
const messageLength: KnownRule = {
  code: "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH",
  Type: RangeError,
  message: () => "Max payload size exceeded",
};
const opcode = invalidFrame("WS_ERR_INVALID_OPCODE", (observed) => `invalid opcode ${observed}`);
const utf8 = invalidFrame("WS_ERR_INVALID_UTF8", () => "invalid UTF-8 sequence", Error);
const controlPayloadLength = invalidFrame(
  "WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH",
  (observed) => `invalid payload length ${observed}`,
);
// Of zlib, which `ws` hands on as it is.
const deflate: KnownRule = { code: "Z_DATA_ERROR", Type: Error, message: () => "invalid deflate data" };

const reservedBit1 = invalidFrame("WS_ERR_UNEXPECTED_RSV_1", () => "RSV1 must be clear");
const reservedBits23 = invalidFrame("WS_ERR_UNEXPECTED_RSV_2_3", () => "RSV2 and RSV3 must be clear");
// RSV2 and RSV3 in what was observed.
const otherReservedBits = 0b011;

const rules: Partial<Record<ViolationCode, KnownRule>> = {
  "reserved-opcode": opcode,
  "continuation-expected": opcode,
  "continuation-without-start": opcode,
  "mask-missing": invalidFrame("WS_ERR_EXPECTED_MASK", () => "MASK must be set"),
  "mask-present": invalidFrame("WS_ERR_UNEXPECTED_MASK", () => "MASK must be clear"),
  "length-not-minimal": payloadLengthForm,
  "length-top-bit-set": payloadLength,
  "length-not-representable": payloadLength,
  "control-frame-fragmented": invalidFrame("WS_ERR_EXPECTED_FIN", () => "FIN must be set"),
  "control-frame-too-long": controlPayloadLength,
  "close-body-one-octet": controlPayloadLength,
  "close-code-invalid": invalidFrame("WS_ERR_INVALID_CLOSE_CODE", (observed) => `invalid status code ${observed}`),
  "invalid-utf8": utf8,
  "close-reason-not-utf8": utf8,
  "frame-too-big": messageLength,
  "message-too-big": messageLength,
  "too-much-buffered": messageLength,
  "too-many-fragments": {
    code: "WS_ERR_TOO_MANY_BUFFERED_PARTS",
    Type: RangeError,
    message: () => "Too many message fragments",
  },
  "compressed-data-invalid": deflate,
  "compressed-data-incomplete": deflate,
  "too-many-deflate-streams": deflate,
};

function invalidFrame(code: string, what: (observed: number) => string, Type: typeof Error = RangeError): KnownRule {
  return { code, Type, message: (observed) => `Invalid WebSocket frame: ${what(observed)}` };
}

/** The error for what a peer did; the one that it was is its `cause`. What `ws` has no rule for stays as it is. */
export function wsErrorOf(error: ProtocolError): Error {
  const { code, observed = 0 } = error;
  const reserved = (observed & otherReservedBits) === 0 ? reservedBit1 : reservedBits23;
  const rule = code === "reserved-bit-set" ? reserved : rules[code];
  if (rule === undefined) return error;
  return Object.assign(new rule.Type(rule.message(observed), { cause: error }), { code: rule.code });
}
