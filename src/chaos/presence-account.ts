/**
 * The account of presence: who is connected and wants to be in a hall is seen by everybody there within a time, and as long as
 * that is so; who is not, is not. It holds for whoever sees and is seen over a time in which neither's node was kept from doing
 * what it should, nor the engine.
 */

import type { Excuse } from "./calls-account.js";
import type { Findings } from "./findings.js";
import { complement, type Interval, intersection, union } from "./intervals.js";
import type { FinalLine, PresenceLine } from "./journal.js";

/** One client in a hall: when it was there, at which node, and whom it saw. */
interface Guest {
  readonly by: string;
  wants: boolean;
  /** When it was connected and wanted to be there: others may see it before it is told that it is. */
  readonly asked: [from: number, until: number][];
  /** When it was there, and at which node. */
  readonly there: { readonly node: number; readonly from: number; until: number }[];
  /** When whom, in its view. */
  readonly seen: Map<string, [from: number, until: number][]>;
}

/** What there was. */
export interface PresenceTotals {
  /** Comings and goings that somebody had to see. */
  readonly changes: number;
  /** Milliseconds until the last of those who had to see one did, the greatest of all, and of 99 in 100. */
  readonly latestMs: number;
  readonly p99Ms: number;
  /** Seconds, over all pairs of who sees and who is seen, in which it had to be right. */
  readonly checkedSeconds: number;
  /** From the opening of a connection until everything was subscribed to again, the greatest of all, in milliseconds. */
  readonly slowestReturnMs: number;
}

type EndLine = Extract<FinalLine, { k: "end-presence" }>;

/** See the head of this file. */
export class PresenceAccount {
  readonly #findings: Findings;
  readonly #withinMs: number;
  /** By hall and client. */
  readonly #halls = new Map<string, Map<string, Guest>>();
  readonly #nodeOf = new Map<string, number>();
  readonly #ends: EndLine[] = [];
  #slowestReturnMs = 0;
  #latenessesMs: number[] = [];
  #checkedMs = 0;

  constructor(findings: Findings, withinMs: number) {
    this.#findings = findings;
    this.#withinMs = withinMs;
  }

