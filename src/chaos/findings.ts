/**
 * What the accountant has found.
 */

/** What can be violated, each with what it means. */
export const violationKinds = {
  lost: "an acknowledged message of a log came to nobody",
  missed: "a subscriber of a log was not told of a message, nor of a gap",
  doubled: "a message stands twice in a log, or came twice to somebody",
  disordered: "two subscribers, or a publisher and a subscriber, have different orders",
  forged: "something came that nobody sent",
  gap: "a gap was told of, though nothing was past",
  "two-answers": "one key was acknowledged at two positions, or answered in two ways",
  "run-twice": "a call ran again though nothing had befallen who ran it",
  "answer-without-run": "a call was answered, and never ran",
  "signal-twice": "a signal came twice",
  "signal-disordered": "signals of one sender came in another order",
  torn: "a frame of media came without the one before it, or the rest of a group did not and nobody was told",
  "media-disordered": "groups of media came in another order",
  diverged: "a state is different for two at the end",
  "update-lost": "at the end a key has a value that an acknowledged one had replaced",
  "set-twice": "two changes of a key were made on the same revision",
  "refused-and-done": "what was refused has been done",
  "presence-late": "somebody was not seen to come or to go within the time",
  "presence-wrong": "somebody vanished while there, or was there again while gone",
  "not-back": "a client was not as it should be at the end",
  trouble: "a process told of an error that it should not have",
} as const;

/** See `violationKinds`. */
export type ViolationKind = keyof typeof violationKinds;

/** Something that must not be. */
export interface Violation {
  readonly kind: ViolationKind;
  /** When, in Unix milliseconds, as far as that is known. */
  readonly at: number | undefined;
  readonly what: string;
}

/** Gathers violations; of one kind no more than can be read. */
export class Findings {
  readonly #counts = new Map<ViolationKind, number>();
  readonly #kept: Violation[] = [];
  readonly #most: number;

  /** @param most of each kind that are kept */
  constructor(most: number = 50) {
    this.#most = most;
  }

  add(kind: ViolationKind, at: number | undefined, what: string): void {
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    if (count <= this.#most) this.#kept.push({ kind, at, what });
  }

  get violations(): readonly Violation[] {
    return this.#kept;
  }

  get counts(): ReadonlyMap<ViolationKind, number> {
    return this.#counts;
  }
}
