/**
 * A server's end in order: its sockets close one after the other, so that their peers do not all come back at the same
 * moment, and what is left at the deadline is cut.
 *
 * The oldest go first. Whoever came last has most likely just been sent here by another server that drains, and should
 * not be the first to be sent on; and it takes neither a list to be shuffled nor randomness.
 */
import type { CloseReport, TextCodec } from "../protocol/index.js";
import { CloseCode, writeCloseBody } from "../protocol/index.js";
import { CloseTimeoutError, maxTimerMs, wholeNumber } from "../socket/index.js";
import type { Clock, Timer } from "../transport/index.js";

/** How a server drains. */
export interface DrainOptions {
  /**
   * Milliseconds after which what is left is cut. In the last fifth of them every socket is closed, whether a handler is
   * still at work on it or not, so that its peer has time to answer. Default 25,000.
   */
  readonly deadlineMs?: number | undefined;
  /**
   * Milliseconds over which the sockets are closed, at equal distances; at most `deadlineMs`. Default one for each socket,
   * at most half of `deadlineMs`.
   */
  readonly spreadMs?: number | undefined;
  /** The status code for the sockets, as for `socket.close`. Default 1012 (service restart). */
  readonly code?: number | undefined;
  /** The reason for the sockets, as for `socket.close`. Default none. */
  readonly reason?: string | undefined;
}

/** What became of a server's connections while it drained. */
export interface DrainReport {
  /** Sockets that there were when it began: the sum of the next three. */
  readonly sockets: number;
  /** Those whose closing handshake was completed, whoever began it. */
  readonly closed: number;
  /** Those that were cut by us: at the deadline, or since their closing handshake took longer than `closeTimeoutMs`. */
  readonly terminated: number;
  /** Those that ended otherwise: the peer or the network cut them, or the peer broke the protocol. */
  readonly lost: number;
  /** Handshakes under way that were refused when it began. */
  readonly refused: number;
  /** Milliseconds that all of it took. */
  readonly tookMs: number;
}

/** The options with every default filled in. */
export interface ResolvedDrainOptions {
  readonly deadlineMs: number;
  readonly spreadMs: number;
  readonly code: number;
  readonly reason: string;
}

// Kubernetes kills after 30 s by default: this leaves a few for what else a process has to end.
const defaultDeadlineMs = 25_000;
// A thousand reconnects a second, with their TLS handshakes, are what one process takes in without a queue.
const defaultSpreadMsPerSocket = 1;
// The time after which handlers are not waited for any more.
const patientPart = 0.8;
// Below this, sockets are closed a few at a time: a timer for each would cost more than closing it.
const minStepMs = 10;

/** @throws UsageError `invalid-limit`, and what `socket.close` throws */
export function resolveDrainOptions(options: DrainOptions, sockets: number, text: TextCodec): ResolvedDrainOptions {
  const { code = CloseCode.serviceRestart, reason = "" } = options;
  writeCloseBody(code, reason, text);
  const deadlineMs = wholeNumber("deadlineMs", options.deadlineMs, defaultDeadlineMs, maxTimerMs);
  const defaultSpreadMs = Math.min(sockets * defaultSpreadMsPerSocket, Math.floor(deadlineMs / 2));
  return { deadlineMs, spreadMs: wholeNumber("spreadMs", options.spreadMs, defaultSpreadMs, deadlineMs), code, reason };
}

/** A socket, as far as draining needs it. */
export interface DrainMember {
  /** Closes as soon as nothing is at work on it. */
  leave(code: number, reason: string): void;
  close(code: number, reason: string): Promise<CloseReport>;
  terminate(): void;
  readonly closed: Promise<CloseReport>;
}

/** See the head of this file. It begins when it is made; `finish` has to be called next. */
export class Drain {
  /** Resolves when the sockets are gone, and those who were refused. */
  readonly gone: Promise<unknown>;
  readonly #clock: Clock;
  readonly #options: ResolvedDrainOptions;
  readonly #members: readonly DrainMember[];
  readonly #left: Set<DrainMember>;
  readonly #refused: number;
  readonly #startMs: number;
  /** How many have been asked to leave. */
  #asked = 0;
  #counts = { closed: 0, terminated: 0, lost: 0 };
  #pace: Timer | undefined;
  readonly #lastCall: Timer;
  readonly #deadline: Timer;
  #isExpired = false;

  /**
   * @param members the sockets, in the order in which they are to leave
   * @param refused how many handshakes were refused for it
   * @param refusedGone when those are gone
   * @param expired called at the deadline, after the sockets that are left have been cut
   */
  constructor(
    clock: Clock,
    options: ResolvedDrainOptions,
    members: readonly DrainMember[],
    refused: number,
    refusedGone: Promise<void>,
    expired: () => void,
  ) {
    this.#clock = clock;
    this.#options = options;
    this.#members = members;
    this.#left = new Set(members);
    this.#refused = refused;
    this.#startMs = clock.now();
    const membersGone = members.map((member) => member.closed.then((report) => this.#count(member, report)));
    this.gone = Promise.all([...membersGone, refusedGone]);
    const { deadlineMs } = options;
    this.#lastCall = clock.setTimer(() => this.#callLast(), Math.floor(deadlineMs * patientPart));
    this.#deadline = clock.setTimer(() => {
      this.#isExpired = true;
      for (const member of this.#left) member.terminate();
      expired();
    }, deadlineMs);
    this.#askNext();
  }

  /**
   * Ends the deadline.
   *
   * @param port when what is not the sockets' is gone, too
   */
  async finish(port?: Promise<void>): Promise<DrainReport> {
    try {
      await Promise.all([this.gone, port]);
    } finally {
      for (const timer of [this.#pace, this.#lastCall, this.#deadline]) timer?.cancel();
    }
    const tookMs = this.#clock.now() - this.#startMs;
    return { sockets: this.#members.length, ...this.#counts, refused: this.#refused, tookMs };
  }

  #count(member: DrainMember, report: CloseReport): void {
    this.#left.delete(member);
    const isCut = this.#isExpired || report.cause instanceof CloseTimeoutError;
    this.#counts[report.wasClean ? "closed" : isCut ? "terminated" : "lost"]++;
  }

  /** Asks those to leave whose turn has come. */
  #askNext(): void {
    const { spreadMs, code, reason } = this.#options;
    const total = this.#members.length;
    const elapsedMs = this.#clock.now() - this.#startMs;
    const due = spreadMs === 0 ? total : Math.min(total, Math.floor((elapsedMs * total) / spreadMs) + 1);
    for (; this.#asked < due; this.#asked++) this.#members[this.#asked]?.leave(code, reason);
    if (this.#asked === total) return;
    const delayMs = Math.ceil((this.#asked * spreadMs) / total - elapsedMs);
    this.#pace = this.#clock.setTimer(() => this.#askNext(), Math.max(minStepMs, delayMs));
  }

  /** From here on, handlers that are still at work do not hold their socket up. */
  #callLast(): void {
    this.#pace?.cancel();
    const { code, reason } = this.#options;
    for (const member of this.#left) void member.close(code, reason);
  }
}
