/**
 * What can go wrong, and whose fault it is.
 *
 * A peer that breaks the protocol, or passes a limit, is a `ProtocolError`: it closes that one connection and is
 * found in its close report, never thrown at whoever feeds bytes in. A call of ours that makes no sense is a
 * `UsageError`: it is thrown at the caller and nothing is sent. Each has a `code` of its own, listed here and in
 * docs/errors.md; a clean close is not an error.
 */
import { CloseCode } from "./close-code.js";

interface ViolationRule {
  /** The status code the connection is closed with. */
  readonly closeCode: CloseCode;
  /** Where the rule stands. */
  readonly section: string;
  readonly text: string;
}

/** The codes of `ProtocolError`: every rule a peer can break once the handshake is over. */
export type ViolationCode =
  | "reserved-bit-set"
  | "reserved-opcode"
  | "mask-missing"
  | "mask-present"
  | "length-not-minimal"
  | "length-top-bit-set"
  | "length-not-representable"
  | "control-frame-fragmented"
  | "control-frame-too-long"
  | "continuation-without-start"
  | "continuation-expected"
  | "invalid-utf8"
  | "close-body-one-octet"
  | "close-code-invalid"
  | "close-reason-not-utf8"
  | "frame-too-big"
  | "message-too-big"
  | "too-many-fragments"
  | "too-much-buffered"
  | "message-timeout"
  | "message-rate"
  | "octet-rate"
  | "control-frame-rate"
  | "socket-memory"
  | "process-memory"
  | "compressed-data-invalid"
  | "compressed-data-incomplete"
  | "too-many-deflate-streams";

const violationRules: Readonly<Record<ViolationCode, ViolationRule>> = {
  "reserved-bit-set": {
    closeCode: CloseCode.protocolError,
    section: "RFC 6455 §5.2",
    text: "a reserved bit is set that no negotiated extension claims",
  },
  "reserved-opcode": { closeCode: CloseCode.protocolError, section: "RFC 6455 §5.2", text: "the opcode is reserved" },
  "mask-missing": {
    closeCode: CloseCode.protocolError,
    section: "RFC 6455 §5.1",
    text: "a client must mask every frame, and this one is not masked",
  },
  "mask-present": {
    closeCode: CloseCode.protocolError,
    section: "RFC 6455 §5.1",
    text: "a server must not mask its frames, and this one is masked",
  },
  "length-not-minimal": {
    closeCode: CloseCode.protocolError,
    section: "RFC 6455 §5.2",
    text: "the payload length is not encoded in the fewest octets",
  },
  "length-top-bit-set": {
    closeCode: CloseCode.protocolError,
    section: "RFC 6455 §5.2",
    text: "the most significant bit of a 64-bit payload length is set",
  },
  "length-not-representable": {
    closeCode: CloseCode.messageTooBig,
    section: "RFC 6455 §10.4",
    text: "the payload length is beyond 2^53 - 1",
  },
  "control-frame-fragmented": {
    closeCode: CloseCode.protocolError,
    section: "RFC 6455 §5.5",
    text: "a control frame is fragmented",
  },
  "control-frame-too-long": {
    closeCode: CloseCode.protocolError,
    section: "RFC 6455 §5.5",
    text: "a control frame has more than 125 octets of payload",
  },
  "continuation-without-start": {
    closeCode: CloseCode.protocolError,
    section: "RFC 6455 §5.4",
    text: "a continuation frame came with no message to continue",
  },
  "continuation-expected": {
    closeCode: CloseCode.protocolError,
    section: "RFC 6455 §5.4",
    text: "a new message began before the fragmented one had ended",
  },
  "invalid-utf8": {
    closeCode: CloseCode.invalidPayload,
    section: "RFC 6455 §8.1",
    text: "a text message is not valid UTF-8",
  },
  "close-body-one-octet": {
    closeCode: CloseCode.protocolError,
    section: "RFC 6455 §5.5.1",
    text: "a Close frame has a body of one octet, too short for a status code",
  },
  "close-code-invalid": {
    closeCode: CloseCode.protocolError,
    section: "RFC 6455 §7.4",
    text: "a Close frame carries a status code that must not be sent",
  },
  "close-reason-not-utf8": {
    closeCode: CloseCode.invalidPayload,
    section: "RFC 6455 §5.5.1",
    text: "the reason in a Close frame is not valid UTF-8",
  },
  "frame-too-big": {
    closeCode: CloseCode.messageTooBig,
    section: "RFC 6455 §10.4",
    text: "a frame is longer than the limit maxFrameBytes",
  },
  "message-too-big": {
    closeCode: CloseCode.messageTooBig,
    section: "RFC 6455 §10.4",
    text: "a message is longer than the limit maxMessageBytes, or than the longest string",
  },
  "too-many-fragments": {
    closeCode: CloseCode.policyViolation,
    section: "RFC 6455 §10.4",
    text: "a message has more fragments than the limit maxFragmentsPerMessage",
  },
  "too-much-buffered": {
    closeCode: CloseCode.messageTooBig,
    section: "RFC 6455 §10.4",
    text: "an unfinished message holds more memory than the limit maxBufferedBytes, or than there is",
  },
  "message-timeout": {
    closeCode: CloseCode.policyViolation,
    section: "RFC 6455 §10.4",
    text: "a message was not finished within the milliseconds of the limit messageTimeoutMs",
  },
  "message-rate": {
    closeCode: CloseCode.policyViolation,
    section: "RFC 6455 §10.4",
    text: "messages came faster than the limit rateLimit.messagesPerSecond",
  },
  "octet-rate": {
    closeCode: CloseCode.policyViolation,
    section: "RFC 6455 §10.4",
    text: "octets came faster than the limit rateLimit.bytesPerSecond",
  },
  "control-frame-rate": {
    closeCode: CloseCode.policyViolation,
    section: "RFC 6455 §10.4",
    text: "control frames came faster than the limit rateLimit.controlFramesPerSecond",
  },
  "socket-memory": {
    closeCode: CloseCode.policyViolation,
    section: "RFC 6455 §10.4",
    text: "a connection pins more memory than the limit maxSocketMemoryBytes",
  },
  "process-memory": {
    closeCode: CloseCode.tryAgainLater,
    section: "RFC 6455 §10.4",
    text: "all connections together pin more memory than the limit maxMemoryBytes, and this one is among the heaviest",
  },
  "compressed-data-invalid": {
    closeCode: CloseCode.invalidPayload,
    section: "RFC 7692 §7.2.2",
    text: "the octets of a compressed message cannot be inflated",
  },
  "compressed-data-incomplete": {
    closeCode: CloseCode.invalidPayload,
    section: "RFC 7692 §7.2.2",
    text: "a compressed message ends within a block",
  },
  "too-many-deflate-streams": {
    closeCode: CloseCode.invalidPayload,
    section: "RFC 7692 §7.2.1",
    text: "a compressed message is made of more deflate streams than are taken",
  },
};

