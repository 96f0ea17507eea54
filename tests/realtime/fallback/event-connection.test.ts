/**
 * A connection of the fallback in time: heartbeats, silence, and who takes nothing.
 */
import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { PassThrough } from "node:stream";
import { describe, it } from "node:test";
import { EventConnection } from "#src/realtime/fallback/event-connection.js";
import type { RealtimePlatform, Session } from "#src/realtime/server/index.js";
import { FakeClock } from "#src/testing/index.js";

function opened() {
  const clock = new FakeClock();
  const response = new PassThrough({ highWaterMark: 1000 });
  const happened: string[] = [];
  const connection = new EventConnection({
    id: "id",
    protocol: "openline.v1.json",
    platform: {
      setTimer: (callback: () => void, delayMs: number) => clock.setTimer(callback, delayMs),
      atTurnEnd: (callback: () => void) => queueMicrotask(callback),
    } as unknown as RealtimePlatform,
    response: response as unknown as ServerResponse,
    request: new Request("http://server.test"),
    remoteAddress: undefined,
    origin: undefined,
    pingMs: 1000,
    maxMessageBytes: 100,
    ended: () => happened.push("ended"),
  });
  connection.open({
    drained: () => happened.push("drained"),
    closed: () => happened.push("closed"),
  } as unknown as Session);
  const read = (): string => String((response.read() as Buffer | null) ?? "");
  return { clock, response, connection, happened, read };
}

describe("a connection of the fallback", () => {
  it("says something at least once in pingMs, and nothing where it has said something", async () => {
    const { clock, connection, read } = opened();
    assert.match(read(), /^: {2048}\nevent: open\ndata: \{"id":"id"/u);
    for (let sequence = 1; sequence <= 5; sequence++) {
      await clock.advance(1000);
      assert.match(read(), /^(?::\n\n)+$/u);
      assert.equal(connection.takes(sequence), "next");
    }
    await clock.advance(490);
    read();
    connection.send("[1]");
    await clock.settle();
    await clock.advance(400);
    assert.equal(read(), "data: [1]\n\n");
  });

  it("is over when nothing comes for three times pingMs", async () => {
    const { clock, happened, response } = opened();
    await clock.advance(3400);
    assert.deepEqual(happened, []);
    await clock.advance(200);
    assert.deepEqual(happened, ["ended", "closed"]);
    assert.ok(response.destroyed);
  });

  it("takes nobody for silent whose message it has not answered yet", async () => {
    const { clock, connection, happened } = opened();
    connection.reading = 1;
    await clock.advance(10_000);
    assert.deepEqual(happened, []);
    connection.reading = 0;
    await clock.advance(4000);
    assert.deepEqual(happened, ["ended", "closed"]);
  });

  it("waits on for who takes something of what waits, and for nobody else", async () => {
    const { clock, connection, response, read } = opened();
    connection.reading = 1;
    for (let count = 0; count < 8; count++) {
      connection.send("x".repeat(40_000));
      await clock.settle();
    }
    for (let count = 0; count < 3; count++) {
      assert.notEqual(read(), "");
      await clock.advance(30_000);
      assert.equal(response.destroyed, false);
    }
    await clock.advance(30_000);
    assert.ok(response.destroyed);
  });

  it("says when there is no room, and when there is again, and cuts who takes nothing", async () => {
    const { clock, connection, happened, read, response } = opened();
    const long = JSON.stringify("x".repeat(70_000));
    assert.equal(connection.send(long), "buffered");
    await clock.settle();
    assert.ok(connection.bufferedBytes > 70_000);
    assert.deepEqual(happened, []);
    while (read() !== "") await clock.settle();
    assert.deepEqual(happened, ["drained"]);
    assert.equal(connection.send("[1]"), "sent");
    assert.equal(connection.send(long), "buffered");
    for (let sequence = 1; !response.destroyed && sequence < 40; sequence++) {
      connection.takes(sequence);
      await clock.advance(1000);
    }
    assert.deepEqual(happened, ["drained", "ended", "closed"]);
    assert.equal(connection.send("[2]"), "refused");
  });

  it("ends with code and reason, behind what was sent, and in time", async () => {
    const { clock, connection, happened, read, response } = opened();
    read();
    connection.send("[1]");
    connection.close(4403, "out\n");
    assert.equal(read(), 'data: [1]\n\nevent: close\ndata: {"code":4403,"reason":"out\\n"}\n\n');
    assert.deepEqual(happened, ["ended"]);
    assert.equal(connection.send("[2]"), "refused");
    await clock.advance(6000);
    assert.ok(response.destroyed);
  });
});
