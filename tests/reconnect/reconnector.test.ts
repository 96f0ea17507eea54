import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { UsageError } from "#src/protocol/index.js";
import { ReconnectEndedError, type ReconnectingState } from "#src/reconnect/index.js";
import { closedByPeer, dropped, script } from "./scripted.js";

function waitingFor(state: ReconnectingState | undefined): number {
  assert.ok(state?.name === "waiting", state?.name);
  return state.delayMs;
}

describe("§7.2.3 connecting again", () => {
  it("begins at once, tells its states, and comes back after a lost connection", async () => {
    const { socket, attempts, clock, names, last } = await script();
    assert.equal(socket.state.name, "connecting");
    assert.equal(socket.current, undefined);
    last().open();
    await clock.settle();
    assert.equal(socket.current, attempts[0]);
    last().end();
    await clock.settle();
    assert.equal(socket.current, undefined);
    assert.equal(attempts.length, 1);
    await clock.advance(500);
    assert.equal(attempts.length, 2);
    last().open();
    assert.deepEqual(names(), ["connecting", "open", "waiting", "connecting", "open"]);
  });

  it("draws each delay from 0 to a bound that doubles, up to maxDelayMs", async () => {
    const { states, clock, last } = await script();
    const delays: number[] = [];
    for (let round = 0; round < 8; round++) {
      last().fail();
      await clock.settle();
      delays.push(waitingFor(states.at(-1)));
      await clock.advance(delays.at(-1) ?? 0);
    }
    assert.deepEqual(delays, [500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]);
  });

  it("begins with short delays again only after a connection that was stable", async () => {
    const { states, clock, last } = await script();
    for (const [openMs, delayMs] of [
      [0, 500],
      [4999, 1000],
      [0, 2000],
      [5000, 500],
    ] as const) {
      last().open();
      await clock.advance(openMs);
      last().end();
      await clock.settle();
      assert.equal(waitingFor(states.at(-1)), delayMs);
      await clock.advance(delayMs);
    }
  });

  it("gives up after maxAttempts, and says so", async () => {
    const { socket, clock, last, attempts } = await script({ reconnect: { maxAttempts: 2 } });
    const error = new Error("down");
    for (let round = 0; round < 3; round++) {
      last().fail(error);
      await clock.advance(60_000);
    }
    assert.equal(attempts.length, 3);
    assert.deepEqual(await socket.closed, {
      why: "too-many-attempts",
      loss: { kind: "attempt-failed", error },
    });
    assert.equal(clock.pendingTimers, 0);
  });

  it("counts an attempt as failed that takes longer than attemptTimeoutMs", async () => {
    const { socket, clock, last } = await script({ reconnect: { attemptTimeoutMs: 100 } });
    const first = last();
    await clock.advance(100);
    assert.ok(first.isAborted);
    const { state } = socket;
    assert.ok(state.name === "waiting" && state.loss.kind === "attempt-failed");
    assert.match(String(state.loss.error), /AttemptTimeoutError: .*100 ms/);
    // Late by a moment: it counts no more.
    first.open();
    assert.ok(first.isTerminated);
    assert.equal(socket.state.name, "waiting");
  });

  it("asks the functions for fresh values at each attempt, and fails an attempt where one throws", async () => {
    let count = 0;
    const { clock, last, socket } = await script({
      url: () => `ws://script.test/${String(++count)}`,
      headers: () => Promise.resolve({ authorization: `token ${String(count)}` }),
      protocols: () => {
        if (count === 2) throw new Error("no token");
        return [`p${String(count)}`];
      },
    });
    assert.equal(last().url, "ws://script.test/1");
    assert.deepEqual(last().options.headers, { authorization: "token 1" });
    assert.deepEqual(last().options.protocols, ["p1"]);
    last().end();
    last().open();
    await clock.advance(500);
    assert.match(JSON.stringify(socket.state), /attempt-failed/);
    await clock.advance(1000);
    assert.equal(last().url, "ws://script.test/3");
  });

  it("never tries again what makes no sense, whatever `retry` says", async () => {
    const { socket, last } = await script({ reconnect: { retry: () => true } });
    last().fail(new UsageError("url-invalid"));
    assert.equal((await socket.closed).why, "not-retried");
  });

  it("lets `retry` decide, say how long to wait, and fail", async () => {
    const verdicts: (() => boolean | number | undefined)[] = [
      () => 7,
      () => {
        throw new Error("in retry");
      },
      () => undefined,
      () => false,
    ];
    const { socket, states, clock, last, printed } = await script({
      reconnect: { retry: () => verdicts.shift()?.() },
    });
    for (const delayMs of [7, 1000, 2000]) {
      last().fail();
      await clock.settle();
      assert.equal(waitingFor(states.at(-1)), delayMs);
      await clock.advance(delayMs);
    }
    last().fail();
    assert.equal((await socket.closed).why, "not-retried");
    assert.deepEqual(printed, ["retry: Error: in retry"]);
  });

  it("ends where the peer's code says that it would happen again", async () => {
    const { socket, last } = await script();
    last().open();
    last().end(closedByPeer(1008));
    assert.deepEqual(await socket.closed, {
      why: "not-retried",
      loss: { kind: "connection-lost", report: closedByPeer(1008) },
    });
  });
});

