/**
 * The account of states: everybody has the same at the end, and of each key what no acknowledged change has replaced.
 */
import { type Excuse, isAcross } from "./calls-account.js";
import type { Findings } from "./findings.js";
import type { FinalLine, StateLine } from "./journal.js";

/** A change that somebody asked for. */
interface Change {
  readonly id: string;
  readonly isDeletion: boolean;
  readonly rev: string | null | undefined;
  readonly askedAt: number;
  /** When it was acknowledged. */
  ackedAt: number | undefined;
  /** Why it was refused. */
  code: string | undefined;
}

/** With these, nothing has been done. Of all others nobody knows. */
const refusals: readonly string[] = ["conflict", "rate-limited", "outbox-full", "too-many", "too-large", "forbidden"];

/** An answer may be on its way for so long. */
const forgetMs = 2000;

/** What there was. */
export interface StateTotals {
  readonly acknowledged: number;
  readonly conflicts: number;
  readonly unsure: number;
}

type EndLine = Extract<FinalLine, { k: "end-state" }>;

/** See the head of this file. */
export class StatesAccount {
  readonly #findings: Findings;
  /** By channel, key and id. */
  readonly #keys = new Map<string, Map<string, Map<string, Change>>>();
  readonly #ends = new Map<string, EndLine[]>();
  #lapses: readonly Excuse[] = [];

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  take(line: StateLine): void {
    const keys = this.#keys.get(line.ch) ?? new Map<string, Map<string, Change>>();
    this.#keys.set(line.ch, keys);
    const changes = keys.get(line.key) ?? new Map<string, Change>();
    keys.set(line.key, changes);
    const change = changes.get(line.id);
    if (line.k === "set") {
      const { id, del, rev, at } = line;
      changes.set(id, { id, isDeletion: del, rev, askedAt: at, ackedAt: undefined, code: undefined });
    } else if (change !== undefined) {
      if (line.k === "set-ok") change.ackedAt = line.at;
      else change.code = line.code;
    }
  }

  takeEnd(line: EndLine): void {
    const ends = this.#ends.get(line.ch) ?? [];
    ends.push(line);
    this.#ends.set(line.ch, ends);
  }

  /** @param lapses when what was kept was forgotten */
  close(lapses: readonly Excuse[] = []): StateTotals {
    this.#lapses = lapses;
    for (const [channel, ends] of this.#ends) this.#compare(channel, ends);
    const all = [...this.#keys.values()]
      .flatMap((keys) => [...keys.values()])
      .flatMap((changes) => [...changes.values()]);
    for (const [channel, keys] of this.#keys) {
      for (const [key, changes] of keys) this.#onRevisions(channel, key, [...changes.values()]);
    }
    const conflicts = all.filter(({ code }) => code === "conflict").length;
    const acknowledged = all.filter(({ ackedAt }) => ackedAt !== undefined).length;
    const refused = all.filter(({ code }) => code !== undefined && refusals.includes(code)).length;
    return { acknowledged, conflicts, unsure: all.length - acknowledged - refused };
  }

  #compare(channel: string, ends: readonly EndLine[]): void {
    const [first] = ends;
    if (first === undefined) return;
    for (const other of ends) {
      const keys = new Set([...Object.keys(first.values), ...Object.keys(other.values)]);
      for (const key of keys) {
        const [one, two] = [first.values[key], other.values[key]];
        if (one === two) continue;
        const has = `${first.by} has ${one ?? "nothing"}, ${other.by} ${two ?? "nothing"}`;
        this.#findings.add("diverged", other.at, `${key} of ${channel}: ${has}`);
      }
    }
    const keys = this.#keys.get(channel) ?? new Map<string, Map<string, Change>>();
    for (const key of new Set([...Object.keys(first.values), ...keys.keys()])) {
      this.#last(channel, key, first.values[key], keys.get(key) ?? new Map<string, Change>());
    }
  }

  /** The value at the end is one that could have been the last. */
  #last(channel: string, key: string, value: string | undefined, changes: ReadonlyMap<string, Change>): void {
    const all = [...changes.values()];
    if (value === undefined) {
      const deletions = all.filter(({ isDeletion }) => isDeletion);
      if (all.some((change) => this.#isKept(change) && !change.isDeletion)) {
        if (!deletions.some((deletion) => this.#replacedBy(deletion, all) === undefined && !isRefused(deletion))) {
          this.#findings.add("update-lost", undefined, `${key} of ${channel} is not there, and nobody deleted it last`);
        }
      }
      return;
    }
    const change = changes.get(value);
    if (change === undefined || change.isDeletion) {
      this.#findings.add("forged", undefined, `${key} of ${channel} is ${value}, which nobody set`);
      return;
    }
    if (isRefused(change)) {
      this.#findings.add(
        "refused-and-done",
        change.askedAt,
        `${key} of ${channel} is ${value}, refused (${change.code ?? ""})`,
      );
    }
    const replacing = this.#replacedBy(change, all);
    if (replacing === undefined) return;
    const what = `${key} of ${channel} is ${value}, acknowledged before ${replacing.id} was asked for, which was acknowledged`;
    this.#findings.add("update-lost", replacing.ackedAt, what);
  }

  /** Whether a change was acknowledged, and nothing was forgotten since. */
  #isKept({ ackedAt }: Change): boolean {
    return ackedAt !== undefined && !isAcross(this.#lapses, ackedAt - forgetMs, Number.POSITIVE_INFINITY);
  }

  /**
   * A change that must have come after another: it was asked for when that had been acknowledged, and was acknowledged itself. One
   * of which nobody knows may be made at any time after it was asked for.
   */
  #replacedBy(change: Change, all: readonly Change[]): Change | undefined {
    const { ackedAt } = change;
    if (ackedAt === undefined) return undefined;
    return all.find((other) => this.#isKept(other) && other.askedAt > ackedAt);
  }

  /** Of two changes on the same revision of a key, one is made. */
  #onRevisions(channel: string, key: string, changes: readonly Change[]): void {
    const byRevision = new Map<string, Change>();
    for (const change of changes) {
      // That a key is not there may come again.
      if (change.ackedAt === undefined || typeof change.rev !== "string") continue;
      const other = byRevision.get(change.rev);
      const times = [
        change.askedAt,
        other?.askedAt ?? change.askedAt,
        change.ackedAt,
        other?.ackedAt ?? change.ackedAt,
      ];
      // Revisions may come again then.
      if (other === undefined || isAcross(this.#lapses, Math.min(...times), Math.max(...times)))
        byRevision.set(change.rev, change);
      else {
        const what = `${key} of ${channel}: ${other.id} and ${change.id} were both made on revision ${change.rev}`;
        this.#findings.add("set-twice", change.ackedAt, what);
      }
    }
  }
}

function isRefused({ code, ackedAt }: Change): boolean {
  return ackedAt === undefined && code !== undefined && refusals.includes(code);
}
