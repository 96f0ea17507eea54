/**
 * The memory engine against an oracle so simple that it is right: every log an array of all that was ever appended.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Engine } from "#src/realtime/engines/index.js";
import { memory } from "#src/realtime/engines/index.js";
import { KilledProcesses } from "../killed.js";
import { createHost, startUnixMs } from "../world.js";

interface Appended {
  readonly position: string;
  readonly value: number;
  readonly unixMs: number;
}

/** All that was ever done. */
class Oracle {
  readonly logs = new Map<string, Appended[]>();
  readonly states = new Map<string, Map<string, number>>();

  log(name: string): Appended[] {
    const log = this.logs.get(name) ?? [];
    this.logs.set(name, log);
    return log;
  }

  state(name: string): Map<string, number> {
    const state = this.states.get(name) ?? new Map<string, number>();
    this.states.set(name, state);
    return state;
  }
}

const retain = { count: 5, ageMs: 1000, bytes: 1_000_000 };
const names = fc.constantFrom("a", "b");
const keys = fc.constantFrom("x", "y", "z");

type Step =
  | { readonly do: "append"; readonly name: string; readonly value: number }
  | { readonly do: "set"; readonly name: string; readonly key: string; readonly value: number }
  | { readonly do: "delete"; readonly name: string; readonly key: string }
  | { readonly do: "wait"; readonly ms: number }
  | { readonly do: "restart" };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ do: fc.constant("append" as const), name: names, value: fc.nat() }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("set" as const), name: names, key: keys, value: fc.nat() }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("delete" as const), name: names, key: keys }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 700 }) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("restart" as const) }) },
  ),
  { maxLength: 60 },
);

async function check(engine: Engine, oracle: Oracle, unixMs: number): Promise<void> {
  for (const [name, log] of oracle.logs) {
    const kept = log.slice(-retain.count).filter((entry) => entry.unixMs + retain.ageMs > unixMs);
    const all = await engine.logs.read(name, { limit: 100 });
    assert.ok(all.status === "ok");
    assert.deepEqual(
      all.entries.map(({ position, value }) => [position, value]),
      kept.map(({ position, value }) => [position, value]),
    );
    for (const [index, { position }] of log.entries()) {
      const page = await engine.logs.read(name, { after: position, limit: 100 });
      const isWhole = log.length - 1 - index <= kept.length;
      assert.equal(page.status, isWhole ? "ok" : "hole");
      if (page.status === "ok") assert.equal(page.entries.length, log.length - 1 - index);
    }
  }
  for (const [name, state] of oracle.states) {
    const { entries } = await engine.states.snapshot(name, { limit: 100 });
    const kept = new Map(entries.map(({ key, value }) => [key, value as number] as const));
    assert.deepEqual(new Map([...kept].sort()), new Map([...state].sort()));
  }
}

async function run(list: readonly Step[], first: Engine, reopen?: () => Engine): Promise<void> {
  const host = createHost();
  const oracle = new Oracle();
  let engine = first;
  await engine.start(host);
  for (const step of list) {
    switch (step.do) {
      case "append": {
        const { position } = await engine.logs.append(step.name, { value: step.value, meta: {}, retain });
        oracle.log(step.name).push({ position, value: step.value, unixMs: host.unixMs() });
        break;
      }
      case "set":
        await engine.states.set(step.name, step.key, step.value, undefined);
        oracle.state(step.name).set(step.key, step.value);
        break;
      case "delete":
        await engine.states.delete(step.name, step.key, undefined);
        oracle.state(step.name).delete(step.key);
        break;
      case "wait":
        await host.clock.advance(step.ms);
        break;
      case "restart":
        if (reopen === undefined) break;
        engine = reopen();
        await engine.start(host);
    }
    await check(engine, oracle, startUnixMs + host.clock.now());
  }
  await engine.close();
}

describe("the memory engine beside its oracle", () => {
  it("keeps what it should and tells what it has lost", async () => {
    await fc.assert(
      fc.asyncProperty(steps, (list) => run(list, memory({ sweepIntervalMs: 300 }))),
      { numRuns: 60 },
    );
  });

  it("does so over restarts with a journal that is rewritten often", async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (list) => {
        const processes = new KilledProcesses({ minRewriteBytes: 500 });
        await run(list, processes.create(), () => processes.reopen());
        await processes.dispose();
      }),
      { numRuns: 25 },
    );
  });
});
