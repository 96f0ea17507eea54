/**
 * How fast a peer may send: the options, and one socket's buckets.
 *
 * What has come is there, and is counted afterwards. So what goes beyond a limit is one message, or one chunk of octets.
 * What comes in a heap since our process was stopped, or busy, was not sent in a heap: that time counts in full.
 */
import type { ViolationCode } from "../protocol/index.js";
import { ProtocolError, UsageError } from "../protocol/index.js";
import type { Timer } from "../transport/index.js";
import type { SocketContext } from "./context.js";
import { maxTimerMs } from "./deadline-options.js";
import { type AnySocket, tellLimit } from "./observer.js";
import { PauseReason } from "./reading.js";
import { TokenBucket } from "./token-bucket.js";

/** What happens to a peer that sends faster than it may. */
export type RateLimitPolicy = "pause" | "close" | "drop";

/** How fast a peer may send. What is not given is not limited. */
export interface RateLimitOptions {
  /** Messages in a second. */
  readonly messagesPerSecond?: number;
  /** Messages that may come at once after a while without any. Default `messagesPerSecond`, and at least 1. */
  readonly burstMessages?: number;
  /** Octets in a second, with the headers of frames, as they come: compressed where that was agreed on. */
  readonly bytesPerSecond?: number;
  /** Octets that may come at once. Default `bytesPerSecond`, and at least 1. */
  readonly burstBytes?: number;
  /** Pings, and pongs that answer none of ours, in a second. */
  readonly controlFramesPerSecond?: number;
  /** As many of these may come at once. Default `controlFramesPerSecond`, and at least 1. */
  readonly burstControlFrames?: number;
  /**
   * What happens beyond it. "pause" (the default): nothing more is read until it may, so that nothing is lost and the
   * peer's own sending waits. "close": the connection is closed with 1008. "drop": messages are dropped, and counted in
   * `socket.droppedMessages`; for control frames it is "pause", since a ping has to be answered (RFC 6455 §5.5.2).
   */
  readonly policy?: RateLimitPolicy;
}

/** A rate, and how many may come at once. */
interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** The options with every default filled in; undefined stands for no limit. */
export interface ResolvedRateLimit {
  readonly messages: Rate | undefined;
  readonly octets: Rate | undefined;
  readonly controlFrames: Rate | undefined;
  readonly policy: RateLimitPolicy;
}

/**
 * Fills in the defaults.
 *
 * @returns undefined where nothing is limited
 * @throws UsageError `invalid-limit`, `invalid-argument`
 */
export function resolveRateLimit(given: RateLimitOptions | undefined): ResolvedRateLimit | undefined {
  if (given === undefined) return undefined;
  if (typeof given !== "object" || given === null) {
    throw new UsageError("invalid-argument", typeof given, undefined, "rateLimit is options");
  }
  const policy = given.policy ?? "pause";
  if (policy !== "pause" && policy !== "close" && policy !== "drop") {
    const hint = 'the policy of rateLimit must be "pause", "close" or "drop"';
    throw new UsageError("invalid-argument", String(policy), undefined, hint);
  }
  const messages = rate("messagesPerSecond", given.messagesPerSecond, "burstMessages", given.burstMessages);
  const octets = rate("bytesPerSecond", given.bytesPerSecond, "burstBytes", given.burstBytes);
  const { controlFramesPerSecond, burstControlFrames } = given;
  const controlFrames = rate(
    "controlFramesPerSecond",
    controlFramesPerSecond,
    "burstControlFrames",
    burstControlFrames,
  );
  if (messages === undefined && octets === undefined && controlFrames === undefined) return undefined;
  return { messages, octets, controlFrames, policy };
}

function rate(
  name: string,
  perSecond: number | undefined,
  burstName: string,
  givenBurst: number | undefined,
): Rate | undefined {
  if (perSecond === undefined) {
    if (givenBurst === undefined) return undefined;
    throw new UsageError("invalid-argument", burstName, undefined, `${burstName} goes with ${name}`);
  }
  // A message every few seconds is a rate, too.
  if (typeof perSecond !== "number" || !Number.isFinite(perSecond) || perSecond <= 0) {
    throw new UsageError("invalid-limit", String(perSecond), Number.MAX_VALUE, name);
  }
  const burst = givenBurst ?? Math.max(1, Math.floor(perSecond));
  if (typeof burst !== "number" || !Number.isSafeInteger(burst) || burst < 1) {
    throw new UsageError("invalid-limit", String(burst), Number.MAX_SAFE_INTEGER, burstName);
  }
  return { perSecond, burst };
}

/** The socket, as far as its limiter needs it. */
export interface RateLimitOwner extends AnySocket {
  /** Whether this side has sent its Close frame, and must read on for the peer's. */
  readonly isLeaving: boolean;
  /** Fails the connection. */
  fail(error: ProtocolError): void;
  pauseReading(reason: PauseReason): void;
  resumeReading(reason: PauseReason): void;
}

type RateLimitContext = Pick<SocketContext<unknown>, "platform" | "wheel" | "observer">;

