/**
 * Attempts, connections and waits, one after the other, until it is over for good. A connection that the server is about
 * to end is followed by the next one before it is let go.
 */
import { defaultPace, type Pace } from "../../reconnect/defaults.js";
import { delayAfter } from "../../reconnect/policy.js";
import { callAside } from "../../socket/calling.js";
import type { Clock, Timer } from "../../transport/index.js";
import type { Codec, Goaway, Welcome } from "../wire/index.js";
import { jsonCodec } from "../wire/json.js";
import { heals, understood } from "./backoff.js";
import type { ClientEnd, ClientState, ConnectionLoss } from "./client.js";
import { ClockOffset } from "./clock-offset.js";
import type { ClientParts } from "./connection.js";
import { brokenError, Link, type LinkOwner, type SessionFrame, type UserFrame } from "./link.js";
import { timeoutError } from "./operations.js";
import { type ClientOptions, type Fresh, resolveNumbers } from "./options.js";

/** An attempt that is under way: nothing of one that has been given up counts. */
interface Attempt {
  readonly abort: AbortController;
  link?: Link;
  /** When `hello` was sent. */
  helloAtMs: number;
}

/** See the head of this file. */
export abstract class Session implements LinkOwner {
  readonly clock: Clock;
  readonly closed: Promise<ClientEnd>;
  readonly offset: ClockOffset = new ClockOffset();
  /** The connection to use; undefined while there is none. */
  current: Link | undefined;
  state: ClientState = { name: "connecting", attempt: 1 };
  readonly parts: ClientParts;
  readonly #url: Fresh<string | URL>;
  readonly #options: ClientOptions;
  readonly #clientId: string;
  readonly #pace: Pace;
  readonly #codecs: readonly Codec[];
  /** Those that finish what is under way on them. */
  readonly #leaving = new Set<Link>();
  #attempt: Attempt | undefined;
  #timer: Timer | undefined;
  #openedAtMs = 0;
  #attemptedAtMs = 0;
  /** When the next attempt begins, and before when it must not, whatever wakes it. */
  #dueAtMs = 0;
  #earliestMs = 0;
  #failures = 0;
  #lastLoss: ConnectionLoss | undefined;
  #waiters: (() => void)[] = [];
  #resolveClosed: (end: ClientEnd) => void = () => undefined;
  #stopWakeUps: (() => void) | undefined;
  readonly #aborted = (): void => this.end("aborted");

  constructor(parts: ClientParts, url: Fresh<string | URL>, options: ClientOptions, clientId: string) {
    this.parts = parts;
    this.#url = url;
    this.#options = options;
    this.#clientId = clientId;
    this.clock = parts.clock;
    this.#codecs = options.codecs ?? [jsonCodec];
    this.#pace = resolveNumbers(defaultPace, options.reconnect ?? {}, "reconnect.");
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
  }

  // Whoever uses the connections

  /** A connection is open, and is the one to use. */
  protected abstract opened(): void;
  /** A connection is lost, which had been opened. */
  protected abstract lost(link: Link): void;
  /** A frame of the application's: neither an answer, nor about the session. */
  protected abstract take(link: Link, frame: UserFrame): void;
  /** There is room again. */
  abstract roomy(): void;
  /** The token runs out. */
  protected abstract expiring(): void;
  /** It is over for good. */
  protected abstract ended(): void;

