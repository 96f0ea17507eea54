/**
 * What a memory engine writes down to find again, and what it needs of whoever keeps it.
 *
 * Every record may be read twice, or again behind a newer one: sequence numbers tell what has been seen. That is what
 * makes it possible to rewrite a journal while it is being written.
 */
import type { CallOutcome, EntryMeta, Retention } from "../engine.js";

/** One thing to find again. The one-letter members are what is written, many times over. */
export type JournalRecord =
  /** What the engine is: its epoch, the last sequence number that was given, and the highest that was forgotten. */
  | { readonly t: "engine"; readonly epoch: string; readonly last: number; readonly floor: number }
  /** A log: its retention, and where it ends, also when nothing of it is left. */
  | { readonly t: "log"; readonly c: string; readonly s: number; readonly r: Retention }
  /** A message of a log. `p`: the sequence number before it; `u`: Unix milliseconds. */
  | {
      readonly t: "m";
      readonly c: string;
      readonly s: number;
      readonly p: number;
      readonly v: unknown;
      readonly m: EntryMeta;
      readonly r: Retention;
      readonly u: number;
      readonly k?: string;
      /** Until when the key is remembered, in Unix milliseconds. */
      readonly e?: number;
    }
  /** An idempotency key by itself, whose message is gone or stands elsewhere. */
  | { readonly t: "key"; readonly k: string; readonly s: number; readonly e: number }
  /** A log or state is forgotten altogether. */
  | { readonly t: "forget"; readonly k: "log" | "state"; readonly c: string; readonly s: number }
  /** A state: where it ends, and from where on its deletions are known. */
  | { readonly t: "state"; readonly c: string; readonly s: number; readonly f: number }
  | { readonly t: "set"; readonly c: string; readonly k: string; readonly s: number; readonly v: unknown }
  | { readonly t: "del"; readonly c: string; readonly k: string; readonly s: number }
  /** What a call came to. */
  | { readonly t: "call"; readonly k: string; readonly o: CallOutcome; readonly e: number };

/** Keeps records. */
export interface Journal {
  /**
   * Gets ready, and tells what was kept, in the order in which it was written.
   *
   * @throws an error when what was kept cannot be read, other than an unfinished end
   */
  open(recovered: (record: JournalRecord) => void): Promise<void>;
  /**
   * Adds records. Called again only when the last call has settled. When it resolves, they are kept; when it is cut short,
   * a beginning of them is.
   */
  write(records: readonly JournalRecord[]): Promise<void>;
  /** Whether so much has been written that it is time to rewrite. */
  wantsRewriting(): boolean;
  /**
   * Puts `records` in the place of all that was written before the call; what is written meanwhile follows them.
   * `records` is read bit by bit, in several turns.
   */
  rewrite(records: Iterable<JournalRecord>): Promise<void>;
  /** Called when nothing is being written. */
  close(): Promise<void>;
}
