import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Http2Error, SessionPool } from "#src/transport/node/index.js";
import { FakeClock } from "../../../support/fake-clock.js";

type Pool = SessionPool<string>;
type Arrival = Awaited<ReturnType<Pool["join"]>>;

const reason = new Http2Error("http2-not-chosen");
const place = "https://a:443";

function poolOf(clock = new FakeClock()): Pool {
  return new SessionPool<string>(clock);
}

describe("the pool of sessions", () => {
  it("sends one on the way for all who wait at the same time", async () => {
    const pool = poolOf();
    let begun = 0;
    const begin = (): Promise<Arrival> => {
      begun++;
      return Promise.resolve({ kind: "none", reason, leftover: undefined });
    };
    const { signal } = new AbortController();
    await Promise.all([
      pool.join(place, begin, signal),
      pool.join(place, begin, signal),
      pool.join("b", begin, signal),
    ]);
    assert.equal(begun, 2);
    await pool.join(place, begin, signal);
    assert.equal(begun, 3);
  });

  it("gives a journey up when the last who waits has given up, and not before", async () => {
    const pool = poolOf();
    let given: AbortSignal | undefined;
    let discarded = 0;
    let arrive: (arrival: Arrival) => void = () => undefined;
    const begin = (signal: AbortSignal): Promise<Arrival> => {
      given = signal;
      return new Promise((resolve) => {
        arrive = resolve;
      });
    };
    const [one, other] = [new AbortController(), new AbortController()];
    const waiting = [pool.join(place, begin, one.signal), pool.join(place, begin, other.signal)];
    one.abort(new Error("one"));
    await assert.rejects(waiting[0] ?? Promise.resolve(), { message: "one" });
    assert.equal(given?.aborted, false);
    other.abort(new Error("other"));
    await assert.rejects(waiting[1] ?? Promise.resolve(), { message: "other" });
    assert.equal(given?.aborted, true);
    arrive({ kind: "none", reason, leftover: { take: () => "", discard: () => discarded++ } });
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(discarded, 1);
  });

  it("tells all who wait what went wrong, and begins anew for the next", async () => {
    const pool = poolOf();
    const { signal } = new AbortController();
    const begin = (): Promise<Arrival> => Promise.reject(new Error("no way"));
    const waiting = [pool.join(place, begin, signal), pool.join(place, begin, signal)];
    for (const one of waiting) await assert.rejects(one, { message: "no way" });
    await assert.rejects(pool.join(place, begin, signal), { message: "no way" });
    assert.equal(pool.size, 0);
  });

  it("remembers for ten minutes where there is no HTTP/2, and not of all the world", () => {
    const clock = new FakeClock();
    const pool = poolOf(clock);
    pool.noteWithout(place);
    assert.equal(pool.isWithout(place), true);
    assert.equal(pool.isWithout("b"), false);
    clock.advance(600_000);
    assert.equal(pool.isWithout(place), false);
    pool.noteWithout(place);
    for (let count = 0; count < 256; count++) pool.noteWithout(`place ${String(count)}`);
    assert.equal(pool.isWithout(place), false);
    assert.equal(pool.isWithout("place 0"), true);
  });
});
