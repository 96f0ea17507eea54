/**
 * The client that reconnects: attempts, connections and waits, one after the other, until it is over for good.
 *
 * Free of any platform: `connect`, time and chance are handed in, and no class of the library's is needed to run it, so
 * that a build for browsers stays small.
 */
import { asyncDispose } from "../socket/async-dispose.js";
import { callAside } from "../socket/calling.js";
import { reportTo } from "../socket/handler-error.js";
import type { Message, PreparedMessage, SendData, SendOptions } from "../socket/index.js";
import { buffered, refusedClosed, refusedClosing } from "../socket/send-results.js";
import { isThenable } from "../socket/thenable.js";
import type { Timer } from "../transport/index.js";
import { MessageRelay } from "./message-relay.js";
import type { Fresh, ReconnectingOptions, Settings } from "./options.js";
import { resolveSettings } from "./options.js";
import { kept, Outbox } from "./outbox.js";
import type { ConnectionHandlers, ReconnectingParts } from "./parts.js";
import type { Delay, Refusal } from "./policy.js";
import { delayAfter, healsByItself } from "./policy.js";
import type {
  EndReport,
  Loss,
  ReconnectableSocket,
  ReconnectingHandlers,
  ReconnectingSendResult,
  ReconnectingSocket,
  ReconnectingState,
} from "./reconnecting-socket.js";

const refusedFull: ReconnectingSendResult = Object.freeze({ ok: false, status: "refused", reason: "outbox-full" });
// The longest delay that timers keep; beyond it they fire at once.
const maxTimerMs = 0x7fffffff;

/** Makes the function that makes them, out of the parts of a platform. */
export function createReconnecting<Connect, Inner extends ReconnectableSocket>(
  parts: ReconnectingParts<Connect, Inner>,
): (url: Fresh<string | URL>, options?: ReconnectingOptions<Connect, Inner>) => ReconnectingSocket<Inner> {
  return (url, options) => new Reconnector(parts, url, options ?? {});
}

/** What the class needs to know of its options; the rest goes to `connect` as it is. */
type KnownOptions<Inner> = ReconnectingOptions<object, Inner>;

/** See the head of this file. */
class Reconnector<Connect, Inner extends ReconnectableSocket> implements ReconnectingSocket<Inner> {
  readonly closed: Promise<EndReport>;
  readonly #parts: ReconnectingParts<Connect, Inner>;
  readonly #url: Fresh<string | URL>;
  readonly #options: KnownOptions<Inner>;
  readonly #settings: Settings;
  readonly #outbox: Outbox;
  readonly #relay = new MessageRelay();
  #state: ReconnectingState = { name: "connecting", attempt: 1 };
  /** Those who wait for a change. */
  #waiters: (() => void)[] = [];

  /** The attempt that is under way, or the connection that came of it. Whatever comes from another is late. */
  #attempt: AbortController | undefined;
  #attemptedAtMs: number;
  #current: Inner | undefined;
  #openedAtMs = 0;
  /** Whether nothing has to go before what is sent now. */
  #isDirect = false;
  #connections = 0;
  /** Settles when all messages of the last connection have been handled, or of the one before it. */
  #handled: Promise<unknown> = Promise.resolve();
  #handledBefore: Promise<unknown> = this.#handled;

  #timer: Timer | undefined;
  #delay: Delay = { floorMs: 0, delayMs: 0 };
  #waitingSinceMs = 0;
  #failures = 0;
  #lastLoss: Loss | undefined;

  /** Why this connection is the last. */
  #ending: "closed" | "aborted" | undefined;
  #resolveClosed: (report: EndReport) => void = () => undefined;
  readonly #stopWakeUps: (() => void) | undefined;

