/**
 * What is due on one open socket: a ping, or the end of a peer that is silent, holds a message back, takes nothing, or
 * has nothing to say.
 *
 * A peer is judged only by what we could have seen:
 * - While we have stopped reading, its clock stands still: neither its silence nor old octets say anything then. If it
 *   takes no output either, the deadline of that goes on.
 * - While it takes no output, our ping may stand behind that; silence is not held against it, but the output is.
 * - What is overdue is judged again after everything that has come by then was read, and steps that our process slept
 *   through do not count (`wheel.ts`).
 */
import type { CloseReport, Connection } from "../protocol/index.js";
import { CloseCode, ProtocolError, UsageError } from "../protocol/index.js";
import type { ByteStream } from "../transport/index.js";
import type { SocketContext } from "./context.js";
import type { ResolvedDeadlines } from "./deadline-options.js";
import { rejectedQuietly } from "./deferred.js";
import type { Delivery } from "./delivery.js";
import { ConnectionClosedError, HeartbeatTimeoutError, IdleTimeoutError, SendTimeoutError } from "./errors.js";
import type { Outbox } from "./outbox.js";
import { PingTracker } from "./ping-tracker.js";
import type { PinnedMemoryOwner } from "./pinned-memory.js";
import { idleSocketBytes, PinnedMemory } from "./pinned-memory.js";
import type { Wheel } from "./wheel.js";
import { awaitsReading, notDue, WheelEntry } from "./wheel.js";

/** The socket, as far as its watch needs it. */
export interface WatchOwner extends PinnedMemoryOwner {
  /** The step in which octets last came. */
  heardStep: number;
  /** The step in which a message last came or went. */
  activeStep: number;
  /** Begins the closing handshake. */
  beginClose(code: number, reason: string, cause: Error): void;
}

const never = -1;

type Aspect = "output" | "silence" | "message" | "idleness" | "sign";
const aspects: readonly Aspect[] = ["output", "silence", "message", "idleness"];
const aspectsWhilePaused: readonly Aspect[] = ["output", "sign"];

/** See the head of this file. */
export class SocketWatch extends WheelEntry {
  readonly #context: Pick<SocketContext<unknown>, "wheel" | "options" | "platform" | "memory">;
  readonly #wheel: Wheel;
  readonly #deadlines: ResolvedDeadlines;
  readonly #connection: Connection;
  readonly #stream: ByteStream;
  readonly #outbox: Outbox;
  readonly #delivery: Delivery;
  readonly #owner: WatchOwner;
  /** Steps of silence before a ping, this time. */
  #silentSteps = 0;
  /** When the ping was sent that nothing has come after. */
  #pingStep = never;
  /** Whether a pong may come that answers it. */
  #isPongAwaited = false;
  /** When the message began that is coming. */
  #messageStep = never;
  /** When we stopped reading. */
  #pauseStep = never;
  /** When we last told the peer that we are there, though we do not read. */
  #signStep = never;
  /** When the peer last took something of what waits for it, and what was left then. */
  #takenStep = never;
  #queuedBytes = 0;
  #isJudged = false;
  #pings: PingTracker | undefined;
  #memory: PinnedMemory | undefined;

  constructor(
    context: Pick<SocketContext<unknown>, "wheel" | "options" | "platform" | "memory">,
    connection: Connection,
    stream: ByteStream,
    outbox: Outbox,
    delivery: Delivery,
    owner: WatchOwner,
  ) {
    super();
    this.#context = context;
    this.#wheel = context.wheel;
    this.#deadlines = context.options.deadlines;
    this.#connection = connection;
    this.#stream = stream;
    this.#outbox = outbox;
    this.#delivery = delivery;
    this.#owner = owner;
  }

  /** Begins: the connection is open. */
  start(): void {
    const { step } = this.#wheel;
    this.#owner.heardStep = step;
    this.#owner.activeStep = step;
    this.#drawInterval();
    const { heartbeat, idleTimeoutMs } = this.#deadlines;
    if (heartbeat !== undefined) this.#wheel.lookBy(this, step + this.#silentSteps + 1);
    if (idleTimeoutMs !== undefined) this.#wheel.lookBy(this, step + this.#wheel.steps(idleTimeoutMs) + 1);
  }

  /** The connection is gone. */
  end(): void {
    this.#wheel.leave(this);
    this.#memory?.end();
  }

  /** Something is held in memory, or is about to be. */
  holds(): void {
    if (this.isGone) return;
    this.#memory ??= this.#createMemory();
    this.#memory.enter();
  }

