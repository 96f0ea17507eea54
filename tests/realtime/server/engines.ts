/**
 * Engines that behave as those of many processes may, over the one in memory.
 */
import type {
  CallEngine,
  Engine,
  LogEngine,
  LogSink,
  MediaEngine,
  PresenceEngine,
  SignalEngine,
  StateEngine,
  StateSink,
} from "#src/realtime/engines/index.js";
import { memory } from "#src/realtime/engines/index.js";

/** Parts that are other than the engine's own. */
interface Parts {
  readonly logs?: () => LogEngine;
  readonly states?: () => StateEngine;
  readonly signals?: () => SignalEngine;
  readonly media?: () => MediaEngine;
  readonly calls?: () => CallEngine;
  readonly presence?: () => PresenceEngine;
}

/** An engine, but for some parts. Those are asked for when it has been started. */
export function engineWith(engine: Engine, parts: Parts): Engine {
  return {
    name: engine.name,
    start: (host) => engine.start(host),
    health: () => engine.health(),
    close: () => engine.close(),
    get logs() {
      return parts.logs?.() ?? engine.logs;
    },
    get states() {
      return parts.states?.() ?? engine.states;
    },
    get signals() {
      return parts.signals?.() ?? engine.signals;
    },
    get media() {
      return parts.media?.() ?? engine.media;
    },
    get calls() {
      return parts.calls?.() ?? engine.calls;
    },
    get presence() {
      return parts.presence?.() ?? engine.presence;
    },
  };
}

/** An engine whose followers lose their place: they hear of nothing for a while, and then that they have. */
export class ResettingEngine {
  readonly inner: Engine = memory();
  readonly engine: Engine;
  readonly #logSinks = new Set<{ readonly channel: string; readonly sink: LogSink }>();
  readonly #stateSinks = new Set<{ readonly channel: string; readonly sink: StateSink }>();
  #isCut = false;
  /** With each, everything begins anew. */
  #generation = 0;

  constructor() {
    this.engine = engineWith(this.inner, { logs: () => this.#logs(), states: () => this.#states() });
  }

  /** Followers hear nothing from now on. */
  cut(): void {
    this.#isCut = true;
  }

  /** All that there was is lost, and positions mean nothing any more. */
  beginAnew(): void {
    this.#generation++;
  }

  /** Followers hear of what comes again, and that they have missed something. */
  async reset(reason: "epoch" | "retention"): Promise<void> {
    this.#isCut = false;
    for (const { channel, sink } of [...this.#logSinks]) {
      sink.reset(reason, await this.#logs().bounds(channel));
    }
    for (const { channel, sink } of [...this.#stateSinks]) {
      const { epoch, position } = await this.#states().snapshot(channel, { limit: 1 });
      sink.reset(epoch, position);
    }
  }

  #name(channel: string): string {
    return this.#generation === 0 ? channel : `${channel}#${String(this.#generation)}`;
  }

  #logs(): LogEngine {
    const { logs } = this.inner;
    const anew = <Told extends { readonly epoch: string }>(told: Told): Told => ({
      ...told,
      epoch: `${told.epoch}.${String(this.#generation)}`,
    });
    return {
      append: async (channel, append) => anew(await logs.append(this.#name(channel), append)),
      bounds: async (channel) => anew(await logs.bounds(this.#name(channel))),
      read: async (channel, range) => {
        const page = await logs.read(this.#name(channel), range);
        return page.status === "hole" ? { ...page, bounds: anew(page.bounds) } : anew(page);
      },
      tail: async (channel, sink) => {
        const known = { channel, sink };
        this.#logSinks.add(known);
        const message: LogSink["message"] = (entry) => {
          if (!this.#isCut) sink.message(entry);
        };
        const inner = { message, reset: () => undefined };
        // Of this generation, and of the next one.
        const { epoch, position, stop } = anew(await logs.tail(this.#name(channel), inner));
        const next = await logs.tail(`${channel}#${String(this.#generation + 1)}`, inner);
        return {
          ...{ epoch, position },
          stop: () => {
            this.#logSinks.delete(known);
            stop();
            next.stop();
          },
        };
      },
    };
  }

  #states(): StateEngine {
    const { states } = this.inner;
    const anew = (epoch: string): string => `${epoch}.${String(this.#generation)}`;
    return {
      set: (channel, key, value, expected) => states.set(this.#name(channel), key, value, expected),
      delete: (channel, key, expected) => states.delete(this.#name(channel), key, expected),
      snapshot: async (channel, options) => {
        const page = await states.snapshot(this.#name(channel), options);
        return { ...page, epoch: anew(page.epoch) };
      },
      changesSince: () => Promise.resolve(undefined),
      watch: async (channel, sink) => {
        const known = { channel, sink };
        this.#stateSinks.add(known);
        const changed: StateSink["changed"] = (change) => {
          if (!this.#isCut) sink.changed(change);
        };
        const inner = { changed, reset: () => undefined };
        const watch = await states.watch(this.#name(channel), inner);
        const next = await states.watch(`${channel}#${String(this.#generation + 1)}`, inner);
        return {
          ...{ epoch: anew(watch.epoch), position: watch.position },
          stop: () => {
            this.#stateSinks.delete(known);
            watch.stop();
            next.stop();
          },
        };
      },
    };
  }
}