  /** Makes the first connection. */
  protected begin(): void {
    const { signal } = this.#options;
    if (signal?.aborted === true) {
      this.end("aborted");
      return;
    }
    signal?.addEventListener("abort", this.#aborted);
    this.#stopWakeUps = this.parts.wakeUps?.(() => this.#wake());
    this.#begin();
  }

  // States

  async *states(): AsyncGenerator<ClientState, undefined> {
    let told: ClientState | undefined;
    while (told?.name !== "closed") {
      if (told === this.state) {
        await new Promise<void>((resolve) => {
          this.#waiters.push(resolve);
        });
      }
      told = this.state;
      yield told;
    }
  }

  #enter(state: ClientState): void {
    this.state = state;
    for (const waiter of this.#waiters.splice(0)) waiter();
    callAside(
      () => this.#options.state?.(state),
      (error) => this.reportError(error, "state"),
    );
  }

  // Attempts

  #begin(): void {
    this.#timer?.cancel();
    const attempt: Attempt = { abort: new AbortController(), helloAtMs: 0 };
    this.#attempt = attempt;
    this.#attemptedAtMs = this.clock.now();
    const { attemptTimeoutMs } = this.#pace;
    this.#timer = this.clock.setTimer(
      () => this.#failed(attempt, { kind: "attempt-failed", error: timeoutError(attemptTimeoutMs) }),
      attemptTimeoutMs,
    );
    this.#connect(attempt).catch((error: unknown) => this.#failed(attempt, { kind: "attempt-failed", error }));
    if (this.current === undefined && this.state.name !== "connecting") {
      this.#enter({ name: "connecting", attempt: this.#failures + 1 });
    }
  }

  async #connect(attempt: Attempt): Promise<void> {
    const [url, token] = await Promise.all([fresh(this.#url), fresh(this.#options.token)]);
    if (attempt !== this.#attempt) return;
    const connection = await this.parts.connect(url, {
      protocols: this.#codecs.map(({ subprotocol }) => subprotocol),
      signal: attempt.abort.signal,
      message: (_connection, message) => attempt.link?.receive(message),
      error: (error) => this.reportError(error, "connection"),
    });
    if (attempt !== this.#attempt) {
      connection.terminate();
      return;
    }
    const codec = this.#codecs.find(({ subprotocol }) => subprotocol === connection.protocol);
    if (codec === undefined) {
      connection.terminate();
      throw brokenError(`subprotocol "${connection.protocol}"`);
    }
    attempt.helloAtMs = this.clock.now();
    attempt.link = new Link(connection, codec, this);
    attempt.link.send(["hello", { token, client: this.#clientId }]);
  }

  #welcomed(attempt: Attempt, link: Link, welcome: Welcome): void {
    this.#timer?.cancel();
    this.#attempt = undefined;
    const now = this.clock.now();
    this.offset.add(attempt.helloAtMs, now, welcome.timeMs);
    const before = this.current;
    this.current = link;
    this.#openedAtMs = now;
    link.watch(welcome);
    this.#enter({ name: "open", session: welcome.session, user: welcome.user });
    // What was told of it may have closed the client.
    if (this.current !== link) return;
    this.opened();
    if (before === undefined) return;
    this.#leaving.add(before);
    before.retire();
  }

  /** Nothing has come of an attempt. */
  #failed(attempt: Attempt, loss: ConnectionLoss): void {
    if (attempt !== this.#attempt) return;
    this.#attempt = undefined;
    attempt.abort.abort();
    attempt.link?.cut();
    this.#after(loss);
  }

  /** What follows on a loss: a wait, or the end. */
  #after(loss: ConnectionLoss): void {
    this.#lastLoss = loss;
    const refusal = loss.kind === "attempt-failed" ? this.parts.refusalOf?.(loss.error) : undefined;
    let verdict: boolean | number | undefined;
    try {
      verdict = this.#options.reconnect?.retry?.(loss);
    } catch (error) {
      this.reportError(error, "retry");
    }
    // Whoever was told may have closed the client.
    if (this.state.name === "closed") return;
    const judged = understood(loss, typeof this.#options.token === "function");
    verdict ??= heals(judged, refusal);
    if (verdict === false) {
      this.end("refused");
      return;
    }
    if (this.#failures >= this.#pace.maxAttempts) {
      this.end("too-many-attempts");
      return;
    }
    const { floorMs, delayMs } =
      typeof verdict === "number"
        ? { floorMs: 0, delayMs: verdict }
        : delayAfter(judged, refusal, this.#failures, this.#pace, this.parts.random());
    this.#failures++;
    this.#earliestMs = this.clock.now() + floorMs;
    this.#wait(loss, delayMs);
  }

  #wait(loss: ConnectionLoss, delayMs: number): void {
    this.#dueAtMs = this.clock.now() + delayMs;
    this.#timer?.cancel();
    this.#timer = this.clock.setTimer(() => this.#begin(), delayMs);
    // While a connection is still there, its successor is nobody's concern.
    if (this.current === undefined) this.#enter({ name: "waiting", attempt: this.#failures + 1, delayMs, loss });
  }

  reconnectNow(): void {
    if (this.state.name === "waiting") this.#begin();
  }

  /** Something may have changed for the better, or for the worse: a laptop was asleep. */
  #wake(): void {
    const { state } = this;
    this.current?.probe();
    if (state.name !== "waiting") return;
    // Not before the server allows it, nor more often than `minDelayMs`, however often we are woken.
    const dueAtMs = Math.max(this.#earliestMs, this.#attemptedAtMs + this.#pace.minDelayMs);
    if (dueAtMs >= this.#dueAtMs) return;
    this.#failures = 0;
    this.#wait(state.loss, Math.max(0, dueAtMs - this.clock.now()));
  }

  // What links tell

  frame(link: Link, frame: SessionFrame | UserFrame): void {
    const attempt = this.#attempt;
    if (frame[0] === "welcome") {
      if (attempt?.link === link) this.#welcomed(attempt, link, frame[1]);
      else link.fail("welcome");
    } else if (link.welcome === undefined) link.fail(`${frame[0]} before welcome`);
    else if (frame[0] === "goaway") this.#goAway(link, frame[1]);
    else if (frame[0] === "expiring") this.expiring();
    else this.take(link, frame);
  }

  over(link: Link, loss: ConnectionLoss): void {
    if (this.#attempt?.link === link) {
      this.#failed(this.#attempt, loss);
      return;
    }
    if (this.#leaving.delete(link)) {
      this.lost(link);
      return;
    }
    if (this.current !== link) return;
    this.current = undefined;
    if (this.clock.now() - this.#openedAtMs >= this.#pace.stableAfterMs) this.#failures = 0;
    this.lost(link);
    // Its successor may be on its way already.
    if (this.#attempt !== undefined) this.#enter({ name: "connecting", attempt: this.#failures + 1 });
    else this.#after(loss);
  }

  reportError(error: unknown, during: string): void {
    const { error: told = (unhandled: unknown) => this.parts.reportError(unhandled, during) } = this.#options;
    callAside(
      () => told(error),
      (worse) => this.parts.reportError(worse, "error"),
    );
  }

  /** All clients of a server that goes away come by different moments, and none more often than it would after a loss. */
  #goAway(link: Link, { afterMs }: Goaway): void {
    if (link !== this.current || this.#attempt !== undefined) return;
    const earliestMs = this.#attemptedAtMs + this.#pace.minDelayMs - this.clock.now();
    this.#timer?.cancel();
    this.#timer = this.clock.setTimer(() => this.#begin(), Math.max(earliestMs, this.parts.random() * afterMs));
  }

  // The end

  end(why: ClientEnd["why"]): void {
    if (this.state.name === "closed") return;
    const end: ClientEnd = { why, loss: this.#lastLoss };
    this.#timer?.cancel();
    this.#stopWakeUps?.();
    this.#options.signal?.removeEventListener("abort", this.#aborted);
    const attempt = this.#attempt;
    const links = [this.current, ...this.#leaving, attempt?.link];
    this.#attempt = undefined;
    this.current = undefined;
    this.#leaving.clear();
    attempt?.abort.abort();
    this.#enter({ name: "closed", end });
    this.ended();
    for (const link of links) link?.close();
    this.#resolveClosed(end);
  }
}

/** The value, or a fresh one. */
export async function fresh<Value>(value: Fresh<Value>): Promise<Value> {
  return await (typeof value === "function" ? (value as () => Value | Promise<Value>)() : value);
}
