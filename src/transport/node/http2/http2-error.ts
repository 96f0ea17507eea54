/**
 * Why a client has no WebSocket over HTTP/2, or has lost it with all others of its session.
 */
import { OpenlineError } from "../../../protocol/index.js";

interface Http2Rule {
  readonly section: string;
  readonly text: string;
}

/** The codes of `Http2Error`. */
export type Http2ErrorCode =
  | "http2-not-chosen"
  | "http2-setting-missing"
  | "http2-no-streams"
  | "http2-http1-required"
  | "http2-stream-reset"
  | "http2-session-failed"
  | "http2-session-lost";

const rules: Readonly<Record<Http2ErrorCode, Http2Rule>> = {
  "http2-not-chosen": { section: "RFC 9113 §3.2", text: "the server did not choose HTTP/2 in the handshake of TLS" },
  "http2-setting-missing": {
    section: "RFC 8441 §3",
    text: "the server speaks HTTP/2, but does not allow WebSockets over it: no SETTINGS_ENABLE_CONNECT_PROTOCOL",
  },
  "http2-no-streams": {
    section: "RFC 9113 §5.1.2",
    text: "the server allows no stream at all by its SETTINGS_MAX_CONCURRENT_STREAMS",
  },
  "http2-http1-required": { section: "RFC 9113 §7", text: "the server wants HTTP/1.1 for this" },
  "http2-stream-reset": { section: "RFC 9113 §6.4", text: "the server reset the stream before it answered" },
  "http2-session-failed": { section: "RFC 9113 §3.4", text: "the session ended before the server's settings came" },
  "http2-session-lost": { section: "RFC 9113 §5.4.1", text: "the session was lost, and every stream with it" },
};

/** Every code of `Http2Error`, for documentation and tests. */
export const http2ErrorCodes: readonly Http2ErrorCode[] = Object.keys(rules) as Http2ErrorCode[];

/** See the head of this file. */
export class Http2Error extends OpenlineError {
  override readonly name = "Http2Error";
  override readonly code: Http2ErrorCode;
  override readonly section: string;
  /** What was seen: the protocol that was chosen, or the error code of HTTP/2 (RFC 9113 §7). */
  readonly observed: string | number | undefined;

  /** @param cause the error of the session or of the network, where there is one */
  constructor(code: Http2ErrorCode, observed?: string | number, cause?: unknown) {
    const { section, text } = rules[code];
    const details = [
      ...(observed === undefined ? [] : [`got ${String(observed)}`]),
      ...(cause instanceof Error ? [cause.message] : []),
    ].join(", ");
    super(`${text} (${section})${details === "" ? "" : `: ${details}`}`, cause === undefined ? {} : { cause });
    this.code = code;
    this.section = section;
    this.observed = observed;
  }
}
