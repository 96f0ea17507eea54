/**
 * The account of calls and signals: a call runs at most once unless who ran it was befallen by something, and is answered with
 * what a run came to; a signal comes at most once.
 */
import type { Findings } from "./findings.js";
import type { FleetingLine } from "./journal.js";

/** A time in which a node, or the engine, could not do what it should. */
export interface Excuse {
  readonly from: number;
  readonly until: number;
  /** Undefined: the engine, and so every node. */
  readonly node: number | undefined;
}

interface Run {
  readonly node: number;
  readonly run: string;
  readonly at: number;
  hasEnded: boolean;
}

interface MadeCall {
  readonly by: string;
  readonly isIdempotent: boolean;
  readonly askedAt: number;
  readonly runs: Run[];
  readonly answers: { readonly run: string; readonly at: number }[];
}

/** What there was. */
export interface CallTotals {
  readonly calls: number;
  readonly answered: number;
  readonly idempotent: number;
  /** Ran more than once, with an excuse. */
  readonly ranAgain: number;
  readonly signals: number;
  readonly signalsHeard: number;
}

// Nodes are not further behind each other than that.
const movingMs = 10_000;

/** See the head of this file. */
export class CallsAccount {
  readonly #findings: Findings;
  readonly #calls = new Map<string, MadeCall>();
  readonly #early: Extract<FleetingLine, { k: "run" | "ran" }>[] = [];
  readonly #signals = new Set<string>();
  readonly #heard = new Map<string, Set<string>>();
  readonly #lastOf = new Map<string, number>();
  #signalsHeard = 0;
  /** When who had a connection before came over another one. */
  readonly #movedAt = new Map<string, number>();
  readonly #known = new Set<string>();

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  take(line: FleetingLine): void {
    switch (line.k) {
      case "signal":
        this.#signals.add(line.id);
        break;
      case "signals":
        this.#hear(line);
        break;
      case "call":
        this.#calls.set(line.id, {
          ...{ by: line.by, isIdempotent: line.idempotent, askedAt: line.at, runs: [], answers: [] },
        });
        break;
      case "answer":
        this.#calls.get(line.id)?.answers.push({ run: line.run, at: line.at });
        break;
      case "call-no":
        break;
      case "run":
      case "ran":
        // Of journals one is read after the other.
        this.#early.push(line);
        break;
    }
  }

  /** A client has a connection, its first or another. */
  opened(by: string, at: number): void {
    if (this.#known.has(by)) this.#movedAt.set(by, at);
    this.#known.add(by);
  }

  #hear({ at, by, ch, m }: Extract<FleetingLine, { k: "signals" }>): void {
    const place = `${by} in ${ch}`;
    const heard = this.#heard.get(place) ?? new Set<string>();
    this.#heard.set(place, heard);
    // What one node has told, another one that is behind it may tell again.
    const isMoving = at - (this.#movedAt.get(by) ?? Number.NEGATIVE_INFINITY) < movingMs;
    for (const id of m) {
      this.#signalsHeard++;
      if (heard.has(id) && isMoving) continue;
      if (heard.has(id)) this.#findings.add("signal-twice", at, `${id} came to ${place} twice`);
      heard.add(id);
      const [sender = "", count = "0"] = id.split(":");
      const order = `${place} ${sender}`;
      if (Number(count) < (this.#lastOf.get(order) ?? -1) && !isMoving) {
        this.#findings.add("signal-disordered", at, `${id} came to ${place} after a later one`);
      }
      this.#lastOf.set(order, Number(count));
    }
  }

  /**
   * @param excuses what befell whom
   * @param lapses when what was known was forgotten
   */
  close(excuses: readonly Excuse[], lapses: readonly Excuse[] = []): CallTotals {
    for (const [place, heard] of this.#heard) {
      for (const id of heard)
        if (!this.#signals.has(id)) this.#findings.add("forged", undefined, `${id} came to ${place}`);
    }
    for (const { k, id, run, node, at } of this.#early) {
      const call = this.#calls.get(id);
      if (call === undefined) this.#findings.add("forged", at, `node ${node} ran ${id}, which nobody asked for`);
      else if (k === "run") call.runs.push({ node, run, at, hasEnded: false });
      else for (const known of call.runs) if (known.run === run) known.hasEnded = true;
    }
    let ranAgain = 0;
    for (const [id, call] of this.#calls) {
      call.runs.sort((one, other) => one.at - other.at);
      if (call.runs.length > 1) ranAgain++;
      this.#runs(id, call, excuses);
      this.#answers(id, call, lapses);
    }
    const all = [...this.#calls.values()];
    return {
      calls: all.length,
      answered: all.filter(({ answers }) => answers.length > 0).length,
      idempotent: all.filter(({ isIdempotent }) => isIdempotent).length,
      ranAgain,
      signals: this.#signals.size,
      signalsHeard: this.#signalsHeard,
    };
  }

  #runs(id: string, { isIdempotent, runs }: MadeCall, excuses: readonly Excuse[]): void {
    for (let index = 1; index < runs.length; index++) {
      const [before, again] = [runs[index - 1], runs[index]];
      if (before === undefined || again === undefined) continue;
      const isExcused = excuses.some(
        ({ from, until, node }) => (node === undefined || node === before.node) && from < again.at && until > before.at,
      );
      if (isIdempotent && isExcused) continue;
      const what = `${id} ran at node ${before.node}, and ${again.at - before.at} ms later at node ${again.node}`;
      this.#findings.add("run-twice", again.at, what);
    }
  }

  #answers(id: string, { by, runs, answers }: MadeCall, lapses: readonly Excuse[]): void {
    for (const { run, at } of answers) {
      if (!runs.some((known) => known.run === run && known.hasEnded)) {
        this.#findings.add("answer-without-run", at, `${by} was answered ${run} to ${id}, which never ran to its end`);
      }
    }
    const different = new Set(answers.map(({ run }) => run));
    const [first, last] = [answers[0]?.at ?? 0, answers.at(-1)?.at ?? 0];
    if (different.size > 1 && !isAcross(lapses, first, last)) {
      this.#findings.add(
        "two-answers",
        answers.at(-1)?.at,
        `${by} was answered ${[...different].join(" and ")} to ${id}`,
      );
    }
  }
}

/** Whether some of these times touch the time between two moments. */
export function isAcross(times: readonly Excuse[], from: number, until: number): boolean {
  return times.some((time) => time.from <= until && time.until >= from);
}
