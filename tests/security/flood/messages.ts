/**
 * What the processes of a flood tell each other, and how they are started.
 */
import type { ChildProcess } from "node:child_process";
import { fork } from "node:child_process";
import { once } from "node:events";

/** How often something happened. */
export type Tally = Record<string, number>;

/** Counts one more. */
export function count(tally: Tally, what: string): void {
  tally[what] = (tally[what] ?? 0) + 1;
}

/** What the server tells of itself. */
export interface ServerState {
  /** Octets that it holds after a collection. */
  readonly heldBytes: number;
  readonly residentBytes: number;
  /** The largest resident set since the last time. */
  readonly peakResidentBytes: number;
  readonly socketCount: number;
  /** How connections have ended, as its reports tell it, by the kind of the peer. */
  readonly reports: Readonly<Record<string, Tally>>;
  /** Errors that its handlers were told of. */
  readonly errors: readonly string[];
}

/** What the ordinary clients tell of a phase. */
export interface ClientState {
  readonly clients: number;
  /** Clients whose connection has ended, for whatever reason. */
  readonly ended: number;
  readonly sent: number;
  readonly received: number;
  /** Messages that came out of order, or were not those that were sent. */
  readonly wrong: number;
  /** Newcomers who connected, were answered and left; and those who were not. */
  readonly newcomers: number;
  readonly turnedAway: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** What the abusers tell. */
export interface AbuserState {
  /** Those who have a connection, by kind. */
  readonly connected: Tally;
  /** How connections have ended, as they saw it, by kind. */
  readonly ends: Readonly<Record<string, Tally>>;
}

/** A process of the flood. It answers each question with one message. */
export class FloodProcess<State> {
  readonly #child: ChildProcess;
  readonly #gone = new AbortController();

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.once("exit", () => this.#gone.abort(new Error("a process of the flood has ended")));
  }

  /** Starts a process and gives what it says first. */
  static async start<State, First>(script: string, given: unknown): Promise<[FloodProcess<State>, First]> {
    const child = fork(new URL(script, import.meta.url), [JSON.stringify(given)], { stdio: "inherit" });
    const [first] = (await once(child, "message")) as [First];
    return [new FloodProcess<State>(child), first];
  }

  /** Asks, and waits for the answer. */
  async ask(question: string): Promise<State> {
    if (!this.#child.connected) throw new Error("a process of the flood is gone");
    this.#child.send(question);
    const [answer] = (await once(this.#child, "message", { signal: this.#gone.signal })) as [State];
    return answer;
  }

  /** Ends it; it may be gone already. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, "exit");
    if (this.#child.connected) this.#child.disconnect();
    else this.#child.kill();
    await exited;
  }
}

/** Answers questions of the parent, and ends with it. */
export function answerQuestions(answers: Readonly<Record<string, () => unknown>>): void {
  process.on("message", (question: string) => {
    void Promise.resolve(answers[question]?.()).then((answer) => process.send?.(answer));
  });
  process.on("disconnect", () => process.exit());
}
