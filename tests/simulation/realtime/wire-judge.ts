/**
 * Judges what a server says on the wire, which clients would make up for: groups of media without holes, and counts of what
 * was dropped that are exactly what was.
 */
import { type Codec, jsonCodec } from "#src/realtime/wire/index.js";

/** What one process has carried, in order: signals, and frames of media. */
export class Carried {
  readonly signals: string[] = [];
  readonly media: string[] = [];
}

/** A subscription of one connection. */
interface Watched {
  readonly kind: "signal" | "media";
  readonly of: readonly string[];
  /** What had been carried when the client heard that it subscribes: what came after it is due. */
  readonly dueFrom: number;
  /** Which was received last, counted among all that were carried. */
  last: number | undefined;
  /** Dropped since, as the server tells. */
  lost: number;
}

/** See the head of this file. One for each client. */
export class WireJudge {
  readonly faults: string[] = [];
  readonly codec: Codec;
  readonly #carried: () => Carried;
  /** Of the newest connection, by channel number. */
  #watched = new Map<number, Watched>();

  constructor(carried: () => Carried) {
    this.#carried = carried;
    this.codec = { ...jsonCodec, decode: (message) => this.#decode(message) };
  }

  #decode(message: string | Uint8Array): unknown {
    const decoded = jsonCodec.decode(message) as unknown[];
    for (const frame of Array.isArray(decoded[0]) ? (decoded as unknown[][]) : [decoded]) this.#heard(frame);
    return decoded;
  }

  #heard([operation, first, ...rest]: readonly unknown[]): void {
    if (operation === "welcome") this.#watched = new Map();
    else if (operation === "ok") this.#answered(rest[0]);
    else if (operation === "s") this.#received(first as number, JSON.stringify(rest[0]));
    else if (operation === "g") this.#received(first as number, `${String(rest[0])}.${String(rest[1])}`);
    else if (operation === "lost") this.#dropped(first as number, rest[0] as number);
  }

  #answered(value: unknown): void {
    const { n, kind } = (value ?? {}) as { n?: number; kind?: string };
    if (n === undefined || (kind !== "signal" && kind !== "media")) return;
    const of = kind === "signal" ? this.#carried().signals : this.#carried().media;
    this.#watched.set(n, { kind, of, dueFrom: of.length, last: undefined, lost: 0 });
  }

  #dropped(n: number, count: number): void {
    const watched = this.#watched.get(n);
    if (watched !== undefined) watched.lost += count;
  }

  #received(n: number, name: string): void {
    const watched = this.#watched.get(n);
    if (watched === undefined) return;
    const { last, lost, kind, of } = watched;
    const at = of.lastIndexOf(name);
    if (at === -1) this.faults.push(`${kind} ${name} was never sent`);
    if (last !== undefined && at !== last + 1 + lost) {
      this.faults.push(
        `${kind} ${name} is ${String(at)}, follows ${String(last)}, and ${String(lost)} are told as lost`,
      );
    }
    const goesOn = last !== undefined && lost === 0;
    if (kind === "media" && !goesOn && !name.endsWith(".0"))
      this.faults.push(`${name} follows a hole, and is no key frame`);
    watched.last = at;
    watched.lost = 0;
  }

  /** To be called when everything has come to rest: the newest signal is never dropped. */
  rest(): void {
    for (const { kind, of, dueFrom, last } of this.#watched.values()) {
      if (kind === "signal" && of.length > dueFrom && last !== of.length - 1) {
        this.faults.push(`the newest of ${String(of.length)} signals is missing: the last is ${String(last)}`);
      }
    }
  }
}