/** Every violation code, for documentation and tests. */
export const violationCodes: readonly ViolationCode[] = Object.keys(violationRules) as ViolationCode[];

/** What every error of this package has: a stable code and the section of the specification it rests on. */
export abstract class OpenlineError extends Error {
  abstract readonly code: string;
  abstract readonly section: string | undefined;
}

/**
 * The peer broke a rule of the protocol or passed a limit. Found as `cause` in the close report.
 */
export class ProtocolError extends OpenlineError {
  override readonly name = "ProtocolError";
  override readonly code: ViolationCode;
  override readonly section: string;
  /** The status code the connection is closed with. */
  readonly closeCode: CloseCode;
  /** What was seen, in the unit of the rule: an opcode, a number of octets, a status code. */
  readonly observed: number | undefined;
  /** What is allowed, where the rule is a limit. */
  readonly limit: number | undefined;

  constructor(code: ViolationCode, observed?: number, limit?: number, cause?: unknown) {
    const rule: ViolationRule = violationRules[code];
    super(`${rule.text}${describe(observed, limit)} (${rule.section})`, cause === undefined ? {} : { cause });
    this.code = code;
    this.section = rule.section;
    this.closeCode = rule.closeCode;
    this.observed = observed;
    this.limit = limit;
  }
}

interface UsageRule {
  readonly section: string | undefined;
  readonly text: string;
}

/** The codes of `UsageError`. */
export type UsageCode =
  | "close-code-not-sendable"
  | "close-reason-without-code"
  | "close-reason-too-long"
  | "control-payload-too-long"
  | "fragment-pending"
  | "text-not-utf8"
  | "masking-keys-required"
  | "masking-required"
  | "url-invalid"
  | "protocol-invalid"
  | "protocol-not-offered"
  | "extension-invalid"
  | "extension-not-offered"
  | "header-invalid"
  | "header-not-allowed"
  | "already-consumed"
  | "message-consumed"
  | "message-left"
  | "binary-not-utf8"
  | "too-many-topics"
  | "topic-too-long"
  | "too-many-pings"
  | "invalid-argument"
  | "invalid-limit";

