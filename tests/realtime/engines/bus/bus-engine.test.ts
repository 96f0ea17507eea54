import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { contract, log } from "#src/realtime/contract/index.js";
import { type Engine, memory } from "#src/realtime/engines/index.js";
import { engineContract } from "#src/testing/index.js";
import { KilledProcesses } from "../killed.js";
import { refusalOf } from "../refusal.js";
import { createHost } from "../world.js";
import { BusPair, crossed, WholeBus } from "./pair.js";

const retain = { count: 1000, ageMs: 1_000_000, bytes: 1_000_000_000 };

async function paired(): Promise<{ engine: Engine; pair: BusPair; host: ReturnType<typeof createHost> }> {
  const host = createHost();
  const engine = memory();
  await engine.start(host);
  const pair = new BusPair(engine);
  await pair.remote.start(host);
  return { engine, pair, host };
}

describe("an engine over a bus", () => {
  for (const { name, isAboutRestarts, run } of engineContract) {
    if (!isAboutRestarts) it(name, () => run({ create: () => new WholeBus(memory()), settle: crossed }));
  }
});

describe("an engine with a journal over a bus", () => {
  for (const { name, isAboutRestarts, run } of engineContract) {
    if (!isAboutRestarts) continue;
    it(name, () => {
      const processes = new KilledProcesses({ durability: "process" });
      return run({
        create: () => new WholeBus(processes.create()),
        reopen: () => new WholeBus(processes.reopen()),
        settle: crossed,
        dispose: () => processes.dispose(),
      });
    });
  }
});

describe("the ends of a bus", () => {
  it("ask the engine behind them whether it can keep a contract", async () => {
    const api = contract({ channels: { orders: log({ durable: true }) } });
    assert.deepEqual(await refusalOf(new WholeBus(memory()), api), await refusalOf(memory(), api));
    assert.match((await refusalOf(new WholeBus(memory()), api)) ?? "", /memory\(\) has no journal/u);
    assert.equal(await refusalOf(new WholeBus(memory()), contract({ channels: { orders: log() } })), undefined);
    // An engine need not say anything.
    const silent = new Proxy(memory(), {
      get: (target, name) => {
        const value: unknown = name === "check" ? undefined : Reflect.get(target, name, target);
        return typeof value === "function" ? (value as () => unknown).bind(target) : value;
      },
    });
    assert.equal(await refusalOf(new WholeBus(silent), api), undefined);
  });

  it("copy what is sent when it is sent", async () => {
    const { engine, pair } = await paired();
    const value = { text: "before" };
    const appended = pair.remote.logs.append("a", { value, meta: {}, retain });
    value.text = "after";
    await appended;
    const page = await engine.logs.read("a", { limit: 1 });
    assert.ok(page.status === "ok");
    assert.deepEqual(page.entries[0]?.value, { text: "before" });
    const circle: unknown[] = [];
    circle.push(circle);
    const count = pair.asked.length;
    await assert.rejects(pair.remote.signals.send("a", { value: circle, user: undefined }), { code: "invalid-value" });
    assert.equal(pair.asked.length, count, "what cannot be sent is not sent");
  });

  it("tell errors as the engine does, with what it found", async () => {
    const { pair } = await paired();
    const revision = await pair.remote.states.set("s", "k", 1, null);
    await assert.rejects(pair.remote.states.set("s", "k", 2, null), {
      name: "EngineError",
      code: "conflict",
      current: { value: 1, revision },
    });
  });

  it("stop what is followed where the engine is, whichever end goes", async () => {
    const { engine, pair } = await paired();
    const heard: unknown[] = [];
    const receive = ({ value }: { value: unknown }): void => void heard.push(value);
    const first = await pair.remote.signals.listen("a", receive);
    await pair.remote.signals.listen("b", receive);
    await engine.signals.send("a", { value: 1, user: undefined });
    await crossed();
    first.stop();
    first.stop();
    await engine.signals.send("a", { value: 2, user: undefined });
    await engine.signals.send("b", { value: 3, user: undefined });
    await crossed();
    pair.server.close();
    await engine.signals.send("b", { value: 4, user: undefined });
    await crossed();
    assert.deepEqual(heard, [1, 3]);
  });

  it("refuse everything when the process with the engine is gone, and what waits for it at once", async () => {
    const { pair, host } = await paired();
    const other = await pair.remote.calls.claim({ key: "k", windowMs: 1000 }, 1000);
    assert.ok(other.status === "claimed");
    const running = await pair.remote.calls.claim({ key: "k", windowMs: 1000 }, 1000);
    assert.ok(running.status === "running");
    const waiting = pair.remote.logs.bounds("a");
    pair.remote.lost();
    await assert.rejects(waiting, { code: "unavailable" });
    assert.equal(await running.outcome, undefined);
    await assert.rejects(pair.remote.logs.bounds("a"), { code: "unavailable" });
    await assert.rejects(other.renew(), { code: "unavailable" });
    const { isAvailable, reason } = pair.remote.health();
    assert.deepEqual([isAvailable, reason], [false, "the process that has the engine is gone"]);
    await host.clock.advance(10_000);
  });

  it("know how the engine is, a second late at most", async () => {
    const { engine, pair, host } = await paired();
    assert.equal(pair.remote.health().isAvailable, true);
    await engine.logs.append("a", { value: "x".repeat(10_000), meta: {}, retain });
    assert.ok((pair.remote.health().bytes ?? 0) < 10_000);
    await host.clock.advance(1000);
    await crossed();
    assert.ok((pair.remote.health().bytes ?? 0) > 10_000);
    await pair.remote.close();
    assert.equal(pair.remote.health().isAvailable, false);
  });

  it("know that the engine does not answer, and when it does again", async () => {
    const { engine, pair, host } = await paired();
    let isStuck = true;
    const waiting: (() => void)[] = [];
    pair.hold = (deliver) => {
      if (isStuck) waiting.push(deliver);
      else deliver();
    };
    await host.clock.advance(2000);
    await crossed();
    assert.deepEqual(pair.remote.health(), {
      isAvailable: false,
      bytes: undefined,
      reason: "the process that has the engine does not answer",
    });
    await host.clock.advance(10_000);
    assert.equal(waiting.length, 1, "it is asked once");
    isStuck = false;
    for (const deliver of waiting) deliver();
    await crossed();
    assert.deepEqual(pair.remote.health(), engine.health());
  });

  it("lose a claim that is not renewed, and one that was completed", async () => {
    const { engine, pair, host } = await paired();
    const claim = await pair.remote.calls.claim({ key: "k", windowMs: 60_000 }, 1000);
    assert.ok(claim.status === "claimed");
    await host.clock.advance(2000);
    assert.equal(await claim.renew(), false);
    const second = await engine.calls.claim({ key: "k", windowMs: 60_000 }, 1000);
    assert.ok(second.status === "claimed");
    assert.equal(await claim.complete({ ok: true, value: [] }), false);
    assert.equal(await claim.complete({ ok: true, value: [] }), false);
    await claim.release();
  });
});
