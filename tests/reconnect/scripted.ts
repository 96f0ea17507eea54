/**
 * Connections that do what a test says, for a socket that reconnects: every attempt is written down, and opens, fails or
 * breaks when it is told to.
 */
import assert from "node:assert/strict";
import { type CloseReport, UsageError } from "#src/protocol/index.js";
import {
  AttemptTimeoutError,
  type ConnectionHandlers,
  createReconnecting,
  type ReconnectableSocket,
  ReconnectEndedError,
  type ReconnectingOptions,
  type ReconnectingParts,
  type ReconnectingSocket,
  type ReconnectingState,
  refusalOf,
  stateTransitions,
} from "#src/reconnect/index.js";
import type { HeadersInput, Message, SendData, SendResult } from "#src/socket/index.js";
import { FakeClock } from "#src/testing/index.js";

/** What connections end with, where nothing else is said. */
export const dropped: CloseReport = {
  outcome: "dropped",
  code: 1006,
  reason: "",
  wasClean: false,
  initiator: "peer",
  phase: "open",
  rule: undefined,
  cause: undefined,
};

/** A clean end by the peer. */
export function closedByPeer(code: number): CloseReport {
  return { ...dropped, outcome: "closed-by-peer", code, wasClean: true, phase: "closing" };
}

interface ScriptedOptions {
  readonly signal?: AbortSignal;
  readonly headers?: HeadersInput;
  readonly protocols?: string | readonly string[];
}

type Handlers = ConnectionHandlers<ScriptedSocket>;

/** One attempt, and the connection that comes of it. */
export class ScriptedSocket implements ReconnectableSocket {
  readonly url: string;
  readonly options: ScriptedOptions & Handlers;
  readonly sent: unknown[] = [];
  readonly closedWith: [number | undefined, string | undefined][] = [];
  readonly closed: Promise<CloseReport>;
  readonly connected: Promise<ScriptedSocket>;
  bufferedBytes = 0;
  isTerminated = false;
  /** What `send` answers. */
  answer: SendResult = { ok: true, status: "sent" };
  /** What the `open` handler returned. */
  opening: unknown;
  #ready: (() => void)[] = [];
  #report: CloseReport | undefined;
  #messages: Message[] = [];
  #wake: () => void = () => undefined;
  #resolveClosed: (report: CloseReport) => void = () => undefined;
  #settle: { resolve(socket: ScriptedSocket): void; reject(error: unknown): void } | undefined;

  constructor(url: string, options: ScriptedOptions & Handlers) {
    this.url = url;
    this.options = options;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.connected = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    options.signal?.addEventListener("abort", () => this.fail(options.signal?.reason));
  }

  get isAborted(): boolean {
    return this.options.signal?.aborted === true;
  }

  open(): void {
    this.opening = this.options.open(this);
    this.#settle?.resolve(this);
  }

  fail(error: unknown = new Error("no network")): void {
    this.#settle?.reject(error);
  }

  /** The connection is over. */
  end(report: CloseReport = dropped): void {
    this.#report ??= report;
    this.#resolveClosed(report);
    this.#wake();
    if (this.options.message === undefined) this.options.close(this, report);
  }

  /** For a `message` handler: all messages have been handled. */
  handled(): void {
    this.options.close(this, this.#report ?? dropped);
  }

  /** A message for the iterator. */
  receive(message: Message): void {
    this.#messages.push(message);
    this.#wake();
  }

  /** There is room again. */
  drain(): void {
    this.answer = { ok: true, status: "sent" };
    for (const resolve of this.#ready.splice(0)) resolve();
    this.options.drain(this);
  }

  send(data: SendData | { readonly byteLength: number }): SendResult {
    if (this.answer.ok) this.sent.push(data);
    return this.answer;
  }

  ready(): Promise<void> {
    if (this.#report !== undefined) return Promise.reject(new Error("over"));
    if (this.answer.status === "sent") return Promise.resolve();
    return new Promise((resolve) => {
      this.#ready.push(resolve);
    });
  }

  close(code?: number, reason?: string): Promise<CloseReport> {
    if (code === 5) throw new UsageError("close-code-not-sendable", code);
    this.closedWith.push([code, reason]);
    this.answer = { ok: false, status: "refused", reason: "closing" };
    return this.closed;
  }

  terminate(): void {
    this.isTerminated = true;
    this.end();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Message, undefined> {
    for (;;) {
      const message = this.#messages.shift();
      if (message !== undefined) yield message;
      else if (this.#report !== undefined) return;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}

export type Options = ReconnectingOptions<ScriptedOptions, ScriptedSocket>;

/** Everything of a test. */
export interface Script {
  readonly clock: FakeClock;
  readonly socket: ReconnectingSocket<ScriptedSocket>;
  readonly attempts: ScriptedSocket[];
  readonly states: ReconnectingState[];
  /** What was printed. */
  readonly printed: string[];
  /** The names of all states so far, the first included. */
  readonly names: () => string[];
  /** The attempt that is under way, or the connection. */
  readonly last: () => ScriptedSocket;
  /** Makes the wake-up source call. */
  readonly wake: () => void;
  /** How many listen to wake-ups. */
  readonly listeners: () => number;
}

/** Makes a socket that reconnects over scripted connections. Chance is 1/2 unless said otherwise. */
export async function script(
  options: Options & { readonly random?: () => number; readonly url?: () => string } = {},
): Promise<Script> {
  const { random = () => 0.5, url = "ws://script.test", ...others } = options;
  const clock = new FakeClock({ startMs: 1000 });
  const attempts: ScriptedSocket[] = [];
  const states: ReconnectingState[] = [];
  const printed: string[] = [];
  const wakes = new Set<() => void>();
  const parts: ReconnectingParts<ScriptedOptions, ScriptedSocket> = {
    connect(address, connectOptions) {
      const attempt = new ScriptedSocket(String(address), connectOptions);
      attempts.push(attempt);
      return attempt.connected;
    },
    clock,
    random,
    refusalOf: (error) => refusalOf(error, Date.parse("2026-01-01T00:00:00Z")),
    wakeUps(wake) {
      wakes.add(wake);
      return () => wakes.delete(wake);
    },
    reportError: (error, during) => printed.push(`${during}: ${String(error)}`),
    misuse: (code, observed, limit, hint) => new UsageError(code, observed, limit, hint),
    ended: (report) => new ReconnectEndedError(report),
    timedOut: (limitMs) => new AttemptTimeoutError(limitMs),
  };
  const socket = createReconnecting(parts)(url, {
    ...others,
    state(self, state) {
      const before = states.at(-1)?.name ?? "connecting";
      assert.ok(stateTransitions[before].includes(state.name), `${before} → ${state.name}`);
      states.push(state);
      return others.state?.(self, state);
    },
  });
  await clock.settle();
  return {
    clock,
    socket,
    attempts,
    states,
    printed,
    names: () => ["connecting", ...states.map(({ name }) => name)],
    last: () => attempts.at(-1) ?? assert.fail("no attempt"),
    wake: () => {
      for (const wake of wakes) wake();
    },
    listeners: () => wakes.size,
  };
}
