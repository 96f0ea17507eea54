/**
 * What was asked of a server and not answered: by it an engine knows that it is not available while its connection stands.
 */
import type { EngineHost } from "./engine.js";

interface Silence {
  /** What was asked, as a human reads it. */
  readonly what: string;
  /** When it was asked, by the host's `now`. */
  readonly sinceMs: number;
}

/** See the head of this file. */
export class Silences {
  readonly #host: EngineHost;
  /** The first that was not answered, of each part of what is asked. */
  readonly #silences = new Map<string, Silence>();

  constructor(host: EngineHost) {
    this.#host = host;
  }

  /** @param part what fails and recovers by itself: a stream, a server */
  unanswered(part: string, what: string, askedAtMs: number): void {
    if (!this.#silences.has(part)) this.#silences.set(part, { what, sinceMs: askedAtMs });
  }

  /** Something of this part was answered. */
  answered(part: string): void {
    this.#silences.delete(part);
  }

  /** All of which something was not answered. */
  get parts(): readonly string[] {
    return [...this.#silences.keys()];
  }

  /** Everything was answered. */
  get isNone(): boolean {
    return this.#silences.size === 0;
  }

  /** What was not answered before says nothing of what comes. */
  clear(): void {
    this.#silences.clear();
  }

  /** What was not answered, and for how long; undefined where everything is. */
  get reason(): string | undefined {
    const [first] = this.#silences.values();
    if (first === undefined) return undefined;
    return `nothing has come for ${Math.round(this.#host.now() - first.sinceMs)} ms to ${first.what}`;
  }
}
