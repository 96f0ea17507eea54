/**
 * Calls to a user: to every session of theirs, at whichever node it is connected.
 *
 * Every node is asked, and says which sessions of the user it has, then what each of them answered. So it is known when all
 * answers are there, and which are missing: of a node that died, the answers that have come count.
 */
import type { EngineTimer } from "../engines/index.js";
import { type ErrorBody, RealtimeError } from "../wire/index.js";
import type { RealtimePlatform } from "./connection.js";
import { bodyOf } from "./failures.js";
import type { Nodes } from "./nodes.js";
import { type ClientCallOptions, checkedTimeoutMs, maxTimerMs } from "./outgoing-calls.js";
import type { Session } from "./session.js";

/** What one session came to. */
export type UserAnswer =
  | { readonly session: string; readonly ok: true; readonly value: unknown }
  | { readonly session: string; readonly ok: false; readonly error: RealtimeError };

/** What all sessions of a user came to. */
export interface UserAnswers {
  /** One for each session, in the order in which they came. */
  readonly answers: readonly UserAnswer[];
  /** Nodes that did not say in time whether the user is there, or died before they did. Whether all sessions are known: none. */
  readonly silentNodes: readonly string[];
}

/** What became of a message to a user. */
export interface UserReceipt {
  /** Sessions that have it: each has run its handler without an error. */
  readonly received: number;
  /** Sessions of the user that are known of. */
  readonly sessions: number;
  /** Whether every node has said which sessions it has. */
  readonly isComplete: boolean;
}

/** What is said with a call to a user. */
export type UserCallOptions = Omit<ClientCallOptions, "credit">;

/** Somebody, at whichever nodes they are connected. */
export interface RealtimeUserCalls {
  /**
   * Calls all sessions of the user. The first that answers without an error counts, and the others are cancelled.
   *
   * @throws RealtimeError `not-connected` when the user has no session; `unavailable` when none answered, and nodes did not
   *   say whether they have one; `timeout`; `cancelled`; what a session answered, where all answered with errors
   */
  call(name: string, input?: unknown, options?: UserCallOptions): Promise<unknown>;
  /**
   * Calls all sessions of the user, and waits for what each comes to. No session at all is an answer, too.
   *
   * @throws RealtimeError `cancelled`, `invalid-value`
   */
  callAll(name: string, input?: unknown, options?: UserCallOptions): Promise<UserAnswers>;
  /**
   * Sends a message to all sessions of the user, which they handle as a call (`client.handle`). It resolves when each has
   * handled it, or failed to.
   *
   * @throws RealtimeError as `callAll`
   */
  send(name: string, message?: unknown, options?: UserCallOptions): Promise<UserReceipt>;
}

/** What calls to users need. */
export interface UserCallsParts {
  readonly nodes: Nodes;
  readonly platform: RealtimePlatform;
  readonly maxCallMs: number;
  readonly sessionsOf: (user: string) => readonly Session[];
  readonly report: (error: unknown, during: string) => void;
}

/** Without a time where there is none: no engine carries an infinite number. */
type Asked = readonly [
  user: string,
  name: string,
  input: readonly unknown[],
  timeoutMs: number | null,
  key: string | null,
];

/** Why a call is aborted whose answer nobody wants. */
const unwanted = Symbol("unwanted");

/** A call to a user that has not been answered by all. */
class Asking {
  /** By session. What comes of it when its node was believed dead takes the place of that. */
  readonly #answers = new Map<string, UserAnswer>();
  /** Nodes that have not said which sessions they have, and still may. */
  readonly #silent: Set<string>;
  /** Nodes that will not say it. */
  readonly #lost = new Set<string>();
  /** Sessions that have not answered, with their nodes. */
  readonly #waiting = new Map<string, string>();
  readonly #ended: () => void;
  readonly #isFirstEnough: boolean;
  #isGivenUp = false;
  #hasLost = false;

  constructor(nodes: readonly string[], isFirstEnough: boolean, ended: () => void) {
    this.#silent = new Set(nodes);
    this.#isFirstEnough = isFirstEnough;
    this.#ended = ended;
  }

