/**
 * The calls that one client makes.
 */
import { type Call, validate } from "../contract/index.js";
import { type CallOutcome, EngineError } from "../engines/index.js";
import { type CallFrame, type ErrorBody, RealtimeError } from "../wire/index.js";
import { bodyOf } from "./failures.js";
import type { PlainCallHandler } from "./options.js";
import { mayCall } from "./services.js";
import type { Session } from "./session.js";

/** The lease of a call that runs, in milliseconds; it is prolonged thrice as often. */
export const callLeaseMs: number = 15_000;
// Until what came of a call is tried to be kept again.
const retryMs = 1000;
// What nobody could have asked for in earnest.
const maxCredit = 2 ** 31 - 1;
// Later than any timer can be set for.
const maxTimerMs = 2 ** 31 - 1;

function nothing(): void {
  // Until there is something to do.
}

/** A call that is being worked on. */
interface Running {
  readonly name: string;
  readonly abort: AbortController;
  /** Whether it goes on without its connection. */
  readonly outlives: boolean;
  /** What was asked about; undefined before that. */
  asked: { readonly input: unknown } | undefined;
  credit: number;
  /** Goes on where credit was waited for. */
  credited: () => void;
  /** Ends the waiting for an answer. */
  giveUp: (error: RealtimeError) => void;
}

/** See the head of this file. */
export class IncomingCalls {
  readonly #session: Session;
  readonly #running = new Map<number, Running>();

  constructor(session: Session) {
    this.#session = session;
  }

  /** Calls that are being worked on. */
  get size(): number {
    return this.#running.size;
  }

  /** @throws RealtimeError; what the handler throws */
  async run(frame: CallFrame): Promise<unknown> {
    const [, r, name, , { key, credit = 0, timeoutMs } = {}] = frame;
    const { services } = this.#session;
    const handler = services.calls.get(name);
    if (handler === undefined) throw new RealtimeError("not-found", `there is no call ${JSON.stringify(name)}`);
    const call = services.contract.callOf(name);
    const running: Running = {
      ...{ name, abort: new AbortController(), outlives: key !== undefined, asked: undefined },
      ...{ credit: Math.min(credit, maxCredit), credited: nothing, giveUp: nothing },
    };
    this.#running.set(r, running);
    try {
      // A stream goes on until somebody ends it.
      const isStream = call === undefined ? credit > 0 : call.stream !== undefined;
      const mostMs = isStream ? Number.POSITIVE_INFINITY : services.limits.maxCallMs;
      const working = this.#work(frame, handler, call, running);
      return await this.#whileWaited(working, running, Math.min(timeoutMs ?? mostMs, mostMs));
    } finally {
      this.#running.delete(r);
      if (this.#running.size === 0) services.lingering.delete(this.#session);
    }
  }

  async #work(
    [, r, name, input, { key } = {}]: CallFrame,
    handler: PlainCallHandler<unknown>,
    call: Call | undefined,
    running: Running,
  ): Promise<unknown> {
    const checked = await validate(call?.input, input);
    if (key !== undefined && call?.stream !== undefined) {
      throw new RealtimeError("bad-request", "a call with a stream of results has no key");
    }
    await this.#admit(running, checked);
    if (key === undefined) return await this.#call(r, handler, call, checked, running);
    return await this.#once(handler, call, checked, running, name, key);
  }

  /** @throws RealtimeError `forbidden`; why nobody waits for it any more */
  async #admit(running: Running, input: unknown): Promise<void> {
    const { services, order } = this.#session;
    const { name, abort } = running;
    for (let rights = -1; rights !== order.rights; ) {
      rights = order.rights;
      const isAllowed = await mayCall(services, this.#session.user, name, input);
      abort.signal.throwIfAborted();
      if (!isAllowed) throw forbidden(name);
    }
    running.asked = { input };
  }

  /** Asks again about every call that runs, and ends those that are no longer allowed. */
  async reauthorize(): Promise<void> {
    const { services } = this.#session;
    if (services.authorizeCall === undefined) return;
    await Promise.all(
      [...this.#running.values()].map(async ({ name, asked, giveUp }) => {
        // What is asked about at the moment is asked about again by itself.
        if (asked === undefined) return;
        try {
          if (await mayCall(services, this.#session.user, name, asked.input)) return;
        } catch (error) {
          services.report(error, "authorizing");
        }
        giveUp(forbidden(name));
      }),
    );
  }

  /** The answer, or the reason why nobody waits for it any more. */
  #whileWaited(working: Promise<unknown>, running: Running, limitMs: number): Promise<unknown> {
    const { platform } = this.#session.services;
    return new Promise((resolve, reject) => {
      running.giveUp = (error) => {
        running.abort.abort(error);
        running.credited();
        reject(error);
      };
      const timer =
        limitMs > maxTimerMs
          ? undefined
          : platform.setTimer(() => {
              running.giveUp(new RealtimeError("timeout", `not done within ${limitMs} ms`, { retryable: true }));
            }, limitMs);
      void working.then(resolve, reject).finally(() => timer?.cancel());
    });
  }