/** The buckets of one socket. */
export class RateLimiter {
  /** Messages that were dropped. */
  droppedMessages = 0;
  readonly #policy: RateLimitPolicy;
  readonly #context: RateLimitContext;
  readonly #owner: RateLimitOwner;
  readonly #messages: TokenBucket | undefined;
  readonly #octets: TokenBucket | undefined;
  readonly #controlFrames: TokenBucket | undefined;
  #missedMs: number;
  #timer: Timer | undefined;
  #isOver = false;

  constructor(limit: ResolvedRateLimit, context: RateLimitContext, owner: RateLimitOwner) {
    this.#policy = limit.policy;
    this.#context = context;
    this.#owner = owner;
    const nowMs = context.platform.clock.now();
    this.#missedMs = context.wheel.missedMsAt(nowMs);
    const bucket = (rate: Rate | undefined): TokenBucket | undefined =>
      rate === undefined ? undefined : new TokenBucket(rate.perSecond, rate.burst, nowMs);
    this.#messages = bucket(limit.messages);
    this.#octets = bucket(limit.octets);
    this.#controlFrames = bucket(limit.controlFrames);
  }

  /** The time, with what our process has missed of it given to the peer. */
  #now(): number {
    const nowMs = this.#context.platform.clock.now();
    const missedMs = this.#context.wheel.missedMsAt(nowMs);
    const newlyMissedMs = missedMs - this.#missedMs;
    if (newlyMissedMs > 0) {
      this.#missedMs = missedMs;
      for (const bucket of [this.#messages, this.#octets, this.#controlFrames]) bucket?.missed(newlyMissedMs, nowMs);
    }
    return nowMs;
  }

  /** A message has come. Returns whether it is to be delivered. */
  message(): boolean {
    const nowMs = this.#now();
    if (this.#policy !== "drop") {
      this.#count(this.#messages, 1, "message-rate", nowMs);
      // Where the connection has failed for it, nothing is delivered any more.
      return this.#policy !== "close" || this.#messages?.isOwingAt(nowMs) !== true;
    }
    const isOwing = this.#octets?.isOwingAt(nowMs) === true;
    if (!isOwing && this.#messages?.takeIfThere(1, nowMs) !== false) return true;
    this.#drop(isOwing, nowMs);
    return false;
  }

  #drop(isOwing: boolean, nowMs: number): void {
    this.droppedMessages++;
    if (isOwing) tellLimit(this.#context, this.#owner, () => excess("octet-rate", this.#octets, nowMs));
    else tellLimit(this.#context, this.#owner, () => excess("message-rate", this.#messages, nowMs, 1));
  }

  /** Octets have come, and were read. */
  octets(count: number): void {
    const nowMs = this.#now();
    if (this.#policy === "drop") this.#octets?.take(count, nowMs);
    else this.#count(this.#octets, count, "octet-rate", nowMs);
  }

  /** A ping has come, or a pong that nobody asked for. */
  controlFrame(): void {
    this.#count(this.#controlFrames, 1, "control-frame-rate", this.#now());
  }

  /** The connection is gone. */
  end(): void {
    // What was held back is still to come, and nothing can be held against it any more.
    this.#isOver = true;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #count(bucket: TokenBucket | undefined, count: number, code: ViolationCode, nowMs: number): void {
    if (bucket === undefined) return;
    bucket.take(count, nowMs);
    if (this.#isOver || !bucket.isOwingAt(nowMs) || this.#owner.isLeaving) return;
    if (this.#policy === "close") {
      this.#owner.fail(excess(code, bucket, nowMs));
      return;
    }
    this.#owner.pauseReading(PauseReason.rate);
    if (this.#timer !== undefined) return;
    this.#timer = this.#wait(nowMs);
    this.#tell(bucket, code, nowMs);
  }

  #tell(bucket: TokenBucket, code: ViolationCode, nowMs: number): void {
    tellLimit(this.#context, this.#owner, () => excess(code, bucket, nowMs));
  }

  #wait(nowMs: number): Timer {
    const waitMs = Math.max(
      1,
      this.#messages?.owesForMs(nowMs) ?? 0,
      (this.#policy === "drop" ? undefined : this.#octets?.owesForMs(nowMs)) ?? 0,
      this.#controlFrames?.owesForMs(nowMs) ?? 0,
    );
    return this.#context.platform.deadlines.setTimer(() => this.#goOn(), Math.min(waitMs, maxTimerMs));
  }

  /** Reads on, unless another bucket came to owe more meanwhile. */
  #goOn(): void {
    this.#timer = undefined;
    const nowMs = this.#context.platform.clock.now();
    const buckets = [this.#messages, this.#policy === "drop" ? undefined : this.#octets, this.#controlFrames];
    if (buckets.some((bucket) => bucket?.isOwingAt(nowMs) === true)) this.#timer = this.#wait(nowMs);
    else this.#owner.resumeReading(PauseReason.rate);
  }
}

/** What came against which limit, in whole ones, with `more` that the bucket was not asked for. */
function excess(code: ViolationCode, bucket: TokenBucket | undefined, nowMs: number, more: number = 0): ProtocolError {
  const taken = bucket === undefined ? 0 : bucket.burst - bucket.tokensAt(nowMs);
  return new ProtocolError(code, Math.ceil(taken) + more, bucket?.burst);
}
