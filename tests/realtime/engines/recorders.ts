/**
 * What is told by engines, to be waited for.
 */
import assert from "node:assert/strict";
import type { Engine, LogBounds, LogEntry, StateChange } from "#src/realtime/engines/index.js";

/** Things that come one by one. */
export class Recorder<Item> {
  readonly items: Item[] = [];
  readonly #waiting = new Set<() => void>();

  add(item: Item): void {
    this.items.push(item);
    for (const look of this.#waiting) look();
  }

  /** Resolves when something holds of what has come. */
  until(holds: (items: readonly Item[]) => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!holds(this.items)) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }
}

/** A log that is followed. */
export class FollowedLog {
  readonly entries = new Recorder<LogEntry>();
  readonly resets = new Recorder<readonly [string, LogBounds]>();
  position = "";

  static async of(engine: Engine, channel: string): Promise<FollowedLog> {
    const log = new FollowedLog();
    const tail = await engine.logs.tail(channel, {
      message: (entry) => log.entries.add(entry),
      reset: (reason, bounds) => log.resets.add([reason, bounds]),
    });
    log.position = tail.position;
    return log;
  }

  get values(): unknown[] {
    return this.entries.items.map(({ value }) => value);
  }

  async has(value: unknown): Promise<void> {
    await this.entries.until((entries) => entries.some((entry) => entry.value === value));
  }

  assertChained(): void {
    let { position } = this;
    for (const entry of this.entries.items) {
      assert.equal(entry.previous, position);
      position = entry.position;
    }
  }
}

/** The values of a state that is followed. */
export class FollowedState {
  readonly changes = new Recorder<StateChange>();
  readonly resets = new Recorder<string>();

  static async of(engine: Engine, channel: string): Promise<FollowedState> {
    const state = new FollowedState();
    await engine.states.watch(channel, {
      changed: (change) => state.changes.add(change),
      reset: (epoch) => state.resets.add(epoch),
    });
    return state;
  }

  get values(): Map<string, unknown> {
    const values = new Map<string, unknown>();
    for (const { key, entry } of this.changes.items) {
      if (entry === undefined) values.delete(key);
      else values.set(key, entry.value);
    }
    return values;
  }
}
