/**
 * Reads what was written down of a run, and finds what must not be. It knows nothing but the journal, so that it can be asked
 * about journals that never happened.
 */
import { CallsAccount, type CallTotals, type Excuse } from "./calls-account.js";
import { Findings, type Violation, type ViolationKind } from "./findings.js";
import type { FaultLine, JournalLine, SecondLine } from "./journal.js";
import { LogsAccount, type LogTotals } from "./logs-account.js";
import { MediaAccount, type MediaTotals } from "./media-account.js";
import { PresenceAccount, type PresenceTotals } from "./presence-account.js";
import { emptying } from "./schedule.js";
import { StatesAccount, type StateTotals } from "./states-account.js";

/** What came of it. */
export interface Account {
  readonly violations: readonly Violation[];
  /** How many of each kind there are, also where not all are kept. */
  readonly counts: ReadonlyMap<ViolationKind, number>;
  readonly faults: readonly FaultLine[];
  readonly seconds: readonly SecondLine[];
  /** Openings of connections by when they were, and losses. */
  readonly opens: readonly number[];
  /** Of the openings, those by events and requests. */
  readonly opensByEvents: number;
  readonly losses: readonly number[];
  readonly gaps: readonly number[];
  /** When the load began and ended, in Unix milliseconds. */
  readonly loadAt: number;
  readonly calmAt: number;
  readonly endAt: number;
  readonly logs: LogTotals;
  readonly states: StateTotals;
  readonly calls: CallTotals;
  readonly media: MediaTotals;
  readonly presence: PresenceTotals;
  /** Times in which a process stood still though nothing was done to it, so that nobody could be blamed. */
  readonly stalls: readonly Excuse[];
}

/** Presence has to be right so long after each change. */
export const presenceWithinMs: number = 10_000;
/** A process that was late by more than this was kept from doing anything by the machine. */
const stallMs = 1500;

/** See the head of this file. */
export async function settleAccounts(journal: AsyncIterable<JournalLine> | Iterable<JournalLine>): Promise<Account> {
  const findings = new Findings();
  const logs = new LogsAccount(findings);
  const states = new StatesAccount(findings);
  const calls = new CallsAccount(findings);
  const media = new MediaAccount(findings);
  const presence = new PresenceAccount(findings, presenceWithinMs);
  const faults: FaultLine[] = [];
  const seconds: SecondLine[] = [];
  const opens: number[] = [];
  const losses: number[] = [];
  const gaps: number[] = [];
  let [loadAt, calmAt, endAt, opensByEvents] = [0, 0, 0, 0];
  for await (const line of journal) {
    endAt = Math.max(endAt, line.at);
    switch (line.k) {
      case "fault":
        faults.push(line);
        break;
      case "gap":
        gaps.push(line.at);
        logs.take(line);
        break;
      case "begin":
      case "ack":
      case "unsure":
      case "live":
      case "heard":
      case "unsub":
        logs.take(line);
        break;
      case "set":
      case "set-ok":
      case "set-no":
        states.take(line);
        break;
      case "signal":
      case "signals":
      case "call":
      case "answer":
      case "call-no":
      case "run":
      case "ran":
        calls.take(line);
        break;
      case "shot":
      case "seen":
        media.take(line);
        break;
      case "open":
        opens.push(line.at);
        if (line.events === true) opensByEvents++;
        presence.take(line);
        calls.opened(line.by, line.at);
        break;
      case "lost":
        losses.push(line.at);
        presence.take(line);
        break;
      case "gone":
      case "enter":
      case "in":
      case "leave":
      case "view":
        presence.take(line);
        break;
      case "end-client":
        if (!line.open || line.pending > 0 || line.missing.length > 0) {
          const what = `${line.open ? "open" : "not open"}, ${line.pending} unanswered, without ${line.missing.join(", ") || "nothing"}`;
          findings.add("not-back", line.at, `${line.by}: ${what}`);
        }
        break;
      case "end-state":
        states.takeEnd(line);
        break;
      case "end-presence":
        presence.takeEnd(line);
        break;
      case "second":
        seconds.push(line);
        break;
      case "load":
        loadAt = line.at;
        break;
      case "calm":
        calmAt = line.at;
        break;
      case "trouble":
        findings.add("trouble", line.at, `${line.proc}: ${line.what}`);
        break;
    }
  }
  const stalls = stallsOf(seconds, faults);
  const faultExcuses = faults.flatMap(excusesOf);
  const excuses = [...faultExcuses, ...stalls];
  const deaths = faults.filter(({ kind }) => kind === "node-kill").map(deathOf);
  const drains = faults.filter(({ kind }) => kind === "node-drain").map(deathOf);
  const lapses = faults
    .filter(({ kind }) => kind === emptying)
    .map(({ at, until }) => ({ from: at, until, node: undefined }));
  const logTotals = logs.close(lapses);
  // Where nothing was kept, nothing can have been lost.
  if (loadAt > 0 && logTotals.acknowledged === 0) findings.add("trouble", endAt, "no message was acknowledged");
  return {
    logs: logTotals,
    states: states.close(lapses),
    // Who died while it ran something is excused, too; that clients stood still makes nobody run anything again.
    calls: calls.close([...faultExcuses, ...stalls.filter(({ node }) => node !== undefined), ...deaths], lapses),
    // What a node or the engine has not passed on is not sent again.
    media: media.close([...excuses, ...deaths, ...drains]),
    presence: presence.close(excuses, endAt),
    violations: findings.violations,
    counts: findings.counts,
    faults: faults.sort((one, other) => one.at - other.at),
    ...{ seconds, opens, opensByEvents, losses, gaps, loadAt, calmAt, endAt, stalls },
  };
}

function excusesOf({ at, until: end, echoMs = 0, nodes, engine }: FaultLine): Excuse[] {
  const until = end + echoMs;
  const excuses: Excuse[] = nodes.map((node) => ({ from: at, until, node }));
  return engine ? [...excuses, { from: at, until, node: undefined }] : excuses;
}

function deathOf({ at, until, target }: FaultLine): Excuse {
  return { from: at, until, node: target };
}

/** Where a process stood still: the machine had no time for it. Of clients, it is as if everybody had stood still. */
function stallsOf(seconds: readonly SecondLine[], faults: readonly FaultLine[]): Excuse[] {
  return seconds.flatMap(({ at, proc, lagMs }) => {
    if (lagMs < stallMs) return [];
    const node = proc.startsWith("node ") ? Number(proc.slice("node ".length)) : undefined;
    const from = at - lagMs - 1000;
    const wasStopped = faults.some(
      (fault) => fault.kind === "node-stop" && fault.target === node && fault.at <= at && fault.until + 3000 >= from,
    );
    return wasStopped ? [] : [{ from, until: at, node }];
  });
}