  async #call(
    r: number,
    handler: PlainCallHandler<unknown>,
    call: Call | undefined,
    input: unknown,
    running: Running,
  ): Promise<unknown> {
    const result = await this.#invoke(handler, input, running, undefined);
    if (!isAsyncIterable(result)) {
      if (call?.stream !== undefined) throw new TypeError("the handler of a stream must return an async iterable");
      return await validate(call?.output, result);
    }
    for await (const item of result) {
      const checked = await validate(call?.stream, item);
      if (!(await this.#hasCredit(running))) break;
      running.credit--;
      this.#session.send(["item", r, checked]);
    }
    // A loop that ends early ends the handler's, too.
    if (running.abort.signal.aborted) throw running.abort.signal.reason;
    return undefined;
  }

  /** Waits until an item may be sent. Resolves to false when none is wanted any more. */
  async #hasCredit(running: Running): Promise<boolean> {
    const { signal } = running.abort;
    while (running.credit === 0 && !signal.aborted) {
      await new Promise<void>((resolve) => {
        running.credited = resolve;
      });
    }
    if (!signal.aborted) await this.#session.out.room();
    return !signal.aborted;
  }

  async #invoke(
    handler: PlainCallHandler<unknown>,
    input: unknown,
    { abort }: Running,
    key: string | undefined,
  ): Promise<unknown> {
    const { user, id } = this.#session;
    try {
      return await handler(input, { user, session: id, key, signal: abort.signal });
    } catch (error) {
      // The handler gave up because it was told to.
      if (abort.signal.aborted && !(error instanceof RealtimeError)) throw abort.signal.reason;
      throw error;
    }
  }

  /** Runs a call with a key, unless somebody has, or does. */
  async #once(
    handler: PlainCallHandler<unknown>,
    call: Call | undefined,
    input: unknown,
    running: Running,
    name: string,
    key: string,
  ): Promise<unknown> {
    const { services, ownerAndClient } = this.#session;
    const idempotency = {
      key: `${JSON.stringify(name)}${ownerAndClient}${key}`,
      windowMs: services.limits.idempotencyWindowMs,
    };
    for (;;) {
      const claim = await services.engine.calls.claim(idempotency, callLeaseMs);
      if (claim.status === "done") return valueOf(claim.outcome);
      if (claim.status === "claimed" && running.abort.signal.aborted) await claim.release();
      if (claim.status === "running") {
        const outcome = await claim.outcome;
        if (outcome !== undefined) return valueOf(outcome);
        running.abort.signal.throwIfAborted();
        continue;
      }
      running.abort.signal.throwIfAborted();
      return await this.#runClaimed(claim, () => this.#invoke(handler, input, running, key), call);
    }
  }

  async #runClaimed(
    claim: { renew(): Promise<boolean>; complete(outcome: CallOutcome): Promise<boolean>; release(): Promise<void> },
    invoke: () => Promise<unknown>,
    call: Call | undefined,
  ): Promise<unknown> {
    const { services } = this.#session;
    let timer = services.platform.setTimer(renew, callLeaseMs / 3);
    function renew(): void {
      claim.renew().catch((error: unknown) => services.report(error, "prolonging the lease of a call"));
      timer = services.platform.setTimer(renew, callLeaseMs / 3);
    }
    try {
      const result = await invoke();
      if (isAsyncIterable(result)) throw new TypeError("a call with a key has no stream of results");
      const value = await validate(call?.output, result);
      // An engine keeps no `undefined`.
      await this.#keep(() => claim.complete({ ok: true, value: value === undefined ? [] : [value] }));
      return value;
    } catch (error) {
      const body = bodyOf(error, (cause) => services.report(cause, "handling a call"));
      // What may succeed later must be tried again then.
      if (body.retryable) await claim.release();
      else await claim.complete({ ok: false, error: body });
      throw RealtimeError.from(body);
    } finally {
      timer.cancel();
    }
  }

  /**
   * Keeps what came of a call that has been run. Where the engine cannot at the moment it is tried again, for as long as
   * the claim may still be held: given up, the call would be run once more.
   */
  async #keep(complete: () => Promise<boolean>): Promise<void> {
    const { platform } = this.#session.services;
    for (const untilMs = platform.now() + callLeaseMs; ; ) {
      try {
        await complete();
        return;
      } catch (error) {
        if (!(error instanceof EngineError) || error.code === "closed" || platform.now() > untilMs) throw error;
      }
      await new Promise<void>((resolve) => {
        platform.setTimer(resolve, retryMs);
      });
    }
  }

  /** @returns whether there is such a call */
  credited(r: number, count: number): boolean {
    const running = this.#running.get(r);
    if (running === undefined) return false;
    running.credit = Math.min(running.credit + count, maxCredit);
    running.credited();
    return true;
  }

  cancelled(r: number): void {
    this.#running.get(r)?.giveUp(new RealtimeError("cancelled", "cancelled by the caller"));
  }

  /** The connection is over. */
  end(): void {
    for (const { giveUp, outlives } of this.#running.values()) {
      if (!outlives) giveUp(new RealtimeError("connection-lost", "the caller is gone"));
    }
  }

  /** The user may not do anything any more. */
  revoke(error: RealtimeError): void {
    for (const { giveUp } of this.#running.values()) giveUp(error);
  }
}

function forbidden(name: string): RealtimeError {
  return new RealtimeError("forbidden", `the call ${JSON.stringify(name)} is not allowed`);
}

function valueOf(outcome: CallOutcome): unknown {
  if (outcome.ok) return (outcome.value as readonly unknown[])[0];
  throw RealtimeError.from(outcome.error as ErrorBody);
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}