describe("waking a socket that waits", () => {
  it("begins at once when asked to by reconnectNow, and does nothing in other states", async () => {
    const { socket, clock, last, attempts } = await script();
    socket.reconnectNow();
    assert.equal(attempts.length, 1);
    last().fail();
    await clock.settle();
    socket.reconnectNow();
    await clock.settle();
    assert.equal(attempts.length, 2);
    await clock.advance(20_000);
    assert.equal(attempts.length, 2);
  });

  it("ends a wait when the platform says that something has changed, but not within minDelayMs of the last attempt", async () => {
    const { clock, last, wake, attempts, states } = await script({ random: () => 1 });
    for (let round = 0; round < 3; round++) {
      last().fail();
      await clock.settle();
      await clock.advance(waitingFor(states.at(-1)));
    }
    last().fail();
    await clock.settle();
    assert.equal(waitingFor(states.at(-1)), 8000);
    await clock.advance(400);
    wake();
    wake();
    assert.equal(waitingFor(states.at(-1)), 600);
    await clock.advance(599);
    assert.equal(attempts.length, 4);
    await clock.advance(1);
    assert.equal(attempts.length, 5);
    last().fail();
    await clock.settle();
    // What woke it may have changed everything: delays begin anew.
    assert.equal(waitingFor(states.at(-1)), 1000);
    await clock.advance(1000);
    last().fail();
    await clock.advance(1500);
    wake();
    await clock.settle();
    assert.equal(attempts.length, 7);
  });

  it("does not wake before the server allows it", async () => {
    const { clock, last, wake, attempts } = await script();
    last().open();
    last().end(closedByPeer(1013));
    await clock.advance(2000);
    wake();
    await clock.advance(2999);
    assert.equal(attempts.length, 1);
    await clock.advance(1);
    assert.equal(attempts.length, 2);
  });
});

describe("ending it for good", () => {
  it("gives up an attempt that is under way", async () => {
    const { socket, clock, last, listeners } = await script();
    assert.equal(listeners(), 1);
    const report = await socket.close(1001, "bye");
    assert.deepEqual(report, { why: "closed", loss: undefined });
    assert.ok(last().isAborted);
    assert.equal(clock.pendingTimers, 0);
    assert.equal(listeners(), 0);
    assert.deepEqual(socket.state, { name: "closed", report });
    assert.equal(await socket.close(), report);
  });

  it("makes no attempt when it is closed before the first", async () => {
    let isClosed = false;
    const { attempts, socket } = await script({ signal: AbortSignal.abort() });
    assert.equal(attempts.length, 0);
    assert.equal((await socket.closed).why, "aborted");
    const another = await script({ close: () => (isClosed = true) });
    await another.socket.close();
    assert.ok(isClosed);
  });

  it("cancels a wait", async () => {
    const { socket, clock, last, attempts } = await script();
    last().fail();
    await clock.settle();
    await socket.close();
    assert.equal(clock.pendingTimers, 0);
    await clock.advance(60_000);
    assert.equal(attempts.length, 1);
    assert.equal((await socket.closed).loss?.kind, "attempt-failed");
  });

  it("closes the connection that is open, and ends with its report", async () => {
    const { socket, clock, last } = await script();
    last().open();
    assert.throws(() => void socket.close(5), UsageError);
    assert.deepEqual(socket.send("still here"), { ok: true, status: "sent" });
    const ending = socket.close(4001, "done");
    assert.deepEqual(socket.send("too late"), { ok: false, status: "refused", reason: "closing" });
    assert.deepEqual(last().closedWith, [[4001, "done"]]);
    assert.equal(socket.state.name, "open");
    last().end();
    assert.deepEqual(await ending, { why: "closed", loss: { kind: "connection-lost", report: dropped } });
    assert.deepEqual(socket.send("too late"), { ok: false, status: "refused", reason: "closed" });
    assert.equal(clock.pendingTimers, 0);
  });

  it("ends by the signal, in any state", async () => {
    const controller = new AbortController();
    const { socket, clock, last } = await script({ signal: controller.signal });
    last().open();
    controller.abort();
    assert.equal(last().closedWith.length, 1);
    last().end();
    assert.equal((await socket.closed).why, "aborted");
    assert.equal(clock.pendingTimers, 0);
  });

  it("is closed by `await using`, and by handlers that call close in the midst of it", async () => {
    const first = await script();
    first.last().fail();
    await first.socket[Symbol.asyncDispose]();
    assert.equal(first.socket.state.name, "closed");
    for (const name of ["connecting", "waiting"] as const) {
      const { socket, clock, last, attempts } = await script({
        state: (self, state) => state.name === name && void self.close(),
      });
      last().fail();
      await clock.advance(60_000);
      assert.equal((await socket.closed).why, "closed");
      assert.equal(attempts.length, 1);
      assert.equal(clock.pendingTimers, 0);
    }
    const third = await script({ state: (self, state) => state.name === "open" && void self.close(4000) });
    third.last().open();
    assert.deepEqual(third.last().closedWith, [[4000, ""]]);
    third.last().end();
    assert.equal((await third.socket.closed).why, "closed");
  });
});

