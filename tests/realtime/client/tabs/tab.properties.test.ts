/**
 * Tabs that are opened, closed, killed, sleep and wake by chance, while all of them publish: whoever is left has had every
 * message that was acknowledged, once and in order.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { serve } from "#src/index.js";
import { contract, createRealtime, log, unchecked } from "#src/realtime/index.js";
import { FakeBrowser, type FakeTab } from "../../../support/fake-browser.js";

const api = contract({ channels: { room: log({ message: unchecked<string>(), retain: { count: 10_000 } }) } });

const events = ["open", "close", "kill", "sleep", "wake", "publish", "publish", "cut"] as const;
const schedule = fc.array(fc.tuple(fc.constantFrom(...events), fc.nat(), fc.integer({ min: 0, max: 6 })), {
  minLength: 5,
  maxLength: 40,
});

interface Seat {
  readonly tab: FakeTab;
  readonly client: ReturnType<typeof open>;
  readonly texts: string[];
  gaps: number;
}

function open(tab: FakeTab, url: string) {
  return tab.createClient(api, url);
}

async function run(steps: readonly (readonly [(typeof events)[number], number, number])[]): Promise<void> {
  const realtime = createRealtime(api, {});
  const server = await serve({ port: 0, host: "127.0.0.1", ...realtime.handlers });
  const browser = new FakeBrowser();
  const gone: Seat[] = [];
  let seats: Seat[] = [];
  const acknowledged: string[] = [];
  const publishing: Promise<unknown>[] = [];
  const join = (): void => {
    const tab = browser.open();
    const seat: Seat = { tab, client: open(tab, server.url), texts: [], gaps: 0 };
    // From the beginning.
    seat.client.channel("room", { last: 1000 }).listen((event) => {
      if (event.type === "gap") seat.gaps++;
      else if (event.type === "message") seat.texts.push(event.value);
    });
    seats.push(seat);
  };
  const publish = (seat: Seat): void => {
    const text = `${publishing.length}`;
    publishing.push(
      seat.client
        .channel("room")
        .publish(text)
        .then(
          () => acknowledged.push(text),
          // Of a tab that has gone, nobody knows.
          () => undefined,
        ),
    );
  };
  join();
  for (const [event, at, turns] of steps) {
    const seat = seats[at % seats.length];
    if (event === "open" || seat === undefined) join();
    else if (event === "publish") publish(seat);
    else if (event === "sleep") seat.tab.sleep();
    else if (event === "wake") seat.tab.wake();
    else if (event === "cut") for (const socket of server.sockets) socket.terminate();
    else {
      if (event === "kill") seat.tab.kill();
      else void seat.client.close();
      seats = seats.filter((other) => other !== seat);
      gone.push(seat);
    }
    for (let turn = 0; turn < turns * turns; turn++) await new Promise(setImmediate);
  }
  for (const { tab } of seats) tab.wake();
  join();
  const [last] = seats.slice(-1);
  assert.ok(last !== undefined);
  await last.client.channel("room").publish("the end");
  // A tab that was killed answers nothing any more.
  for (const { client } of gone) await client.close();
  await Promise.all(publishing);
  const has = async (seat: Seat): Promise<void> => {
    while (!seat.texts.includes("the end")) await new Promise((resolve) => setTimeout(resolve, 1));
  };
  await Promise.all(seats.map(has));
  const entries = await realtime.history("room", { limit: 1000 });
  const kept = entries.map(({ value }) => value as string);
  assert.equal(new Set(kept).size, kept.length, "something was published twice");
  for (const text of acknowledged) assert.ok(kept.includes(text), `${text} is not kept`);
  const upTo = kept.slice(0, kept.indexOf("the end") + 1);
  for (const { texts, gaps } of seats) {
    assert.deepEqual(texts.slice(0, upTo.length), upTo);
    assert.equal(new Set(texts).size, texts.length);
    assert.equal(gaps, 0);
  }
  for (const { client } of seats) await client.close();
  await server.close();
  await realtime.close();
}

describe("tabs that come and go by chance", { timeout: 120_000 }, () => {
  it("lose and double nothing", async () => {
    await fc.assert(fc.asyncProperty(schedule, run), { numRuns: 12, endOnFailure: true });
  });
});
