/**
 * Which parts of the library have run, as the engine counts them: an input that reaches a new one is worth keeping.
 */
import { type Profiler, Session } from "node:inspector";

/** See the head of this file. */
export class Coverage {
  readonly #session = new Session();
  readonly #isCounted: (url: string) => boolean;
  /** Places that have run, by script, beginning and end. */
  readonly #seen = new Set<string>();

  /** @param isCounted which scripts count, by their URL */
  constructor(isCounted: (url: string) => boolean) {
    this.#isCounted = isCounted;
    this.#session.connect();
    this.#post("Profiler.enable");
    this.#post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  }

  /** Places that have run so far. */
  get count(): number {
    return this.#seen.size;
  }

  /** Notes what has run since the last call. Returns the places that are new. */
  take(): Set<string> {
    const news = new Set([...this.look()].filter((place) => !this.#seen.has(place)));
    for (const place of news) this.#seen.add(place);
    return news;
  }

  /** Places that have run since the last call, without noting them. */
  look(): Set<string> {
    const taken = this.#post("Profiler.takePreciseCoverage") as Profiler.TakePreciseCoverageReturnType | undefined;
    const places = new Set<string>();
    for (const { url, functions } of taken?.result ?? []) {
      if (!this.#isCounted(url)) continue;
      for (const { ranges } of functions) {
        for (const { startOffset, endOffset, count } of ranges) {
          if (count > 0) places.add(`${url}:${startOffset}:${endOffset}`);
        }
      }
    }
    return places;
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
