/**
 * The closing handshake (RFC 6455 §5.5.1, §7): its states, named for their causes, and the Close frame's body.
 */
import { type BrokenRule, ruleOf } from "./broken-rule.js";
import { CloseCode, isCloseCodeOnWire } from "./close-code.js";
import { ProtocolError, UsageError } from "./errors.js";
import { maxCloseReasonBytes } from "./frame-header.js";
import type { TextCodec } from "./utf8.js";

/** The life of a connection after its opening handshake. */
export const ConnectionState = {
  /** Both sides may send. */
  open: "open",
  /** We sent Close and wait for the peer's. */
  closingByUs: "closing-by-us",
  /** The peer sent Close; ours is still to be sent. */
  closingByPeer: "closing-by-peer",
  /** Both Close frames have passed, ours first (or both at once). */
  closedByUs: "closed-by-us",
  /** Both Close frames have passed, the peer's first. */
  closedByPeer: "closed-by-peer",
  /** We failed the connection because of what the peer did, or because this side could not go on (§7.1.7). */
  failed: "failed",
  /** The byte stream ended before both Close frames had passed. */
  dropped: "dropped",
} as const;
export type ConnectionState = (typeof ConnectionState)[keyof typeof ConnectionState];

/** What moves a connection from one state to the next. */
export type ConnectionEvent = "close-sent" | "close-received" | "failed" | "stream-ended";

type Transitions = Readonly<Record<ConnectionEvent, ConnectionState>>;

function final(state: ConnectionState): Transitions {
  return { "close-sent": state, "close-received": state, failed: state, "stream-ended": state };
}

/**
 * The whole of it. The last four states are final: whatever comes, they stay, so that a second Close (Autobahn 7.1.2)
 * or a reset after the handshake changes nothing about how the connection ended.
 */
export const transitions: Readonly<Record<ConnectionState, Transitions>> = {
  open: {
    "close-sent": "closing-by-us",
    "close-received": "closing-by-peer",
    failed: "failed",
    "stream-ended": "dropped",
  },
  "closing-by-us": {
    "close-sent": "closing-by-us",
    "close-received": "closed-by-us",
    failed: "failed",
    "stream-ended": "dropped",
  },
  "closing-by-peer": {
    "close-sent": "closed-by-peer",
    "close-received": "closing-by-peer",
    failed: "failed",
    "stream-ended": "dropped",
  },
  "closed-by-us": final("closed-by-us"),
  "closed-by-peer": final("closed-by-peer"),
  failed: final("failed"),
  dropped: final("dropped"),
};

/** Whether nothing can happen to a connection any more. */
export function isFinal(state: ConnectionState): boolean {
  return transitions[state]["stream-ended"] === state;
}

/** How a connection can end. */
export type CloseOutcome = "closed-by-peer" | "closed-by-us" | "failed" | "dropped";

/** Why a connection closed, as a value. */
export interface CloseReport {
  /** Which of the four ways it ended. */
  readonly outcome: CloseOutcome;
  /**
   * The status code: the peer's where it sent a Close frame (1005 when that had none, §7.1.5); the code we failed the
   * connection with; 1006 when the stream ended without a Close frame.
   */
  readonly code: number;
  /** The reason that came with the code, possibly empty (§7.1.6). */
  readonly reason: string;
  /** Whether the closing handshake was completed (§7.1.4). */
  readonly wasClean: boolean;
  /** Who began to end it. */
  readonly initiator: "us" | "peer";
  /** Where in its life it was when that happened which ended it: before any Close frame, or after the first. */
  readonly phase: "open" | "closing";
  /** The rule or limit that stands behind `cause`, where there is one. */
  readonly rule: BrokenRule | undefined;
  /** What made it fail or drop: the violated rule, a handler's error, the stream's error. */
  readonly cause: Error | undefined;
}

/** A Close frame's body, read. */
export interface CloseBody {
  /** 1005 when the body was empty (§7.1.5). */
  readonly code: number;
  readonly reason: string;
}

