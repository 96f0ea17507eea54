import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { describe, it } from "node:test";
import { settling, unlessAborted } from "#src/transport/node/dialing/settling.js";

describe("waiting for one of several events", () => {
  it("settles once, and undoes its setup once", async () => {
    const { signal } = new AbortController();
    let undone = 0;
    const result = await settling<number>(signal, (resolve, reject) => {
      setImmediate(() => {
        resolve(1);
        resolve(2);
        reject(new Error("late"));
      });
      return () => {
        undone++;
      };
    });
    assert.deepEqual([result, undone, getEventListeners(signal, "abort").length], [1, 1, 0]);
  });

  it("undoes its setup also where that settles at once", async () => {
    const { signal } = new AbortController();
    let undone = 0;
    const failure = new Error("at once");
    const settled = settling(signal, (_resolve, reject) => {
      reject(failure);
      return () => {
        undone++;
      };
    });
    await assert.rejects(settled, failure);
    assert.deepEqual([undone, getEventListeners(signal, "abort").length], [1, 0]);
  });

  it("rejects with the signal's reason, and undoes its setup, within the abort", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    let undone = 0;
    let resolveLate: (() => void) | undefined;
    const settled = settling<undefined>(controller.signal, (resolve) => {
      resolveLate = () => resolve(undefined);
      return () => {
        undone++;
      };
    });
    controller.abort(reason);
    assert.equal(undone, 1);
    resolveLate?.();
    await assert.rejects(settled, reason);
    assert.equal(undone, 1);
  });

  it("sets nothing up where the signal was aborted before", async () => {
    const reason = new Error("too late");
    const settled = settling(AbortSignal.abort(reason), () => assert.fail("was set up"));
    await assert.rejects(settled, reason);
  });

  it("leaves nothing behind where the setup throws", async () => {
    const { signal } = new AbortController();
    const failure = new Error("cannot be set up");
    const settled = settling(signal, () => {
      throw failure;
    });
    await assert.rejects(settled, failure);
    assert.equal(getEventListeners(signal, "abort").length, 0);
  });
});

describe("waiting for a promise of others'", () => {
  it("has its outcome", async () => {
    const { signal } = new AbortController();
    assert.equal(await unlessAborted(signal, Promise.resolve(1)), 1);
    const failure = new Error("no");
    await assert.rejects(unlessAborted(signal, Promise.reject(failure)), failure);
  });

  it("is given up when the signal is aborted, and a later failure is nobody's", async () => {
    const controller = new AbortController();
    let failLate: ((error: Error) => void) | undefined;
    const promise = new Promise<void>((_resolve, reject) => {
      failLate = reject;
    });
    const waiting = unlessAborted(controller.signal, promise);
    const reason = new Error("enough");
    controller.abort(reason);
    await assert.rejects(waiting, reason);
    // An unhandled rejection would fail this test.
    failLate?.(new Error("late"));
    await new Promise(setImmediate);
  });

  it("is given up also where the signal was aborted before, whatever becomes of the promise", async () => {
    const reason = new Error("too late");
    await assert.rejects(unlessAborted(AbortSignal.abort(reason), Promise.reject(new Error("late"))), reason);
    await new Promise(setImmediate);
  });
});
