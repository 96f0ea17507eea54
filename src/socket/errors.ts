import type { CloseReport } from "../protocol/index.js";
// By its file, so that a build for browsers gets no more with it.
import { OpenlineError } from "../protocol/openline-error.js";

/** What was waited for cannot happen any more, since the connection has ended. */
export class ConnectionClosedError extends OpenlineError {
  override readonly name = "ConnectionClosedError";
  override readonly code = "connection-closed";
  override readonly section: undefined;
  /** How it ended. */
  readonly report: CloseReport;

  /** @param waitedFor what cannot happen any more, for the message */
  constructor(waitedFor: string, report: CloseReport) {
    super(`the connection ended (${report.outcome}, ${report.code}) before ${waitedFor}`, {
      cause: report.cause,
    });
    this.report = report;
  }
}

/** The peer read so slowly that `maxSendBufferBytes` were waiting for it. Found as `cause` in the close report. */
export class SlowPeerError extends OpenlineError {
  override readonly name = "SlowPeerError";
  override readonly code = "slow-peer";
  override readonly section: undefined;
  /** Octets that waited. */
  readonly observed: number;
  /** `maxSendBufferBytes`. */
  readonly limit: number;

  constructor(observed: number, limit: number) {
    super(`the peer reads too slowly: ${observed} octets were waiting, the limit maxSendBufferBytes is ${limit}`);
    this.observed = observed;
    this.limit = limit;
  }
}

/** The closing handshake was not completed within `closeTimeoutMs`. Found as `cause` in the close report. */
export class CloseTimeoutError extends OpenlineError {
  override readonly name = "CloseTimeoutError";
  override readonly code = "close-timeout";
  override readonly section = "RFC 6455 §7.1.1";
  /** `closeTimeoutMs`. */
  readonly limit: number;

  constructor(limit: number) {
    super(`the closing handshake took longer than the limit closeTimeoutMs of ${limit} ms`);
    this.limit = limit;
  }
}

/** Nothing came from the peer within `heartbeat.timeoutMs` after a ping. Found as `cause` in the close report. */
export class HeartbeatTimeoutError extends OpenlineError {
  override readonly name = "HeartbeatTimeoutError";
  override readonly code = "heartbeat-timeout";
  override readonly section = "RFC 6455 §5.5.2";
  /** Milliseconds without anything from the peer. */
  readonly observed: number;
  /** `heartbeat.timeoutMs`. */
  readonly limit: number;

  constructor(observed: number, limit: number) {
    super(
      `the peer is not there any more: nothing came within the limit heartbeat.timeoutMs of ${limit} ms after a ping, and nothing for ${observed} ms in all`,
    );
    this.observed = observed;
    this.limit = limit;
  }
}

/** The peer took nothing of what waited for it within `sendTimeoutMs`. Found as `cause` in the close report. */
export class SendTimeoutError extends OpenlineError {
  override readonly name = "SendTimeoutError";
  override readonly code = "send-timeout";
  override readonly section: undefined;
  /** Octets that waited. */
  readonly observed: number;
  /** `sendTimeoutMs`. */
  readonly limit: number;

  constructor(observed: number, limit: number) {
    super(
      `the peer does not read: it took nothing of ${observed} octets within the limit sendTimeoutMs of ${limit} ms`,
    );
    this.observed = observed;
    this.limit = limit;
  }
}

/** There was no message in either direction for `idleTimeoutMs`. Found as `cause` in the close report. */
export class IdleTimeoutError extends OpenlineError {
  override readonly name = "IdleTimeoutError";
  override readonly code = "idle-timeout";
  override readonly section: undefined;
  /** Milliseconds without a message. */
  readonly observed: number;
  /** `idleTimeoutMs`. */
  readonly limit: number;

  constructor(observed: number, limit: number) {
    super(`no message came or went for ${observed} ms; the limit idleTimeoutMs is ${limit} ms`);
    this.observed = observed;
    this.limit = limit;
  }
}

/**
 * Messages waited for a consumer that did not take them, where a platform cannot stop reading. Found as `cause` in the
 * close report; on Node reading stops instead.
 */
export class InboxFullError extends OpenlineError {
  override readonly name = "InboxFullError";
  override readonly code = "inbox-full";
  override readonly section: undefined;
  /** Octets that waited, with the overhead of holding them. */
  readonly observed: number;
  /** `maxInboxBytes`. */
  readonly limit: number;

  constructor(observed: number, limit: number) {
    super(`nobody takes the messages: ${observed} octets were waiting, the limit maxInboxBytes is ${limit}`);
    this.observed = observed;
    this.limit = limit;
  }
}

/**
 * A message that was being streamed, and of which a part had been sent, could not be finished. Found as `cause` in the close
 * report where its source failed or its signal aborted; its own `cause` tells that. It is also what a web stream is
 * cancelled with when the connection closes.
 */
export class UnfinishedMessageError extends OpenlineError {
  override readonly name = "UnfinishedMessageError";
  override readonly code = "message-unfinished";
  override readonly section = "RFC 6455 §5.4";
  /** Octets of the message that had been sent. */
  readonly observed: number;

  constructor(observed: number, cause?: unknown) {
    super(
      `a streamed message was not finished: ${String(observed)} octets of it had been sent`,
      cause === undefined ? {} : { cause },
    );
    this.observed = observed;
  }
}
