/**
 * An engine whose followers hear of everything later than its readers, as in a system of many processes.
 */
import type { Engine, LogEngine, StateEngine } from "#src/realtime/engines/index.js";
import type { FakeClock } from "#src/testing/index.js";

/** Calls what it is given in the same order, each some time later. */
class Lane {
  readonly #clock: FakeClock;
  readonly #lagMs: () => number;
  #lastAtMs = 0;
  isStopped = false;

  constructor(clock: FakeClock, lagMs: () => number) {
    this.#clock = clock;
    this.#lagMs = lagMs;
  }

  later(deliver: () => void): void {
    this.#lastAtMs = Math.max(this.#lastAtMs, this.#clock.now() + this.#lagMs());
    this.#clock.setExactTimer(() => {
      if (!this.isStopped) deliver();
    }, this.#lastAtMs - this.#clock.now());
  }
}

/** @param lagMs drawn for each message and change */
export function lagging(engine: Engine, clock: FakeClock, lagMs: () => number): Engine {
  const logs = (): LogEngine => {
    const { logs: inner } = engine;
    return {
      append: (channel, append) => inner.append(channel, append),
      read: (channel, range) => inner.read(channel, range),
      bounds: (channel) => inner.bounds(channel),
      tail: async (channel, sink) => {
        const lane = new Lane(clock, lagMs);
        const tail = await inner.tail(channel, {
          message: (entry) => lane.later(() => sink.message(entry)),
          reset: (reason, bounds) => lane.later(() => sink.reset(reason, bounds)),
        });
        const stop = (): void => {
          lane.isStopped = true;
          tail.stop();
        };
        return { epoch: tail.epoch, position: tail.position, stop };
      },
    };
  };
  const states = (): StateEngine => {
    const { states: inner } = engine;
    return {
      set: (channel, key, value, expected) => inner.set(channel, key, value, expected),
      delete: (channel, key, expected) => inner.delete(channel, key, expected),
      snapshot: (channel, options) => inner.snapshot(channel, options),
      changesSince: (channel, epoch, position) => inner.changesSince(channel, epoch, position),
      watch: async (channel, sink) => {
        const lane = new Lane(clock, lagMs);
        const watch = await inner.watch(channel, {
          changed: (change) => lane.later(() => sink.changed(change)),
          reset: (epoch, position) => lane.later(() => sink.reset(epoch, position)),
        });
        const stop = (): void => {
          lane.isStopped = true;
          watch.stop();
        };
        return { epoch: watch.epoch, position: watch.position, stop };
      },
    };
  };
  return {
    name: engine.name,
    start: (host) => engine.start(host),
    health: () => engine.health(),
    get logs() {
      return logs();
    },
    get states() {
      return states();
    },
    get signals() {
      return engine.signals;
    },
    get media() {
      return engine.media;
    },
    get calls() {
      return engine.calls;
    },
    get presence() {
      return engine.presence;
    },
    close: () => engine.close(),
  };
}
