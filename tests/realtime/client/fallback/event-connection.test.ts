/**
 * A client's connection of the fallback in time: heartbeats, and what is sent while a request is under way.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { EventConnection } from "#src/realtime/client/fallback/event-connection.js";
import type { ServerEvent } from "#src/realtime/client/fallback/server-events.js";
import { FakeClock } from "#src/testing/index.js";

/** A connection whose requests are answered by hand. */
function opened() {
  const clock = new FakeClock();
  const abort = new AbortController();
  const bodies: string[] = [];
  const answers: (() => void)[] = [];
  const connection = new EventConnection({
    opened: { id: "id", protocol: "openline.v1.json", pingMs: 1000, maxMessageBytes: 1000 },
    events: silence(abort.signal),
    request: ({ body }) => {
      if (typeof body === "string") bodies.push(body);
      return new Promise((resolve) => answers.push(() => resolve(new Response(null, { status: 204 }))));
    },
    abort,
    message: () => undefined,
    clock,
  });
  const answer = async (): Promise<void> => {
    answers.shift()?.();
    await clock.settle();
  };
  return { clock, connection, bodies, answer };
}

// eslint-disable-next-line require-yield -- nothing comes
async function* silence(signal: AbortSignal): AsyncGenerator<ServerEvent, undefined> {
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
  return undefined;
}

describe("a client's connection of the fallback", () => {
  it("says something when it has said nothing for pingMs", async () => {
    const { answer, bodies, clock, connection } = opened();
    await clock.advance(1000);
    assert.deepEqual(bodies, ["[]"]);
    await answer();
    await clock.advance(1000);
    assert.deepEqual(bodies, ["[]", "[]"]);
    connection.terminate();
  });

  it("puts nothing but frames into a batch, however long the request before it takes", async () => {
    const { answer, bodies, clock, connection } = opened();
    connection.send('["hello",{}]');
    await clock.advance(4000);
    connection.send('["ping",1]');
    connection.send('[["ping",2],["ping",3]]');
    await answer();
    assert.deepEqual(bodies, ['["hello",{}]', '[["ping",1],["ping",2],["ping",3]]']);
    connection.terminate();
  });
});
