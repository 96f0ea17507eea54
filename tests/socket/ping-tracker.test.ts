import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ConnectionClosedError } from "#src/socket/index.js";
import { PingTracker } from "#src/socket/ping-tracker.js";
import { FakeClock } from "../support/fake-clock.js";

const report = {
  outcome: "dropped",
  code: 1006,
  reason: "",
  wasClean: false,
  initiator: "peer",
  phase: "open",
  rule: undefined,
  cause: undefined,
} as const;

describe("§5.5.3 pongs", () => {
  it("resolve the ping they answer with its round trip", async () => {
    const clock = new FakeClock();
    const tracker = new PingTracker(clock);
    const { payload, roundTrip } = tracker.begin();
    clock.advance(42);
    tracker.pong(payload, 0, payload.byteLength);
    assert.equal(await roundTrip, 42);
  });

  it("answer every earlier ping, too, each with its own round trip", async () => {
    const clock = new FakeClock();
    const tracker = new PingTracker(clock);
    const pings = [0, 1, 2].map(() => {
      const ping = tracker.begin();
      clock.advance(10);
      return ping;
    });
    const second = pings[1]?.payload as Uint8Array;
    tracker.pong(second, 0, second.byteLength);
    assert.equal(await pings[0]?.roundTrip, 30);
    assert.equal(await pings[1]?.roundTrip, 20);
    const third = pings[2]?.payload as Uint8Array;
    clock.advance(5);
    tracker.pong(third, 0, third.byteLength);
    assert.equal(await pings[2]?.roundTrip, 15);
  });

  it("that answer nothing are ignored", async () => {
    const clock = new FakeClock();
    const tracker = new PingTracker(clock);
    tracker.pong(Uint8Array.of(0, 0, 0, 1), 0, 4);
    const { payload, roundTrip } = tracker.begin();
    tracker.pong(new Uint8Array(0), 0, 0);
    tracker.pong(Uint8Array.of(9, 9, 9, 9), 0, 4);
    tracker.pong(new Uint8Array(125), 0, 125);
    clock.advance(7);
    const chunk = Uint8Array.of(0xff, ...payload, 0xff);
    tracker.pong(chunk, 1, 5);
    tracker.pong(chunk, 1, 5);
    assert.equal(await roundTrip, 7);
  });

  it("that never come reject their pings when the connection ends", async () => {
    const tracker = new PingTracker(new FakeClock());
    const first = tracker.begin().roundTrip;
    const second = tracker.begin().roundTrip;
    tracker.end(report);
    for (const ping of [first, second]) {
      await assert.rejects(ping, (error) => error instanceof ConnectionClosedError && error.report === report);
    }
  });
});
