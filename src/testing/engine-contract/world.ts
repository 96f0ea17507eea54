/**
 * What a case of the contract suite has: an engine, and time that passes when it is told to.
 */
import assert from "node:assert/strict";
import type {
  Append,
  Engine,
  EngineErrorCode,
  EngineHost,
  LogEntry,
  LogPage,
  LogRange,
  Retention,
} from "../../realtime/engines/index.js";
import { EngineError } from "../../realtime/engines/index.js";
import { FakeClock } from "../fake-clock.js";

/** The engine to test. */
export interface EngineSubject {
  /** Makes an engine that has nothing yet. Called once for each case. */
  create(): Engine | Promise<Engine>;
  /**
   * Makes an engine that goes on where the last one was killed: it has neither been closed nor waited for. Absent: this
   * engine keeps nothing beyond the process.
   */
  reopen?(): Engine | Promise<Engine>;
  /**
   * Resolves when what the engines have sent so far has come where it is heard. Absent: nothing is on its way outside of
   * the process.
   */
  settle?(): Promise<void>;
  /** Called at the end of each case. */
  dispose?(): void | Promise<void>;
}

/** A promise of the interface, and its test. Rejects where the engine does not keep it. */
export interface EngineCase {
  readonly name: string;
  /** Needs `reopen`. */
  readonly isAboutRestarts: boolean;
  readonly run: (subject: EngineSubject) => Promise<void>;
}

/** Keeps so much that nothing is lost in these tests. */
export const everything: Retention = { count: 100_000, ageMs: 3_600_000, bytes: 100_000_000 };

// Some moment; ages are differences.
const startUnixMs = 1_700_000_000_000;

/** See the head of this file. */
export class EngineWorld implements EngineHost {
  readonly clock: FakeClock = new FakeClock();
  engine: Engine;
  #ids = 0;
  readonly #subject: EngineSubject;

  private constructor(subject: EngineSubject, engine: Engine) {
    this.#subject = subject;
    this.engine = engine;
  }

  /** Runs a case with an engine that has been started. */
  static async run(subject: EngineSubject, run: (world: EngineWorld) => Promise<void>): Promise<void> {
    const world = new EngineWorld(subject, await subject.create());
    try {
      await world.engine.start(world);
      await run(world);
    } finally {
      await world.engine.close();
      await subject.dispose?.();
    }
  }

  /** The process is killed, and another one begins. */
  async restart(): Promise<void> {
    const engine = await this.#subject.reopen?.();
    assert.ok(engine !== undefined, "this case needs an engine that can be opened again");
    this.engine = engine;
    await this.engine.start(this);
  }

  now(): number {
    return this.clock.now();
  }

  unixMs(): number {
    return startUnixMs + this.clock.now();
  }

  setTimer(callback: () => void, delayMs: number): { cancel(): void } {
    return this.clock.setTimer(callback, delayMs);
  }

  randomId(): string {
    return `id${String(this.#ids++)}-${String(Math.random()).slice(2)}`;
  }

  reportError(error: unknown): void {
    throw error;
  }

  /** Appends a message that is kept, unless it says otherwise. */
  async append(channel: string, value: unknown, options: Partial<Append> = {}): Promise<string> {
    const { position } = await this.engine.logs.append(channel, { value, meta: {}, retain: everything, ...options });
    return position;
  }

  /** A part of a log that has no hole. */
  async read(channel: string, range: LogRange): Promise<LogPage> {
    const page = await this.engine.logs.read(channel, range);
    assert.equal(page.status, "ok");
    return page;
  }

  /** What stands in a log. */
  async values(channel: string): Promise<readonly unknown[]> {
    const { entries } = await this.read(channel, { limit: 100_000 });
    return entries.map(({ value }) => value);
  }

  /** Follows a log. */
  async follow(channel: string): Promise<{ entries: LogEntry[]; position: string; stop: () => void }> {
    const entries: LogEntry[] = [];
    const tail = await this.engine.logs.tail(channel, {
      message: (entry) => entries.push(entry),
      reset: (reason) => assert.fail(`the tail was reset: ${reason}`),
    });
    return { entries, position: tail.position, stop: () => tail.stop() };
  }

  /** Lets the engine do what it does by itself. */
  async settle(): Promise<void> {
    await this.#subject.settle?.();
    await this.clock.settle();
  }

  /** Lets the engine do what it does by itself until something holds. */
  async until(holds: () => boolean): Promise<void> {
    for (let round = 0; round < maxRounds; round++) {
      await this.settle();
      if (holds()) return;
    }
    assert.fail("what was waited for does not come");
  }
}

// Each is a round trip at least, however slow the server is.
const maxRounds = 1000;

/** Makes a case. */
export function engineCase(
  name: string,
  run: (world: EngineWorld) => Promise<void>,
  isAboutRestarts: boolean = false,
): EngineCase {
  return { name, isAboutRestarts, run: (subject) => EngineWorld.run(subject, run) };
}

/** Each message follows the one before it. */
export function assertChained(entries: readonly LogEntry[], from: string): void {
  let position = from;
  for (const entry of entries) {
    assert.equal(entry.previous, position);
    position = entry.position;
  }
  assert.equal(new Set(entries.map((entry) => entry.position)).size, entries.length);
}

/** A promise is rejected with an error of the engine's. */
export async function assertRefused(promise: Promise<unknown>, code: EngineErrorCode): Promise<EngineError> {
  let refusal: unknown;
  await assert.rejects(promise, (error) => {
    refusal = error;
    return error instanceof EngineError && error.code === code;
  });
  return refusal as EngineError;
}