const usageRules: Readonly<Record<UsageCode, UsageRule>> = {
  "close-code-not-sendable": {
    section: "RFC 6455 §7.4",
    text: "this status code must not be sent; use 1000, 1001-1003, 1007-1014 or 3000-4999",
  },
  "close-reason-without-code": {
    section: "RFC 6455 §5.5.1",
    text: "a close reason needs a status code before it",
  },
  "close-reason-too-long": {
    section: "RFC 6455 §5.5",
    text: "a close reason has at most 123 octets of UTF-8",
  },
  "control-payload-too-long": {
    section: "RFC 6455 §5.5",
    text: "the payload of a ping or pong has at most 125 octets",
  },
  "fragment-pending": {
    section: "RFC 6455 §5.4",
    text: "a fragmented message is being sent; finish it before the next message",
  },
  "text-not-utf8": {
    section: "RFC 6455 §5.6",
    text: "the octets of a text fragment must be valid UTF-8, whole code points",
  },
  "masking-keys-required": {
    section: "RFC 6455 §5.3",
    text: "a client needs a source of unpredictable masking keys",
  },
  "masking-required": {
    section: "RFC 6455 §5.1",
    text: "a frame that was made for many is not masked, and a client must mask all that it sends",
  },
  "url-invalid": {
    section: "RFC 6455 §3",
    text: "this is not the URL of a WebSocket",
  },
  "protocol-invalid": {
    section: "RFC 6455 §4.1",
    text: "subprotocols must be tokens, each listed once",
  },
  "protocol-not-offered": {
    section: "RFC 6455 §4.2.2",
    text: "the client did not ask for this subprotocol",
  },
  "extension-invalid": {
    section: "RFC 6455 §9.1",
    text: "names and parameter values of extensions must be tokens, and an extension is accepted once",
  },
  "extension-not-offered": {
    section: "RFC 6455 §4.2.2",
    text: "the client did not offer this extension",
  },
  "header-invalid": {
    section: "RFC 9110 §5",
    text: "a header needs a token for a name and a value without control characters",
  },
  "header-not-allowed": {
    section: "RFC 6455 §4",
    text: "this header belongs to the handshake itself and cannot be set",
  },
  "already-consumed": {
    section: undefined,
    text: "messages have one consumer, a message handler or one iterator, and this one has it already",
  },
  "message-consumed": {
    section: undefined,
    text: "the content of a message can be consumed once, by one of stream, text, bytes, json, discard or iterating",
  },
  "message-left": {
    section: undefined,
    text: "the next message was asked for before this one had been consumed, so that the rest of it was discarded",
  },
  "binary-not-utf8": {
    section: undefined,
    text: "this binary message is not valid UTF-8, so that it cannot be read as text",
  },
  "too-many-topics": {
    section: undefined,
    text: "a socket subscribes to no more topics than the limit maxTopicsPerSocket",
  },
  "topic-too-long": {
    section: undefined,
    text: "the name of a topic that is subscribed to is no longer than the limit maxTopicLength",
  },
  "too-many-pings": {
    section: "RFC 6455 §5.5.2",
    text: "too many pings of this socket are on their way without an answer",
  },
  "invalid-argument": { section: undefined, text: "an argument is not of the type this call takes" },
  "invalid-limit": { section: undefined, text: "a limit must be a whole number within its range" },
};

/** Every usage code, for documentation and tests. */
export const usageCodes: readonly UsageCode[] = Object.keys(usageRules) as UsageCode[];

/**
 * A call that makes no sense, thrown at its caller. Nothing was sent and the connection is as it was.
 */
export class UsageError extends OpenlineError {
  override readonly name = "UsageError";
  override readonly code: UsageCode;
  override readonly section: string | undefined;
  /** What was passed. */
  readonly observed: unknown;
  /** What is allowed, where the rule is a limit. */
  readonly limit: number | undefined;

  constructor(code: UsageCode, observed?: unknown, limit?: number, hint?: string) {
    const rule = usageRules[code];
    const section = rule.section === undefined ? "" : ` (${rule.section})`;
    const shown = typeof observed === "number" || typeof observed === "string" ? observed : undefined;
    super(`${rule.text}${hint === undefined ? "" : `: ${hint}`}${describe(shown, limit)}${section}`);
    this.code = code;
    this.section = rule.section;
    this.observed = observed;
    this.limit = limit;
  }
}

function describe(observed: number | string | undefined, limit: number | undefined): string {
  if (observed === undefined) return "";
  return limit === undefined ? `: got ${observed}` : `: got ${observed}, the limit is ${limit}`;
}
