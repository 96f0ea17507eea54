/**
 * The errors of a socket that reconnects. They are handed in to it, since a build for browsers may have others.
 */
// By its file, so that a build for browsers gets no more with it.
import { OpenlineError } from "../protocol/openline-error.js";
import type { EndReport } from "./reconnecting-socket.js";

/** What was waited for cannot happen any more: the socket does not connect again. */
export class ReconnectEndedError extends OpenlineError {
  override readonly name = "ReconnectEndedError";
  override readonly code = "reconnect-ended";
  override readonly section: undefined;
  /** Why. */
  readonly report: EndReport;

  constructor(report: EndReport) {
    const error = report.loss?.kind === "attempt-failed" ? report.loss.error : report.loss?.report.cause;
    super(`the socket does not connect again (${report.why})`, error === undefined ? {} : { cause: error });
    this.report = report;
  }
}

/** An attempt to connect, with what your functions for it took, was longer than `reconnect.attemptTimeoutMs`. */
export class AttemptTimeoutError extends OpenlineError {
  override readonly name = "AttemptTimeoutError";
  override readonly code = "attempt-timeout";
  override readonly section: undefined;
  /** `reconnect.attemptTimeoutMs`. */
  readonly limit: number;

  constructor(limit: number) {
    super(`an attempt to connect took longer than the limit reconnect.attemptTimeoutMs of ${String(limit)} ms`);
    this.limit = limit;
  }
}
