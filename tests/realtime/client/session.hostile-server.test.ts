/**
 * A server that lies: whatever it sends, nothing is thrown past the client, and it works again with the next server.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { encode } from "@msgpack/msgpack";
import fc from "fast-check";
import { msgpackCodec } from "#src/realtime/msgpack/index.js";
import { type Codec, jsonCodec } from "#src/realtime/wire/index.js";
import { FakeServer, Recorded } from "../../support/fake-realtime-server.js";

const small = fc.integer({ min: 0, max: 12 });
const place = fc.constantFrom("", "0", "1", "2", "3", "4", "5");
const value = fc.oneof(fc.constant(null), small, fc.string({ maxLength: 5 }), fc.jsonValue({ maxDepth: 2 }));
const body = fc.record(
  {
    code: fc.constantFrom("forbidden", "unavailable", "x"),
    message: fc.string(),
    retryable: fc.boolean(),
    retryAfterMs: small,
  },
  { requiredKeys: ["code", "message", "retryable"] },
);
const reply = fc.record(
  {
    n: small,
    kind: fc.constantFrom("log", "state", "signal", "media"),
    epoch: place,
    position: place,
    recovered: fc.boolean(),
  },
  { requiredKeys: ["n", "kind"] },
);
const users = fc.array(fc.tuple(place, value, small), { maxLength: 3 });
const entries = fc.array(fc.tuple(fc.constantFrom("a", "b", "c"), value, place), { maxLength: 3 });

/** Frames that mostly are what they must be, in an order that no server would send. */
const frame: fc.Arbitrary<readonly unknown[]> = fc.oneof(
  fc.tuple(fc.constant("ok"), small, fc.oneof(value, reply)),
  fc.tuple(fc.constant("err"), small, body),
  fc.tuple(fc.constant("item"), small, value),
  fc.tuple(fc.constant("ping"), small),
  fc.tuple(
    fc.constant("call"),
    small,
    fc.constantFrom("known", "stream", "unknown"),
    value,
    fc.record({ credit: small }),
  ),
  fc.tuple(fc.constant("credit"), small, small),
  fc.tuple(fc.constant("cancel"), small),
  fc.tuple(fc.constant("expiring"), fc.record({ inMs: small })),
  fc.tuple(fc.constant("goaway"), fc.record({ afterMs: small })),
  fc.tuple(fc.constant("closed"), small, body),
  fc.tuple(fc.constant("m"), small, place, place, value),
  fc.tuple(fc.constant("page"), small, place, fc.boolean()),
  fc.tuple(fc.constant("gap"), small, fc.record({ reason: fc.constant("epoch"), epoch: place, position: place })),
  fc.tuple(fc.constant("snap"), small, place, entries, fc.boolean()),
  fc.tuple(fc.constant("d"), small, place, place, entries, fc.array(fc.constantFrom("a", "b"))),
  fc.tuple(fc.constant("s"), small, value),
  fc.tuple(fc.constant("lost"), small, small),
  fc.tuple(fc.constant("g"), small, small, small, fc.uint8Array({ maxLength: 3 })),
  fc.tuple(fc.constant("who"), small, fc.record({ count: small, isSample: fc.boolean(), users })),
  fc.tuple(fc.constant("came"), small, users, small),
  fc.tuple(fc.constant("left"), small, fc.array(place), small),
);

/** Anything at all. */
const nonsense = fc.oneof(
  fc.array(fc.oneof(fc.constantFrom("ok", "m", "welcome", "closed"), value, fc.array(value)), { maxLength: 5 }),
  fc.jsonValue(),
);

type Step =
  | { readonly frames: readonly (readonly unknown[])[] }
  | { readonly raw: unknown }
  | { readonly afterMs: number }
  | { readonly end: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ frames: fc.array(frame, { minLength: 1, maxLength: 4 }) }) },
  { weight: 1, arbitrary: fc.record({ raw: nonsense }) },
  { weight: 3, arbitrary: fc.record({ afterMs: fc.integer({ min: 0, max: 40_000 }) }) },
  { weight: 1, arbitrary: fc.record({ end: fc.constantFrom(1006, 1012, 4429) }) },
);

async function attack(codec: Codec, seed: number, steps: readonly Step[]): Promise<void> {
  const server = new FakeServer(seed);
  server.protocol = codec.subprotocol;
  server.codec = codec;
  const client = server.client({ codecs: [codec], token: () => "t", maxBufferedEvents: 3, maxBufferedBytes: 8 });
  client.handle("known", (input) => input);
  client.handle("stream", async function* () {
    for (let index = 0; index < 5; index++) yield index;
  });
  const kinds = ["log", "state", "signal", "media"] as const;
  const channels = kinds.map((kind) => client.channel(`of/${kind}`, { kind, presence: true }));
  const loops = channels.flatMap((channel) => [
    new Recorded<unknown>(channel),
    new Recorded<unknown>(channel.presence),
  ]);
  for (const channel of channels) channel[Symbol.asyncIterator]();
  const requests: Promise<unknown>[] = [
    client.channel("of/log").publish("x"),
    client.channel("of/log").history(),
    client.channel("of/state", { kind: "state" }).set("a", 1),
    client.call("any", 1),
    client.channel("of/log").presence.show(1),
  ];
  new Recorded(client.stream("results"));
  for (const one of steps) {
    await server.clock.settle();
    const peer = server.peers.at(-1);
    if (peer?.frames[0]?.[0] === "hello") peer.welcome();
    if ("frames" in one) for (const each of one.frames) peer?.raw(codec.encode(each as never));
    else if ("raw" in one) peer?.raw(codec === jsonCodec ? JSON.stringify(one.raw) : encode(one.raw));
    else if ("afterMs" in one) await server.clock.advance(one.afterMs);
    else peer?.closeWith(one.end);
  }
  // With an honest server all is well again.
  await server.clock.runUntil(() => {
    const peer = server.peers.at(-1);
    if (peer?.frames[0]?.[0] === "hello") peer.welcome();
    return client.state.name === "open";
  }, 1_000_000);
  assert.equal(client.state.name, "open");
  const answered = client.call("last", 1, { idempotencyKey: "k" });
  await server.clock.settle();
  // After a goaway that may be the one before the last.
  for (const peer of server.peers) {
    const last = peer.frames.find((each) => each[0] === "call" && each[2] === "last");
    if (last !== undefined) peer.ok(last[1] as number, "done");
  }
  assert.equal(await answered, "done");
  await client.close();
  await Promise.allSettled(requests);
  await server.clock.settle();
  for (const loop of loops) assert.ok(loop.isOver);
  assert.equal(server.clock.pendingTimers, 0, "no timer is left");
  // A token that is refused is the application's concern.
  const printed = server.printed.filter((line) => !line.startsWith("token: "));
  assert.deepEqual(printed, []);
}

describe("a server that lies", () => {
  for (const codec of [jsonCodec, msgpackCodec]) {
    it(`throws nothing past the client over ${codec.subprotocol}`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.integer(), fc.array(step, { maxLength: 40 }), (seed, steps) => attack(codec, seed, steps)),
        { numRuns: 100 },
      );
    });
  }
});
