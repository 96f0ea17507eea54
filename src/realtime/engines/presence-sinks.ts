/**
 * Those who watch who is in one channel, and are all told the same.
 */
import type { EngineHost, EngineSubscription, PresenceSink } from "./engine.js";
import type { SharedOpenings } from "./shared-openings.js";

/** What an engine has of a channel that is watched. */
interface Watched {
  readonly view: { watch(sink: PresenceSink): () => void };
  stop(): void;
}

/** See the head of this file. */
export class PresenceSinks {
  readonly #host: EngineHost;
  readonly #sinks = new Set<PresenceSink>();

  constructor(host: EngineHost) {
    this.#host = host;
  }

  /** @returns takes it away */
  add(sink: PresenceSink): () => void {
    // One of its own, so that the same sink may watch twice.
    const watching: PresenceSink = {
      came: (presence, count) => sink.came(presence, count),
      left: (user, count) => sink.left(user, count),
    };
    this.#sinks.add(watching);
    return () => {
      this.#sinks.delete(watching);
    };
  }

  /** Tells all of them; one that throws keeps nothing from the others. */
  tell(how: (sink: PresenceSink) => void): void {
    for (const sink of this.#sinks) {
      try {
        how(sink);
      } catch (error) {
        this.#host.reportError(error, "telling of presence");
      }
    }
  }
}

/** Watches a channel, which is opened where nobody does yet. @throws what `open` throws */
export async function watchShared<Opened extends Watched>(
  openings: SharedOpenings<Opened>,
  channel: string,
  open: () => Promise<Opened>,
  sink: PresenceSink,
): Promise<EngineSubscription> {
  const { opened, release } = await openings.take(channel, open);
  const stopWatching = opened.view.watch(sink);
  const stop = (): void => {
    stopWatching();
    release();
  };
  return { stop };
}
