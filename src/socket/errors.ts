import type { CloseReport } from "../protocol/index.js";
import { OpenlineError } from "../protocol/index.js";

/** What was waited for cannot happen any more, since the connection has ended. */
export class ConnectionClosedError extends OpenlineError {
  override readonly name = "ConnectionClosedError";
  override readonly code = "connection-closed";
  override readonly section: undefined;
  /** How it ended. */
  readonly report: CloseReport;

  /** @param waitedFor what cannot happen any more, for the message */
  constructor(waitedFor: string, report: CloseReport) {
    super(`the connection ended (${report.outcome}, ${String(report.code)}) before ${waitedFor}`, {
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
    super(
      `the peer reads too slowly: ${String(observed)} octets were waiting, the limit maxSendBufferBytes is ${String(limit)}`,
    );
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
    super(`the closing handshake was not completed within the limit closeTimeoutMs of ${String(limit)} ms`);
    this.limit = limit;
  }
}