  get result(): UserAnswers {
    return { answers: [...this.#answers.values()], silentNodes: [...this.#lost, ...this.#silent] };
  }

  get isDone(): boolean {
    if (this.#isGivenUp) return true;
    if (this.#isFirstEnough && [...this.#answers.values()].some(({ ok }) => ok)) return true;
    return this.#silent.size + this.#waiting.size === 0;
  }

  /** Whether somebody may be working on it, though it is done. */
  get isWorkedOn(): boolean {
    return this.#isGivenUp || this.#hasLost || this.#silent.size + this.#waiting.size > 0;
  }

  /** A node says which sessions it has. */
  there(node: string, sessions: readonly string[]): void {
    this.#silent.delete(node);
    this.#lost.delete(node);
    for (const session of sessions) if (!this.#answers.has(session)) this.#waiting.set(session, node);
    this.#look();
  }

  answered(answer: UserAnswer): void {
    this.#waiting.delete(answer.session);
    this.#answers.delete(answer.session);
    this.#answers.set(answer.session, answer);
    this.#look();
  }

  /** Nodes are gone, or out of reach, and their sessions with them. */
  lost(nodes: readonly string[]): void {
    this.#hasLost = true;
    const error = new RealtimeError("connection-lost", "the node is gone; the call may have run");
    for (const node of nodes) {
      this.#fail(error, node);
      if (this.#silent.delete(node)) this.#lost.add(node);
    }
    this.#look();
  }

  /** What has not come will not. */
  giveUp(error: RealtimeError): void {
    this.#fail(error);
    this.#isGivenUp = true;
    this.#look();
  }

  #fail(error: RealtimeError, of?: string): void {
    for (const [session, node] of [...this.#waiting]) {
      if (of !== undefined && node !== of) continue;
      this.#waiting.delete(session);
      this.#answers.set(session, { session, ok: false, error });
    }
  }

  #look(): void {
    if (this.isDone) this.#ended();
  }
}

/** See the head of this file. */
export class UserCalls {
  readonly #parts: UserCallsParts;
  readonly #asking = new Map<string, Asking>();
  /** Calls that are made here for other nodes, by node and number. */
  readonly #working = new Map<string, { readonly from: string; readonly abort: AbortController }>();

  constructor(parts: UserCallsParts) {
    this.#parts = parts;
    const { nodes } = parts;
    nodes.on("call", ([from, id, ...asked]) => {
      if (from !== nodes.node) this.#asked(from as string, id as string, asked as unknown as Asked);
    });
    nodes.on("there", ([node, id, sessions]) => {
      this.#asking.get(id as string)?.there(node as string, sessions as readonly string[]);
    });
    nodes.on("answer", ([id, session, ok, result]) => {
      const answer = { session: session as string, ...answerOf(ok === true, result as readonly [unknown?]) };
      this.#asking.get(id as string)?.answered(answer);
    });
    nodes.on("cancel", ([from, id]) => this.#working.get(`${String(from)} ${String(id)}`)?.abort.abort(unwanted));
    nodes.onLeft((node) => {
      for (const asking of this.#asking.values()) asking.lost([node]);
      // Nobody waits for it; where it is only believed so, it hears that it was cancelled.
      for (const { from, abort } of this.#working.values()) if (from === node) abort.abort();
    });
  }

  of(user: string): RealtimeUserCalls {
    return {
      call: async (name, input, options) => firstOf(await this.#ask(user, name, input, options, true)),
      callAll: (name, input, options) => this.#ask(user, name, input, options, false),
      send: async (name, message, options) => {
        const { answers, silentNodes } = await this.#ask(user, name, message, options, false);
        const received = answers.filter(({ ok }) => ok).length;
        return { received, sessions: answers.length, isComplete: silentNodes.length === 0 };
      },
    };
  }

  #ask(
    user: string,
    name: string,
    input: unknown,
    { timeoutMs: givenMs, key, signal }: UserCallOptions = {},
    isFirstEnough: boolean,
  ): Promise<UserAnswers> {
    const { nodes, platform, maxCallMs } = this.#parts;
    const timeoutMs = checkedTimeoutMs(givenMs ?? maxCallMs);
    const id = platform.randomId();
    const others = nodes.others;
    const here = new AbortController();
    return new Promise<UserAnswers>((resolve, reject) => {
      let timer: EngineTimer | undefined;
      const end = (): boolean => {
        if (!this.#asking.delete(id)) return false;
        timer?.cancel();
        signal?.removeEventListener("abort", cancel);
        return true;
      };
      const asking = new Asking([nodes.node, ...others], isFirstEnough, () => {
        if (!end()) return;
        stop();
        resolve(asking.result);
      });
      // Whoever has not answered need not any more.
      const stop = (): void => {
        here.abort();
        if (others.length > 0 && asking.isWorkedOn) nodes.tellAll("cancel", nodes.node, id).catch(() => undefined);
      };
      const cancel = (): void => {
        if (!end()) return;
        stop();
        reject(new RealtimeError("cancelled", "cancelled"));
      };
      if (signal?.aborted === true) {
        reject(new RealtimeError("cancelled", "cancelled"));
        return;
      }
      this.#asking.set(id, asking);
      signal?.addEventListener("abort", cancel, { once: true });
      if (timeoutMs <= maxTimerMs) {
        timer = platform.setTimer(() => {
          asking.giveUp(new RealtimeError("timeout", `no answer within ${timeoutMs} ms`, { retryable: true }));
        }, timeoutMs);
      }
      const told = input === undefined ? [] : [input];
      const asked: Asked = [user, name, told, Number.isFinite(timeoutMs) ? timeoutMs : null, key ?? null];
      if (others.length > 0) {
        nodes.tellAll("call", nodes.node, id, ...asked).catch((error: unknown) => {
          // The others cannot be reached. What this node has counts.
          const body = bodyOf(error, (cause) => this.#parts.report(cause, "calling a user"));
          if (body.code !== "invalid-value") {
            asking.lost(others);
          } else if (end()) {
            here.abort();
            reject(RealtimeError.from(body));
          }
        });
      }
      this.#work(asked, here.signal, {
        there: (sessions) => asking.there(nodes.node, sessions),
        answered: (answer) => asking.answered(answer),
      });
    });
  }

  /** Another node asks. */
  #asked(from: string, id: string, asked: Asked): void {
    const { nodes } = this.#parts;
    const work = `${from} ${id}`;
    const abort = new AbortController();
    let left = 0;
    this.#working.set(work, { from, abort });
    const done = (): void => {
      if (left === 0) this.#working.delete(work);
    };
    this.#work(asked, abort.signal, {
      there: (sessions) => {
        left = sessions.length;
        void nodes.tell(from, "there", nodes.node, id, sessions);
        done();
      },
      answered: (answer) => {
        left--;
        if (abort.signal.reason !== unwanted) void this.#tell(from, id, answer);
        done();
      },
    });
  }

  /** Nothing more is heard of the other nodes. */
  stop(): void {
    const error = new RealtimeError("unavailable", "the server has been closed", { retryable: true });
    for (const asking of [...this.#asking.values()]) asking.giveUp(error);
  }

  async #tell(node: string, id: string, answer: UserAnswer): Promise<void> {
    const { nodes } = this.#parts;
    const { session } = answer;
    if (await nodes.tell(node, "answer", id, session, ...toldOf(answer))) return;
    // What a schema has made of it may be no value that can be sent.
    const error = new RealtimeError("internal", "the answer cannot be sent");
    await nodes.tell(node, "answer", id, session, ...toldOf({ session, ok: false, error }));
  }

  /** Calls the sessions of a user that are connected here. */
  #work(
    [user, name, [input], timeoutMs, key]: Asked,
    signal: AbortSignal,
    sink: { there(sessions: readonly string[]): void; answered(answer: UserAnswer): void },
  ): void {
    const sessions = this.#parts.sessionsOf(user);
    const options = { timeoutMs: timeoutMs ?? Infinity, signal, ...(key !== null && { key }) };
    const calls = sessions.map((session) => ({ session: session.id, call: session.calls.call(name, input, options) }));
    sink.there(calls.map(({ session }) => session));
    for (const { session, call } of calls) {
      call.then(
        (value) => sink.answered({ session, ok: true, value }),
        (error: unknown) => {
          const body = bodyOf(error, (cause) => this.#parts.report(cause, "calling a user"));
          sink.answered({ session, ok: false, error: RealtimeError.from(body) });
        },
      );
    }
  }
}

function toldOf(answer: UserAnswer): [ok: boolean, result: readonly [unknown?]] {
  if (!answer.ok) return [false, [plain(answer.error.toBody())]];
  return [true, answer.value === undefined ? [] : [answer.value]];
}

/** What is undefined is nothing that an engine carries. */
function plain(body: ErrorBody): object {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
}

function answerOf(ok: boolean, [result]: readonly [unknown?]) {
  if (ok) return { ok: true as const, value: result };
  return { ok: false as const, error: RealtimeError.from(result as ErrorBody) };
}

/** @throws RealtimeError where nobody has answered without an error */
function firstOf({ answers, silentNodes }: UserAnswers): unknown {
  const errors: RealtimeError[] = [];
  for (const answer of answers) {
    if (answer.ok) return answer.value;
    errors.push(answer.error);
  }
  // A page without a handler says less than one that has tried.
  const telling = errors.find(({ code }) => code !== "not-found") ?? errors[0];
  if (telling !== undefined) throw telling;
  if (silentNodes.length === 0) throw new RealtimeError("not-connected", "the user has no session");
  const message = `${silentNodes.length} nodes did not say whether the user has a session there`;
  throw new RealtimeError("unavailable", message, { retryable: true });
}
