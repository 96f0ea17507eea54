/**
 * Which parts of the library have run, as the engine counts them: an input that reaches a new one is worth keeping.
 *
 * For every function that has run, the engine tells the pieces of it that have not. A place is new when its function runs
 * for the first time, or when a piece that had never run so far did, at least in part.
 */
import { type Profiler, Session } from "node:inspector";

/** From and to which character. */
interface Piece {
  readonly start: number;
  readonly end: number;
}

/** Functions that have run, with what has not run of them. */
type Look = ReadonlyMap<string, readonly Piece[]>;

/** See the head of this file. */
export class Coverage {
  readonly #session = new Session();
  readonly #isCounted: (url: string) => boolean;
  /** Of every function that has ever run, what never has. */
  readonly #neverRun = new Map<string, readonly Piece[]>();
  #count = 0;
  #last: Look = new Map();

  /** @param isCounted which scripts count, by their URL */
  constructor(isCounted: (url: string) => boolean) {
    this.#isCounted = isCounted;
    this.#session.connect();
    this.#post("Profiler.enable");
    this.#post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  }

  /** Places that have been new so far. */
  get count(): number {
    return this.#count;
  }

  /** Whether anything has run since the last call that had never run. It is noted by `takeLast` only. */
  hasNews(): boolean {
    this.#last = this.#look();
    for (const [fun, idle] of this.#last) {
      const neverRun = this.#neverRun.get(fun);
      if (neverRun === undefined || neverRun.some((piece) => !isIdle(piece, idle))) return true;
    }
    return false;
  }

  /** Notes what has run since the last call. Returns how many places are new. */
  take(): number {
    return this.#note(this.#look());
  }

  /** Notes what `hasNews` has looked at: some of it may never come again, whatever the inputs. */
  takeLast(): void {
    this.#note(this.#last);
  }

  #note(look: Look): number {
    const before = this.#count;
    for (const [fun, idle] of look) {
      const neverRun = this.#neverRun.get(fun);
      if (neverRun === undefined) this.#count++;
      const left = neverRun?.flatMap((piece) => {
        if (isIdle(piece, idle)) return [piece];
        this.#count++;
        return idle.filter(({ start, end }) => start >= piece.start && end <= piece.end);
      });
      this.#neverRun.set(fun, left ?? idle);
    }
    return this.#count - before;
  }

  #look(): Look {
    const taken = this.#post("Profiler.takePreciseCoverage") as Profiler.TakePreciseCoverageReturnType | undefined;
    const look = new Map<string, readonly Piece[]>();
    for (const { url, functions } of taken?.result ?? []) {
      if (!this.#isCounted(url)) continue;
      for (const { ranges } of functions) {
        const [whole, ...pieces] = ranges;
        if (whole === undefined || whole.count === 0) continue;
        const idle = pieces.filter(({ count }) => count === 0);
        const key = `${url}:${whole.startOffset}:${whole.endOffset}`;
        look.set(
          key,
          idle.map(({ startOffset: start, endOffset: end }) => ({ start, end })),
        );
      }
    }
    return look;
  }

  /** Counts no more. */
  close(): void {
    this.#session.disconnect();
  }

  /** The inspector of this very thread answers before the call returns. */
  #post(method: string, parameters?: object): unknown {
    let answer: unknown;
    this.#session.post(method, parameters, (error, result) => {
      if (error !== null) throw error;
      answer = result;
    });
    return answer;
  }
}

/** Whether all of a piece has not run. */
function isIdle(piece: Piece, idle: readonly Piece[]): boolean {
  return idle.some(({ start, end }) => start <= piece.start && piece.end <= end);
}