  constructor(parts: ReconnectingParts<Connect, Inner>, url: Fresh<string | URL>, options: KnownOptions<Inner>) {
    this.#parts = parts;
    this.#url = url;
    this.#options = options;
    this.#settings = resolveSettings(options.reconnect ?? {}, options.outbox ?? {}, (observed, hint) =>
      parts.misuse("invalid-limit", String(observed), undefined, hint),
    );
    parts.check?.(typeof url === "function" ? undefined : url, options);
    this.#outbox = new Outbox(this.#settings, options.outbox?.whenFull, (data, reason) =>
      this.#call("dropped", () => options.dropped?.(this, data, reason)),
    );
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.#attemptedAtMs = parts.clock.now();
    options.signal?.addEventListener("abort", this.#aborted);
    this.#stopWakeUps = parts.wakeUps?.(() => this.#wake());
    // Not before the caller has this socket in hand.
    void Promise.resolve().then(() => {
      if (options.signal?.aborted === true) this.#aborted();
      if (this.#attempt === undefined && this.#state.name === "connecting") this.#begin();
    });
  }

  get state(): ReconnectingState {
    return this.#state;
  }

  get current(): Inner | undefined {
    return this.#current;
  }

  get bufferedBytes(): number {
    return this.#outbox.bytes + (this.#current?.bufferedBytes ?? 0);
  }

  // Sending

  send(data: SendData | PreparedMessage, options?: SendOptions): ReconnectingSendResult {
    if (this.#isDirect && this.#current !== undefined) {
      const result = this.#current.send(data, options);
      // A connection that is about to be lost takes nothing any more; the next one will.
      if (result.ok || result.reason === "buffer-full") return result;
    }
    const message = kept(data, (observed) => this.#parts.misuse("invalid-argument", observed, undefined, "data"));
    if (this.#state.name === "closed") return refusedClosed;
    if (this.#ending !== undefined) return refusedClosing;
    const atMs = this.#parts.clock.now();
    return this.#outbox.add({ ...message, options, atMs }) ? buffered : refusedFull;
  }

  /** Sends what waits, as far as the connection has room. */
  #flush(connection: Inner): void {
    if (connection !== this.#current || this.#ending !== undefined) return;
    this.#outbox.dropOlderThan(this.#parts.clock.now());
    const { messages } = this.#outbox;
    const hasWaited = messages.size > 0;
    for (const message of messages) {
      let result: ReconnectingSendResult;
      try {
        result = connection.send(message.data, message.options);
      } catch (error) {
        // Whatever it is, it must not keep those behind it, for ever.
        this.#outbox.remove(message);
        this.#report(error, "send");
        continue;
      }
      if (result.ok) this.#outbox.remove(message);
      else if (result.reason !== "buffer-full") return;
      if (result.status === "sent") continue;
      connection.ready().then(
        () => this.#flush(connection),
        () => undefined,
      );
      return;
    }
    this.#isDirect = true;
    this.#wakeWaiters();
    if (hasWaited) this.#call("drain", () => this.#options.drain?.(this));
  }

  async ready(): Promise<void> {
    while (this.#state.name !== "closed") {
      const connection = this.#isDirect ? this.#current : undefined;
      try {
        if (connection !== undefined) {
          await connection.ready();
          return;
        }
      } catch {
        // That connection is lost: the next one may have room.
      }
      if (connection === this.#current || connection === undefined) await this.#changed();
    }
    throw this.#parts.ended(this.#state.report);
  }

  // Receiving

  [Symbol.asyncIterator](): AsyncIterator<Message, undefined> {
    if (this.#options.message !== undefined || this.#relay.isConsumed) throw this.#parts.misuse("already-consumed");
    return this.#relay.iterate();
  }

  // States

  async *states(): AsyncGenerator<ReconnectingState, undefined> {
    let told: ReconnectingState | undefined;
    while (told?.name !== "closed") {
      if (told === this.#state) await this.#changed();
      told = this.#state;
      yield told;
    }
  }

  #changed(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiters.push(resolve);
    });
  }

  #wakeWaiters(): void {
    for (const waiter of this.#waiters.splice(0)) waiter();
  }

  #enter(state: ReconnectingState): void {
    this.#state = state;
    this.#wakeWaiters();
    this.#call("state", () => this.#options.state?.(this, state));
  }

  // Attempts

  #begin(): void {
    this.#timer?.cancel();
    const attempt = new AbortController();
    this.#attempt = attempt;
    this.#attemptedAtMs = this.#parts.clock.now();
    this.#connect(attempt).then(
      (connection) => {
        void connection?.closed.then((report) => this.#lost(attempt, { kind: "connection-lost", report }));
      },
      (error: unknown) => this.#lost(attempt, { kind: "attempt-failed", error }),
    );
    if (this.#state.name === "waiting") this.#enter({ name: "connecting", attempt: this.#failures + 1 });
  }

  async #connect(attempt: AbortController): Promise<Inner | undefined> {
    // No more than two connections have messages that wait. A consumer is waited for; where there is none, nobody would
    // ever come for the older ones.
    if (this.#options.message !== undefined || this.#relay.isConsumed) await this.#handledBefore;
    else this.#relay.dropBefore(this.#connections - 1);
    if (attempt !== this.#attempt) return undefined;
    const { attemptTimeoutMs } = this.#settings;
    this.#timer = this.#parts.clock.setTimer(() => {
      this.#lost(attempt, { kind: "attempt-failed", error: this.#parts.timedOut(attemptTimeoutMs) });
    }, attemptTimeoutMs);
    const given = this.#options;
    const [url, headers, protocols] = await Promise.all([
      fresh(this.#url),
      fresh(given.headers),
      fresh(given.protocols),
    ]);
    if (attempt !== this.#attempt) return undefined;
    const { signal } = attempt;
    // What `connect` does not know does it no harm.
    const options: unknown = { ...given, headers, protocols, signal, ...this.#handlersFor(attempt) };
    return await this.#parts.connect(url, options as Connect & ConnectionHandlers<Inner>);
  }

  #handlersFor(attempt: AbortController): ConnectionHandlers<Inner> {
    const given = this.#options;
    const hasHandler = given.message !== undefined;
    let allHandled: () => void = () => undefined;
    return {
      open: (connection) => {
        // Given up in the very moment in which it opened.
        if (attempt !== this.#attempt) {
          connection.terminate();
          return;
        }
        const handledBefore = this.#handled;
        const place = this.#connections++;
        this.#handledBefore = handledBefore;
        this.#handled = hasHandler
          ? new Promise<void>((resolve) => {
              allHandled = resolve;
            })
          : handledBefore
              .then(() => this.#relay.relay(connection, place))
              .catch((error: unknown) => this.#report(error, "the iterator"));
        return this.#opened(connection, handledBefore);
      },
      ...(hasHandler && { message: (_connection, message) => given.message?.(this, message) }),
      drain: () => this.#isDirect && given.drain?.(this),
      close: () => allHandled(),
      error: (error) => this.#report(error, "a handler"),
    };
  }

  /** Returns what messages have to wait for. */
  #opened(connection: Inner, handledBefore: Promise<unknown>): unknown {
    this.#timer?.cancel();
    this.#current = connection;
    this.#openedAtMs = this.#parts.clock.now();
    this.#enter({ name: "open" });
    const opening: unknown = this.#ending === undefined ? this.#options.open?.(this, connection) : undefined;
    if (isThenable(opening)) return Promise.all([opening.then(() => this.#flush(connection)), handledBefore]);
    this.#flush(connection);
    return handledBefore;
  }

  /** There is no connection, or no more. */
  #lost(attempt: AbortController, loss: Loss): void {
    if (attempt !== this.#attempt) return;
    const now = this.#parts.clock.now();
    if (loss.kind === "attempt-failed") this.#current?.terminate();
    if (this.#current !== undefined && now - this.#openedAtMs >= this.#settings.stableAfterMs) this.#failures = 0;
    this.#lastLoss = loss;
    this.#leaveAttempt();
    if (this.#ending !== undefined) {
      this.#end(this.#ending);
      return;
    }
    const refusal = loss.kind === "attempt-failed" ? this.#parts.refusalOf?.(loss.error) : undefined;
    const verdict = this.#verdictOn(loss, refusal);
    // `retry` may have called `close`.
    if (this.#state.name === "closed") return;
    if (verdict === false) {
      this.#end("not-retried");
      return;
    }
    if (this.#failures >= this.#settings.maxAttempts) {
      this.#end("too-many-attempts");
      return;
    }
    this.#delay =
      typeof verdict === "number"
        ? { floorMs: 0, delayMs: verdict }
        : delayAfter(loss, refusal, this.#failures, this.#settings, this.#parts.random());
    this.#failures++;
    this.#waitingSinceMs = now;
    this.#wait(loss, this.#delay.delayMs);
  }

  #verdictOn(loss: Loss, refusal: Refusal | undefined): boolean | number {
    // By its name, since there are two classes of it. No attempt ever makes sense.
    if (loss.kind === "attempt-failed" && (loss.error as Error | undefined)?.name === "UsageError") return false;
    let verdict: boolean | number | undefined;
    try {
      verdict = this.#options.reconnect?.retry?.(loss);
    } catch (error) {
      this.#report(error, "retry");
    }
    return verdict ?? healsByItself(loss, refusal);
  }

  /** Nothing that this attempt does counts any more. */
  #leaveAttempt(): void {
    this.#timer?.cancel();
    const attempt = this.#attempt;
    const wasOpen = this.#current !== undefined;
    this.#attempt = undefined;
    this.#current = undefined;
    this.#isDirect = false;
    if (!wasOpen) attempt?.abort();
  }

  #wait(loss: Loss, delayMs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#parts.clock.setTimer(() => this.#begin(), Math.min(delayMs, maxTimerMs));
    this.#enter({ name: "waiting", attempt: this.#failures + 1, delayMs, loss });
  }

  reconnectNow(): void {
    if (this.#state.name === "waiting") this.#begin();
  }

  /** Something may have changed for the better. */
  #wake(): void {
    const { state } = this;
    if (state.name !== "waiting") return;
    const now = this.#parts.clock.now();
    // Not before the server allows it, nor more often than `minDelayMs`, however often we are woken.
    const dueAtMs = Math.max(
      this.#waitingSinceMs + this.#delay.floorMs,
      this.#attemptedAtMs + this.#settings.minDelayMs,
    );
    const { delayMs } = this.#delay;
    if (dueAtMs >= this.#waitingSinceMs + delayMs) return;
    this.#failures = 0;
    this.#delay = { floorMs: this.#delay.floorMs, delayMs: dueAtMs - this.#waitingSinceMs };
    if (dueAtMs <= now) this.#begin();
    else this.#wait(state.loss, dueAtMs - now);
  }

  // The end

  close(code: number = 1000, reason: string = ""): Promise<EndReport> {
    this.#close("closed", code, reason);
    return this.closed;
  }

  readonly #aborted = (): void => this.#close("aborted", 1000, "");

  #close(why: "closed" | "aborted", code: number, reason: string): void {
    if (this.#current === undefined) {
      this.#end(why);
      return;
    }
    // Throws before anything has changed. Its end is ours.
    void this.#current.close(code, reason);
    this.#ending ??= why;
    this.#isDirect = false;
  }

  #end(why: EndReport["why"]): void {
    if (this.#state.name === "closed") return;
    const report: EndReport = { why, loss: this.#lastLoss };
    this.#leaveAttempt();
    this.#stopWakeUps?.();
    this.#options.signal?.removeEventListener("abort", this.#aborted);
    this.#enter({ name: "closed", report });
    this.#outbox.clear();
    this.#resolveClosed(report);
    void this.#handled.then(() => this.#relay.end());
    const tellClosed = (): void => this.#call("close", () => this.#options.close?.(this, report));
    if (this.#options.message === undefined) tellClosed();
    else void this.#handled.then(tellClosed);
  }

  async [asyncDispose](): Promise<void> {
    await this.close();
  }

  // Errors of handlers

  #call(during: keyof ReconnectingHandlers, handler: () => unknown): void {
    callAside(handler, (error) => this.#report(error, `the ${during} handler`));
  }

  #report(error: unknown, during: string): void {
    const given = this.#options;
    const handlers = given.error === undefined ? {} : { error: (thrown: unknown) => given.error?.(thrown, this) };
    reportTo(handlers, this.#parts, error, during, undefined);
  }
}

async function fresh<Value>(value: Fresh<Value>): Promise<Value> {
  return await (typeof value === "function" ? (value as () => Value | Promise<Value>)() : value);
}