  #createMemory(): PinnedMemory {
    const parts = { connection: this.#connection, delivery: this.#delivery, outbox: this.#outbox };
    return new PinnedMemory(this.#context, parts, this.#owner);
  }

  /** More output than the high-water mark waits. */
  outputWaits(): void {
    this.holds();
    this.countMemory();
  }

  /** What is held may have grown. */
  countMemory(): void {
    this.#memory?.count();
  }

  /** Octets of memory that the connection takes. */
  get memoryBytes(): number {
    return this.#memory?.heldBytes ?? idleSocketBytes;
  }

  /**
   * Sends a ping on behalf of the application.
   *
   * @param report how the connection has ended, if it has
   * @returns the round trip in milliseconds
   */
  ping(report: CloseReport | undefined): Promise<number> {
    if (report !== undefined) return rejectedQuietly(new ConnectionClosedError("the ping was sent", report));
    const tracker = (this.#pings ??= new PingTracker(this.#context.platform.clock));
    if (tracker.isFull) return rejectedQuietly(new UsageError("too-many-pings", tracker.count, tracker.count));
    const { payload, roundTrip } = tracker.begin();
    this.#connection.ping(payload);
    this.#outbox.flushSoon();
    return roundTrip;
  }

  /** A pong came. Returns what `PingTracker.pong` does. */
  pong(bytes: Uint8Array, start: number, end: number): number | undefined {
    return this.#pings?.pong(bytes, start, end);
  }

  /** Whether a pong that came may answer the heartbeat's last ping; the next one may not. */
  takeAwaitedPong(): boolean {
    const isAwaited = this.#isPongAwaited;
    this.#isPongAwaited = false;
    return isAwaited;
  }

  /** No pong will come any more. */
  endPings(report: CloseReport): void {
    this.#pings?.end(report);
  }

  /** A message has begun to come that did not come whole. */
  messageBegun(): void {
    this.holds();
    const { messageTimeoutMs } = this.#deadlines;
    if (messageTimeoutMs === undefined) return;
    const { step } = this.#wheel;
    this.#messageStep = step;
    this.#wheel.lookBy(this, step + this.#wheel.steps(messageTimeoutMs) + 1);
  }

  /** More has come of a message that is handed on while it comes: what it may take is the time until the next piece. */
  messageGoesOn(): void {
    this.#messageStep = this.#wheel.step;
  }

  /** We have stopped reading, or read on. */
  set isPaused(isPaused: boolean) {
    const { step } = this.#wheel;
    const since = this.#pauseStep;
    if (isPaused === (since !== never)) return;
    if (isPaused) {
      this.holds();
      this.#pauseStep = step;
      this.#signStep = step;
      return;
    }
    this.#pauseStep = never;
    const missed = step - since;
    const put = (before: number): number => (before === never ? never : Math.min(before + missed, step));
    this.#owner.heardStep = put(this.#owner.heardStep);
    this.#owner.activeStep = put(this.#owner.activeStep);
    this.#pingStep = put(this.#pingStep);
    this.#messageStep = put(this.#messageStep);
    // What had stood still goes on.
    this.#wheel.lookBy(this, step + 1);
  }

  /** The stream takes nothing at the moment, or takes something again. */
  set isStuck(isStuck: boolean) {
    if (isStuck) this.holds();
    const { step } = this.#wheel;
    // The ping may have waited until now.
    if (!isStuck && this.#pingStep !== never) this.#pingStep = step;
    this.#takenStep = isStuck ? step : never;
    const { sendTimeoutMs } = this.#deadlines;
    if (!isStuck || sendTimeoutMs === undefined) return;
    this.#queuedBytes = this.#stream.queuedBytes;
    this.#wheel.lookBy(this, step + this.#quarter(sendTimeoutMs));
  }

  look(hasRead: boolean): number {
    let next = notDue;
    for (const aspect of this.#pauseStep === never ? aspects : aspectsWhilePaused) {
      // From its first sign on, the end has a deadline of its own.
      if (this.#isJudged || !this.#connection.isOpen) return notDue;
      next = Math.min(next, this.#lookAt(aspect, hasRead));
    }
    return next;
  }

  #lookAt(aspect: Aspect, hasRead: boolean): number {
    switch (aspect) {
      case "output":
        return this.#lookAtOutput(hasRead);
      case "silence":
        return this.#lookAtSilence(hasRead);
      case "message":
        return this.#lookAtMessage(hasRead);
      case "idleness":
        return this.#lookAtIdleness(hasRead);
      case "sign":
        return this.#lookAtSign();
      default:
        return aspect satisfies never;
    }
  }

  #lookAtOutput(hasRead: boolean): number {
    const { sendTimeoutMs } = this.#deadlines;
    if (this.#takenStep === never || sendTimeoutMs === undefined) return notDue;
    const { step } = this.#wheel;
    const { queuedBytes } = this.#stream;
    if (queuedBytes !== this.#queuedBytes) {
      this.#queuedBytes = queuedBytes;
      this.#takenStep = step;
    }
    const due = this.#dueAfter(this.#takenStep, sendTimeoutMs);
    if (step < due) return Math.min(due, step + this.#quarter(sendTimeoutMs));
    return hasRead
      ? this.#judge(() => this.#owner.toEnd.cut(new SendTimeoutError(this.#outbox.bufferedBytes, sendTimeoutMs)))
      : awaitsReading;
  }

  #lookAtSilence(hasRead: boolean): number {
    const { heartbeat } = this.#deadlines;
    if (heartbeat === undefined) return notDue;
    const { step, wokeStep } = this.#wheel;
    const { heardStep } = this.#owner;
    if (this.#pingStep !== never && heardStep >= this.#pingStep) {
      this.#pingStep = never;
      this.#drawInterval();
    }
    if (this.#pingStep !== never) {
      if (this.#outbox.isStuck) this.#pingStep = step;
      const due = this.#dueAfter(this.#pingStep, heartbeat.timeoutMs);
      if (step < due) return due;
      const silentMs = (step - heardStep) * this.#wheel.stepMs;
      return hasRead
        ? this.#judge(() => this.#owner.toEnd.cut(new HeartbeatTimeoutError(silentMs, heartbeat.timeoutMs)))
        : awaitsReading;
    }
    // Who was cut off while our process slept is found out soon after.
    const due = wokeStep > heardStep ? step : heardStep + this.#silentSteps + 1;
    if (step < due) return due;
    if (this.#outbox.isStuck) return step + this.#silentSteps;
    this.#pingStep = step;
    this.#isPongAwaited = true;
    // Where others are on their way, in order with them: its pong answers those, too.
    this.#connection.ping(this.#pings?.heartbeatPayload());
    this.#outbox.flushSoon();
    return this.#dueAfter(step, heartbeat.timeoutMs);
  }

  #lookAtMessage(hasRead: boolean): number {
    const { messageTimeoutMs } = this.#deadlines;
    if (messageTimeoutMs === undefined || !this.#connection.isMidMessage) return notDue;
    const { step } = this.#wheel;
    const due = this.#dueAfter(this.#messageStep, messageTimeoutMs);
    if (step < due) return due;
    const takenMs = (step - this.#messageStep) * this.#wheel.stepMs;
    return hasRead
      ? this.#judge(() => this.#owner.fail(new ProtocolError("message-timeout", takenMs, messageTimeoutMs)))
      : awaitsReading;
  }

  #lookAtIdleness(hasRead: boolean): number {
    const { idleTimeoutMs } = this.#deadlines;
    if (idleTimeoutMs === undefined) return notDue;
    const { step } = this.#wheel;
    const { activeStep } = this.#owner;
    const due = this.#dueAfter(activeStep, idleTimeoutMs);
    if (step < due) return due;
    const idleMs = (step - activeStep) * this.#wheel.stepMs;
    return hasRead
      ? this.#judge(() => this.#owner.beginClose(CloseCode.goingAway, "", new IdleTimeoutError(idleMs, idleTimeoutMs)))
      : awaitsReading;
  }

  /**
   * The peer's ping waits unread, so that it would find us dead. RFC 6455 §5.5.3: "A Pong frame MAY be sent unsolicited.
   * This serves as a unidirectional heartbeat."
   */
  #lookAtSign(): number {
    if (this.#deadlines.heartbeat === undefined) return notDue;
    const { step } = this.#wheel;
    if (step - this.#signStep >= this.#silentSteps) {
      this.#signStep = step;
      if (!this.#outbox.isStuck && this.#connection.pong()) this.#outbox.flushSoon();
    }
    return this.#signStep + this.#silentSteps;
  }

  /** The first step in which so much time has passed for sure, none of it slept through. */
  #dueAfter(step: number, ms: number): number {
    return Math.max(step, this.#wheel.wokeStep) + this.#wheel.steps(ms) + 1;
  }

  #judge(end: () => void): number {
    this.#isJudged = true;
    end();
    return notDue;
  }

  #quarter(ms: number): number {
    return Math.ceil(this.#wheel.steps(ms) / 4);
  }

  #drawInterval(): void {
    const { heartbeat } = this.#deadlines;
    if (heartbeat === undefined) return;
    const { intervalMs, jitter } = heartbeat;
    this.#silentSteps = this.#wheel.steps(intervalMs * (1 - jitter * this.#wheel.nextFraction()));
  }
}