  #guest(hall: string, by: string): Guest {
    const guests = this.#halls.get(hall) ?? new Map<string, Guest>();
    this.#halls.set(hall, guests);
    const guest: Guest = guests.get(by) ?? { by, wants: false, asked: [], there: [], seen: new Map() };
    guests.set(by, guest);
    return guest;
  }

  take(line: PresenceLine): void {
    const { at, by } = line;
    switch (line.k) {
      case "open":
        this.#away(by, at);
        this.#nodeOf.set(by, line.node);
        for (const guests of this.#halls.values()) this.#ask(guests.get(by), at);
        break;
      case "enter": {
        const guest = this.#guest(line.ch, by);
        guest.wants = true;
        this.#ask(guest, at);
        break;
      }
      case "lost":
      case "gone":
        this.#away(by, at);
        this.#nodeOf.delete(by);
        break;
      case "in": {
        const node = this.#nodeOf.get(by);
        const guest = this.#guest(line.ch, by);
        if (node === undefined) break;
        this.#slowestReturnMs = Math.max(this.#slowestReturnMs, at - (guest.asked.at(-1)?.[0] ?? at));
        guest.there.push({ node, from: at, until: Infinity });
        break;
      }
      case "leave":
        this.#away(by, at, line.ch);
        this.#guest(line.ch, by).wants = false;
        this.#unsee(this.#guest(line.ch, by), at);
        break;
      case "view":
        this.#see(this.#guest(line.ch, by), line);
        break;
    }
  }

  #ask(guest: Guest | undefined, at: number): void {
    if (guest?.wants === true && this.#nodeOf.has(guest.by)) guest.asked.push([at, Infinity]);
  }

  /** A client is not where it was any more. @param hall undefined: anywhere */
  #away(by: string, at: number, hall?: string): void {
    for (const [name, guests] of this.#halls) {
      const guest = hall === undefined || hall === name ? guests.get(by) : undefined;
      const stay = guest?.there.at(-1);
      if (stay?.until === Infinity) stay.until = at;
      const asked = guest?.asked.at(-1);
      if (asked?.[1] === Infinity) asked[1] = at;
    }
  }

  #see(guest: Guest, { at, came, left }: Extract<PresenceLine, { k: "view" }>): void {
    for (const user of came) {
      const views = guest.seen.get(user) ?? [];
      guest.seen.set(user, views);
      if (views.at(-1)?.[1] !== Infinity) views.push([at, Infinity]);
    }
    for (const user of left) this.#unseeOne(guest, user, at);
  }

  #unsee(guest: Guest, at: number): void {
    for (const user of guest.seen.keys()) this.#unseeOne(guest, user, at);
  }

  #unseeOne(guest: Guest, user: string, at: number): void {
    const view = guest.seen.get(user)?.at(-1);
    if (view?.[1] === Infinity) view[1] = at;
  }

  takeEnd(line: EndLine): void {
    this.#ends.push(line);
  }

  /**
   * @param excuses what befell whom
   * @param endAt when the run was over
   */
  close(excuses: readonly Excuse[], endAt: number): PresenceTotals {
    const whole: Interval = [0, endAt];
    const troubles = new Map<number | undefined, Interval[]>();
    for (const node of new Set(excuses.map((excuse) => excuse.node))) {
      const befallen = excuses
        .filter((excuse) => excuse.node === node)
        .map(({ from, until }): Interval => [from, until]);
      troubles.set(node, union(befallen));
    }
    const engineWell = complement(troubles.get(undefined) ?? [], whole);
    const wellOf = (node: number): Interval[] => intersection(engineWell, complement(troubles.get(node) ?? [], whole));
    const cache = new Map<number, Interval[]>();
    const well = (node: number): Interval[] => {
      const known = cache.get(node) ?? wellOf(node);
      cache.set(node, known);
      return known;
    };
    for (const [hall, guests] of this.#halls) {
      for (const seer of guests.values()) {
        // A change of node is another beginning.
        const seeing = seer.there.flatMap(({ node, from, until }) =>
          intersection([[from, Math.min(until, endAt)]], well(node)),
        );
        for (const other of guests.values()) if (other !== seer) this.#pair(hall, seer, other, seeing, well, endAt);
      }
    }
    this.#compareEnds();
    const sorted = this.#latenessesMs.sort((one, other) => one - other);
    return {
      changes: sorted.length,
      latestMs: Math.round(sorted.at(-1) ?? 0),
      p99Ms: Math.round(sorted[Math.floor(sorted.length * 0.99)] ?? 0),
      checkedSeconds: Math.round(this.#checkedMs / 1000),
      slowestReturnMs: this.#slowestReturnMs,
    };
  }

  #pair(
    hall: string,
    seer: Guest,
    other: Guest,
    seeing: readonly Interval[],
    well: (node: number) => Interval[],
    endAt: number,
  ): void {
    const seen = (seer.seen.get(other.by) ?? []).map(([from, until]): Interval => [from, Math.min(until, endAt)]);
    for (const { node, from, until } of other.there) {
      const present = intersection([[from, Math.min(until, endAt)]], well(node));
      for (const time of intersection(seeing, present))
        this.#judge(hall, seer, other, time, complement(seen, time), true);
    }
    const stays = union(other.asked.map(([from, until]): Interval => [from, Math.min(until, endAt)]));
    const [firstFrom = endAt] = stays[0] ?? [];
    for (const [from, until] of complement(stays, [firstFrom, endAt])) {
      // Where it was last has to be able to say so.
      const last = other.there.findLast((stay) => stay.until <= from);
      const absent = intersection([[from, until]], well(last?.node ?? -1));
      for (const time of intersection(seeing, absent))
        this.#judge(hall, seer, other, time, intersection(seen, [time]), false);
    }
  }

  /** @param wrong when the view was not as it should be, within the time */
  #judge(hall: string, seer: Guest, other: Guest, time: Interval, wrong: readonly Interval[], isThere: boolean): void {
    const [from, until] = time;
    const dueAt = from + this.#withinMs;
    this.#checkedMs += Math.max(0, until - dueAt);
    const last = wrong.at(-1);
    // Where it had not the time, nobody knows what would have come.
    if (last === undefined || last[1] <= dueAt) {
      if (last !== undefined && until >= dueAt) this.#latenessesMs.push(last[1] - from);
      return;
    }
    const [wrongFrom, wrongUntil] = last;
    const how = isThere ? "is there" : "is gone";
    const lasting = Math.round(wrongUntil - Math.max(wrongFrom, from));
    const what = `${seer.by} saw it otherwise for ${lasting} ms, ${Math.round(wrongUntil - from)} ms after ${other.by} ${how} in ${hall}`;
    this.#latenessesMs.push(wrongUntil - from);
    this.#findings.add(wrongFrom <= from + 1 ? "presence-late" : "presence-wrong", wrongFrom, what);
  }

  /** At the end nodes and clients see the same, and it is who is there. */
  #compareEnds(): void {
    for (const { at, by, ch, users } of this.#ends) {
      const guests = this.#halls.get(ch) ?? new Map<string, Guest>();
      const there = new Set(
        [...guests.values()].filter(({ there: stays }) => stays.at(-1)?.until === Infinity).map((guest) => guest.by),
      );
      const seen = new Set(users);
      for (const user of there)
        if (!seen.has(user)) this.#findings.add("presence-wrong", at, `at the end ${by} does not see ${user} in ${ch}`);
      for (const user of seen)
        if (!there.has(user))
          this.#findings.add("presence-wrong", at, `at the end ${by} sees ${user} in ${ch}, who is gone`);
    }
  }
}
