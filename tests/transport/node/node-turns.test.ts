import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { describe, it } from "node:test";
import { NodeTurnScheduler } from "#src/transport/node/index.js";
import { turns } from "../../support/task-queue.js";

describe("the end of a turn", () => {
  it("comes after the handlers of the turn and the promise continuations that follow from them", async () => {
    const scheduler = new NodeTurnScheduler();
    const order: string[] = [];
    const done = new Promise<void>((resolve) => {
      scheduler.schedule({
        flush: () => {
          order.push("flush");
          resolve();
        },
      });
    });
    void Promise.resolve()
      .then(() => order.push("first"))
      .then(() => order.push("second"))
      .then(async () => {
        await Promise.resolve();
        order.push("third");
      });
    process.nextTick(() => order.push("tick"));
    order.push("handler");
    await done;
    assert.deepEqual(order.at(-1), "flush");
    assert.deepEqual(order.slice(0, -1).sort(), ["first", "handler", "second", "third", "tick"].sort());
  });

  it("comes with the end of the process, and then at once", () => {
    const exiting = new EventEmitter();
    const scheduler = new NodeTurnScheduler(exiting);
    let flushed = 0;
    const flushable = { flush: () => (flushed += 1) };
    assert.equal(exiting.listenerCount("exit"), 0);
    scheduler.schedule(flushable);
    assert.equal(flushed, 0);
    exiting.emit("exit");
    assert.equal(flushed, 1);
    scheduler.schedule(flushable);
    assert.equal(flushed, 2);
    assert.equal(exiting.listenerCount("exit"), 0);
  });

  it("comes before the next turn", async () => {
    const scheduler = new NodeTurnScheduler();
    let hasFlushed = false;
    await turns(1);
    scheduler.schedule({ flush: () => (hasFlushed = true) });
    await turns(1);
    assert.equal(hasFlushed, true);
  });

  it("flushes each once for each time it asked, also those that ask while it flushes", async () => {
    const scheduler = new NodeTurnScheduler();
    const flushed: string[] = [];
    const again = { flush: () => void flushed.push("again") };
    const first = {
      flush: () => {
        flushed.push("first");
        scheduler.schedule(again);
      },
    };
    scheduler.schedule(first);
    scheduler.schedule(again);
    await turns(2);
    assert.deepEqual(flushed, ["first", "again", "again"]);
    scheduler.schedule(again);
    await turns(1);
    assert.equal(flushed.length, 4);
  });
});

describe("a turn that begins with octets from the kernel", () => {
  /** Writes down when it is flushed. */
  function noting(order: string[], name: string): { flush: () => void } {
    return { flush: () => void order.push(name) };
  }

  it("is over when the next one begins, continuations included", async () => {
    const scheduler = new NodeTurnScheduler();
    const order: string[] = [];
    scheduler.beginTurn();
    scheduler.schedule(noting(order, "first flush"));
    void Promise.resolve().then(() => {
      order.push("continuation");
      scheduler.schedule(noting(order, "second flush"));
    });
    scheduler.endTurn();
    // As the event loop does: the continuations run before it calls again.
    await Promise.resolve();
    order.push("next turn");
    scheduler.beginTurn();
    order.push("handlers");
    scheduler.endTurn();
    assert.deepEqual(order, ["continuation", "next turn", "first flush", "second flush", "handlers"]);
  });

  it("is over at the latest when the event loop has polled", async () => {
    const scheduler = new NodeTurnScheduler();
    const order: string[] = [];
    scheduler.beginTurn();
    scheduler.schedule(noting(order, "flush"));
    scheduler.endTurn();
    await Promise.resolve();
    process.nextTick(() => order.push("tick"));
    await turns(1);
    assert.deepEqual(order, ["tick", "flush"]);
  });

  it("does not keep what a later turn sends waiting", async () => {
    const scheduler = new NodeTurnScheduler();
    const order: string[] = [];
    scheduler.beginTurn();
    scheduler.endTurn();
    scheduler.schedule(noting(order, "flush"));
    await new Promise<void>((resolve) => {
      // Before any other turn, and before immediates.
      setImmediate(() => {
        order.push("immediate");
        resolve();
      });
    });
    assert.deepEqual(order, ["flush", "immediate"]);
  });

  it("flushes many, turn after turn, in the order in which they asked", async () => {
    const scheduler = new NodeTurnScheduler();
    const order: string[] = [];
    const expected: string[] = [];
    for (let turn = 0; turn < 50; turn++) {
      scheduler.beginTurn();
      for (let index = 0; index < turn; index++) {
        scheduler.schedule(noting(order, `${turn}.${index}`));
        expected.push(`${turn}.${index}`);
      }
      scheduler.endTurn();
      await Promise.resolve();
    }
    await turns(1);
    assert.deepEqual(order, expected);
  });
});
