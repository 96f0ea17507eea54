import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { describe, it } from "node:test";
import { HandshakeTimeoutError } from "#src/client/index.js";
import { Patience } from "#src/client/patience.js";
import { deferred } from "../support/endpoints.js";
import { FakeClock } from "../support/fake-clock.js";

function waiting(given?: AbortSignal) {
  const clock = new FakeClock();
  const patience = new Patience(given, 100, clock);
  const late: unknown[] = [];
  return { clock, patience, late, discard: (value: unknown) => void late.push(value) };
}

describe("patience", () => {
  it("waits for what comes, at once or later, and for nothing more when it has ended", async () => {
    const controller = new AbortController();
    const { clock, patience } = waiting(controller.signal);
    assert.equal(await patience.waitFor(() => 1), 1);
    assert.equal(await patience.waitFor(() => Promise.resolve(2)), 2);
    patience.end();
    patience.end();
    controller.abort();
    clock.advance(1000);
    assert.equal(patience.signal.aborted, false);
    assert.equal(clock.pendingTimers, 0);
    assert.equal(getEventListeners(controller.signal, "abort").length, 0);
  });

  it("passes on what fails, at once or later", async () => {
    const { patience } = waiting();
    const error = new Error("no");
    await assert.rejects(
      patience.waitFor(() => {
        throw error;
      }),
      error,
    );
    await assert.rejects(
      patience.waitFor(() => Promise.reject(error)),
      error,
    );
    assert.equal(getEventListeners(patience.signal, "abort").length, 0);
  });

  it("does not begin with a signal that is aborted", () => {
    const reason = new Error("before");
    assert.throws(() => waiting(AbortSignal.abort(reason)), reason);
  });

  it("is at an end when time is up, or the signal is aborted: what comes then is discarded", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const ends: readonly (readonly [(clock: FakeClock) => void, (error: unknown) => boolean])[] = [
      [(clock) => clock.advance(100), (error) => error instanceof HandshakeTimeoutError && error.limit === 100],
      [() => controller.abort(reason), (error) => error === reason],
    ];
    for (const [end, isExpected] of ends) {
      const { clock, patience, late, discard } = waiting(controller.signal);
      const [coming, failing] = [deferred<string>(), deferred<string>()];
      const rejected = Promise.all([
        assert.rejects(
          patience.waitFor(() => coming.promise, discard),
          isExpected,
        ),
        assert.rejects(
          patience.waitFor(() => failing.promise, discard),
          isExpected,
        ),
      ]);
      end(clock);
      await rejected;
      coming.resolve("late");
      // Nobody is left who could be told.
      failing.reject(new Error("late, too"));
      await coming.promise;
      await Promise.resolve();
      assert.deepEqual(late, ["late"]);
      await assert.rejects(
        patience.waitFor(() => assert.fail("it was begun")),
        isExpected,
      );
      patience.end();
    }
  });

  it("has one outcome, wherever on its way the value is when patience ends", async () => {
    const outcomes = new Set<string>();
    for (let steps = 0; steps < 12; steps++) {
      const controller = new AbortController();
      const reason = new Error("enough");
      const { patience, late, discard } = waiting(controller.signal);
      const coming = deferred<string>();
      const outcome = patience.waitFor(() => coming.promise, discard).catch((error: unknown) => error);
      coming.resolve("value");
      for (let step = 0; step < steps; step++) await Promise.resolve();
      controller.abort(reason);
      const isKept = (await outcome) === "value";
      outcomes.add(isKept ? "kept" : "discarded");
      if (!isKept) assert.equal(await outcome, reason);
      assert.deepEqual(late, isKept ? [] : ["value"]);
    }
    assert.equal(outcomes.size, 2);
  });

  it("is at an end when what it waits for ends it itself", async () => {
    const controller = new AbortController();
    const reason = new Error("by myself");
    const { patience, late, discard } = waiting(controller.signal);
    const begin = () => {
      controller.abort(reason);
      return "value";
    };
    await assert.rejects(patience.waitFor(begin, discard), reason);
    assert.deepEqual(late, ["value"]);
  });
});