describe("states", () => {
  it("are iterated from the present one on, conflated, until closed", async () => {
    const { socket, clock, last } = await script();
    const seen: string[] = [];
    const everything = (async () => {
      for await (const { name } of socket.states()) seen.push(name);
    })();
    await clock.settle();
    const slow = socket.states();
    assert.equal(((await slow.next()).value as ReconnectingState).name, "connecting");
    last().open();
    await clock.settle();
    last().end();
    await clock.advance(500);
    last().open();
    await clock.settle();
    assert.equal(((await slow.next()).value as ReconnectingState).name, "open");
    void socket.close();
    last().end();
    await everything;
    assert.deepEqual(seen, ["connecting", "open", "waiting", "connecting", "open", "closed"]);
    assert.equal(((await slow.next()).value as ReconnectingState).name, "closed");
    assert.equal((await slow.next()).done, true);
  });
});

describe("errors of handlers", () => {
  it("go to `error`, or are printed, and stop nothing", async () => {
    const told: unknown[] = [];
    const failing = {
      state: () => Promise.reject(new Error("state")),
      dropped: () => {
        throw new Error("dropped");
      },
      close: () => {
        throw new Error("close");
      },
    };
    const first = await script({ ...failing, error: (error) => void told.push(String(error)) });
    const second = await script(failing);
    for (const { socket, clock, last } of [first, second]) {
      socket.send("waits");
      last().fail();
      await clock.settle();
      await socket.close();
      await clock.settle();
    }
    assert.deepEqual(told.sort(), ["Error: close", "Error: dropped", "Error: state", "Error: state"]);
    assert.deepEqual(first.printed, []);
    assert.deepEqual(second.printed.sort(), [
      "the close handler: Error: close",
      "the dropped handler: Error: dropped",
      "the state handler: Error: state",
      "the state handler: Error: state",
    ]);
  });

  it("of a connection go to `error` with the socket that reconnects", async () => {
    const seen: unknown[] = [];
    const { socket, last } = await script({ error: (error, self) => void seen.push(error, self) });
    last().options.error("thrown");
    assert.deepEqual(seen, ["thrown", socket]);
  });
});

describe("ready()", () => {
  it("waits through lost connections for one with room, and rejects at the end", async () => {
    const { socket, clock, last } = await script();
    let isReady = false;
    const ready = socket.ready().then(() => {
      isReady = true;
    });
    last().fail();
    await clock.advance(500);
    assert.equal(isReady, false);
    last().open();
    await ready;
    last().answer = { ok: true, status: "buffered" };
    const again = socket.ready();
    last().end();
    last().drain();
    await again;
    await clock.settle();
    const never = socket.ready();
    void socket.close();
    await assert.rejects(never, ReconnectEndedError);
    await assert.rejects(socket.ready(), /connect again \(closed\)/);
  });
});

describe("options", () => {
  it("are checked at once", async () => {
    for (const reconnect of [{ minDelayMs: -1 }, { maxDelayMs: Number.NaN }, { factor: 0.5 }]) {
      await assert.rejects(script({ reconnect }), { code: "invalid-limit" });
    }
    await assert.rejects(script({ outbox: { maxBytes: "1" as unknown as number } }), { code: "invalid-limit" });
    await assert.rejects(script({ outbox: { whenFull: "drop" as "refuse" } }), { code: "invalid-limit" });
  });

  it("that are undefined are the defaults", async () => {
    const { clock, last, states } = await script({ reconnect: { minDelayMs: undefined } as unknown as object });
    last().fail();
    await clock.settle();
    assert.equal(waitingFor(states.at(-1)), 500);
  });
});