/** What is known about why a connection ends. */
export interface CloseCauses {
  /** Whether it was this side that began to. */
  wasBegunByUs: boolean;
  /** Whether a Close frame had passed before it failed or dropped. */
  wasClosing: boolean;
  /** The peer's Close frame. */
  received: CloseBody | undefined;
  /** The rule that the peer broke. */
  failure: ProtocolError | undefined;
  /** The stream's error, or what made us close. */
  cause: Error | undefined;
}

/** What is known before anything is. */
export function noCauses(): CloseCauses {
  return { wasBegunByUs: false, wasClosing: false, received: undefined, failure: undefined, cause: undefined };
}

/** Tells how a connection has ended, once its state is final. */
export function closeReport(state: ConnectionState, causes: CloseCauses): CloseReport {
  const outcome = state as CloseReport["outcome"];
  const { failure, received } = causes;
  const wasClean = outcome === "closed-by-us" || outcome === "closed-by-peer";
  const cause = failure ?? causes.cause;
  return {
    outcome,
    code: failure?.closeCode ?? received?.code ?? CloseCode.abnormalClosure,
    reason: failure?.message ?? received?.reason ?? "",
    wasClean,
    initiator: outcome === "failed" || causes.wasBegunByUs ? "us" : "peer",
    phase: wasClean || causes.wasClosing ? "closing" : "open",
    rule: ruleOf(cause),
    cause,
  };
}

/** What an empty Close frame says. */
const emptyCloseBody: CloseBody = { code: CloseCode.noStatusReceived, reason: "" };

/** Reads the body of a Close frame (§5.5.1), or tells what is wrong with it. */
export function readCloseBody(
  bytes: Uint8Array,
  start: number,
  end: number,
  text: TextCodec,
): CloseBody | ProtocolError {
  const length = end - start;
  if (length === 0) return emptyCloseBody;
  // §5.5.1: "If there is a body, the first two bytes of the body MUST be a 2-byte unsigned integer".
  if (length === 1) return new ProtocolError("close-body-one-octet", 1);
  const code = ((bytes[start] as number) << 8) | (bytes[start + 1] as number);
  if (!isCloseCodeOnWire(code)) return new ProtocolError("close-code-invalid", code);
  // §5.5.1: the reason is UTF-8; §8.1: an endpoint that finds it is not "MUST _Fail the WebSocket Connection_".
  if (!text.isValid(bytes, start + 2, end)) return new ProtocolError("close-reason-not-utf8");
  return { code, reason: text.decode(bytes, start + 2, end) };
}

/**
 * Makes the body of a Close frame.
 *
 * @param code a status code that may be sent, or undefined for an empty body
 * @param reason at most 123 octets of UTF-8
 * @throws UsageError `close-code-not-sendable`, `close-reason-without-code`, `close-reason-too-long`,
 *   `invalid-argument` for a code that is no number or a reason that is no string
 */
export function writeCloseBody(code: number | undefined, reason: string, text: TextCodec): Uint8Array {
  // A reason of any other type would be measured and copied by rules of its own; that is how uninitialized memory
  // has reached the wire elsewhere.
  if (typeof reason !== "string")
    throw new UsageError("invalid-argument", typeof reason, undefined, "reason must be a string");
  if (code === undefined) {
    if (reason !== "") throw new UsageError("close-reason-without-code", reason);
    return new Uint8Array(0);
  }
  if (typeof code !== "number")
    throw new UsageError("invalid-argument", typeof code, undefined, "code must be a number");
  if (!isCloseCodeOnWire(code)) throw new UsageError("close-code-not-sendable", code);
  const reasonBytes = text.byteLength(reason);
  if (reasonBytes > maxCloseReasonBytes) {
    throw new UsageError("close-reason-too-long", reasonBytes, maxCloseReasonBytes);
  }
  const body = new Uint8Array(2 + reasonBytes);
  body[0] = code >> 8;
  body[1] = code & 0xff;
  text.encodeInto(reason, body, 2);
  return body;
}
