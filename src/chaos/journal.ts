/**
 * What is written down of a run: a line of JSON for each thing that happened, in a file for each process. The accountant
 * knows nothing else. `at` is Unix time in milliseconds; `by` is a client, whose name is its user, too.
 */
import { closeSync, createReadStream, openSync, readdirSync, writeSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";

/** A fault, from when it began until it was over. */
export interface FaultLine {
  readonly k: "fault";
  readonly at: number;
  readonly until: number;
  /** Milliseconds in which it may still be felt behind that. Default 0. */
  readonly echoMs?: number;
  readonly kind: string;
  readonly target: number;
  /** Nodes that cannot do what they should meanwhile. */
  readonly nodes: readonly number[];
  /** Whether the engine cannot. */
  readonly engine: boolean;
}

/** What a client did in a log, or heard of it. */
export type LogLine =
  | { readonly k: "begin"; readonly at: number; readonly by: string; readonly ch: string; readonly id: string }
  | {
      readonly k: "ack";
      readonly at: number;
      readonly by: string;
      readonly ch: string;
      readonly id: string;
      readonly pos: string;
      readonly dup: boolean;
    }
  /** It is not tried again, and may be in the log or not. */
  | {
      readonly k: "unsure";
      readonly at: number;
      readonly by: string;
      readonly ch: string;
      readonly id: string;
      readonly code: string;
    }
  /** All that was kept has come; at first, from where on it is heard. */
  | {
      readonly k: "live";
      readonly at: number;
      readonly by: string;
      readonly ch: string;
      readonly ep: string;
      readonly pos: string;
      readonly recovered: boolean;
    }
  /** Messages, the first of them behind `from`, each behind the one before it. */
  | {
      readonly k: "heard";
      readonly at: number;
      readonly by: string;
      readonly ch: string;
      readonly from: string;
      readonly m: readonly (readonly [id: string, pos: string])[];
    }
  | {
      readonly k: "gap";
      readonly at: number;
      readonly by: string;
      readonly ch: string;
      readonly reason: string;
      readonly ep: string;
      readonly pos: string;
    }
  | { readonly k: "unsub"; readonly at: number; readonly by: string; readonly ch: string };

/** What a client did with a state. Its values are the ids of what set them. */
export type StateLine =
  | {
      readonly k: "set";
      readonly at: number;
      readonly by: string;
      readonly ch: string;
      readonly key: string;
      readonly id: string;
      /** Whether it deletes the key. */
      readonly del: boolean;
      /** The revision that the key must have; absent: any. */
      readonly rev?: string | null;
    }
  | {
      readonly k: "set-ok";
      readonly at: number;
      readonly by: string;
      readonly ch: string;
      readonly key: string;
      readonly id: string;
      readonly rev: string;
    }
  | {
      readonly k: "set-no";
      readonly at: number;
      readonly by: string;
      readonly ch: string;
      readonly key: string;
      readonly id: string;
      readonly code: string;
    };

/** Signals and calls. */
export type FleetingLine =
  | { readonly k: "signal"; readonly at: number; readonly by: string; readonly ch: string; readonly id: string }
  | {
      readonly k: "signals";
      readonly at: number;
      readonly by: string;
      readonly ch: string;
      readonly m: readonly string[];
    }
  | {
      readonly k: "call";
      readonly at: number;
      readonly by: string;
      readonly id: string;
      readonly idempotent: boolean;
    }
  | { readonly k: "answer"; readonly at: number; readonly by: string; readonly id: string; readonly run: string }
  | { readonly k: "call-no"; readonly at: number; readonly by: string; readonly id: string; readonly code: string }
  /** A node begins to run a call, and has run it. */
  | { readonly k: "run"; readonly at: number; readonly node: number; readonly id: string; readonly run: string }
  | { readonly k: "ran"; readonly at: number; readonly node: number; readonly id: string; readonly run: string };

/** Connections, and who is there. */
export type PresenceLine =
  | {
      readonly k: "open";
      readonly at: number;
      readonly by: string;
      readonly node: number;
      /** Whether it is by events and requests. */
      readonly events?: boolean;
    }
  | { readonly k: "lost"; readonly at: number; readonly by: string; readonly why: string }
  | { readonly k: "gone"; readonly at: number; readonly by: string }
  /** It wants to be in a channel from now on, whenever it is connected. */
  | { readonly k: "enter"; readonly at: number; readonly by: string; readonly ch: string }
  /** It has been told who is in a channel, and so is there itself. */
  | { readonly k: "in"; readonly at: number; readonly by: string; readonly ch: string }
  /** It wants to be there no more. */
  | { readonly k: "leave"; readonly at: number; readonly by: string; readonly ch: string }
  | {
      readonly k: "view";
      readonly at: number;
      readonly by: string;
      readonly ch: string;
      readonly came: readonly string[];
      readonly left: readonly string[];
    };

/** What somebody saw of media: a frame by its group and its place there; or that something was lost; or another connection. */
export type SeenFrame = readonly [group: number, index: number] | "lost" | "anew";

/** Media. */
export type MediaLine =
  /** A frame was published at a time; and whether the server has said that it had it. */
  | {
      readonly k: "shot";
      readonly at: number;
      readonly by: string;
      readonly ch: string;
      readonly g: number;
      readonly i: number;
      readonly ok: boolean;
    }
  | {
      readonly k: "seen";
      readonly at: number;
      readonly by: string;
      readonly ch: string;
      readonly m: readonly SeenFrame[];
    };

/** How it was at the end, as clients and nodes see it. */
export type FinalLine =
  | {
      readonly k: "end-client";
      readonly at: number;
      readonly by: string;
      readonly open: boolean;
      readonly pending: number;
      /** Channels whose subscription does not stand, and logs whose last message has not come. */
      readonly missing: readonly string[];
    }
  | {
      readonly k: "end-state";
      readonly at: number;
      /** A client, or "node 1". */
      readonly by: string;
      readonly ch: string;
      readonly values: Readonly<Record<string, string>>;
    }
  | {
      readonly k: "end-presence";
      readonly at: number;
      readonly by: string;
      readonly ch: string;
      readonly users: readonly string[];
    };

/** How a process was, in each second. */
export interface SecondLine {
  readonly k: "second";
  readonly at: number;
  readonly proc: string;
  readonly heard: number;
  readonly acked: number;
  readonly open: number;
  /** Of messages that came as they were published: the time since `publish`, percentiles in milliseconds. */
  readonly ms: readonly [p50: number, p95: number, p99: number, max: number];
  /** By how much the process was late at most. */
  readonly lagMs: number;
}

/** The run itself. */
export type RunLine =
  | { readonly k: "load"; readonly at: number }
  | { readonly k: "calm"; readonly at: number }
  | { readonly k: "trouble"; readonly at: number; readonly proc: string; readonly what: string };

/** See the head of this file. */
export type JournalLine =
  | FaultLine
  | LogLine
  | StateLine
  | FleetingLine
  | MediaLine
  | PresenceLine
  | FinalLine
  | SecondLine
  | RunLine;

/** Without the time, which the journal adds. */
type Untimed<Line> = Line extends JournalLine ? Omit<Line, "at"> & { readonly at?: number } : never;

/** What journals' files end in. */
const ending = ".journal";
/** Octets, about, that wait to be written together. */
const bufferLength = 65_536;

/** A process's own part of it. */
export class JournalWriter {
  readonly #file: number;
  readonly #isSafe: boolean;
  #text = "";

  /**
   * @param isSafe whether each line is written at once, so that it outlasts a kill
   */
  constructor(folder: string, name: string, isSafe: boolean) {
    this.#file = openSync(path.join(folder, name + ending), "a");
    this.#isSafe = isSafe;
  }

  write(line: Untimed<JournalLine>): void {
    this.#text += `${JSON.stringify({ at: Date.now(), ...line })}\n`;
    if (this.#isSafe || this.#text.length >= bufferLength) this.flush();
  }

  flush(): void {
    const text = this.#text;
    this.#text = "";
    if (text.length > 0) writeSync(this.#file, text);
  }

  close(): void {
    this.flush();
    closeSync(this.#file);
  }
}

/** Reads all journals of a folder, one after the other; a last line that a kill cut off is left out. */
export async function* readJournals(folder: string): AsyncGenerator<JournalLine> {
  for (const name of readdirSync(folder).sort()) {
    if (!name.endsWith(ending)) continue;
    const lines = createInterface({ input: createReadStream(path.join(folder, name)), crlfDelay: Infinity });
    for await (const text of lines) {
      const line = parse(text);
      if (line !== undefined) yield line;
    }
  }
}

function parse(text: string): JournalLine | undefined {
  try {
    return JSON.parse(text) as JournalLine;
  } catch {
    return undefined;
  }
}
