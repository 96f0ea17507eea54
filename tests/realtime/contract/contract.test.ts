/**
 * What a contract says at run time, with schemas of two libraries.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as v from "valibot";
import { z } from "zod";
import {
  call,
  contract,
  defaultGroupBytesMax,
  defaultRetention,
  type Issue,
  log,
  media,
  type Schema,
  signal,
  state,
  unchecked,
  validate,
} from "#src/realtime/contract/index.js";
import { RealtimeError } from "#src/realtime/wire/index.js";

const zodMessage = z.object({ text: z.string().max(5), at: z.number().default(1) });
const valibotMessage = v.object({
  text: v.pipe(v.string(), v.maxLength(5)),
  at: v.optional(v.number(), 1),
});

describe("a contract", () => {
  const api = contract({
    channels: {
      "room/{id}": log({ message: zodMessage, retain: { count: 5 } }),
      "book/{symbol}": state({ maxUpdatesPerSecond: 20 }),
      "cursor/{room}": signal(),
      "video/{id}": media(),
    },
    calls: { order: call({ input: zodMessage, idempotent: true }), tail: call({ stream: zodMessage }) },
    clientCalls: { confirm: call() },
  });

  it("finds channels by the patterns of their names", () => {
    assert.deepEqual(api.channelOf("room/7")?.params, { id: "7" });
    assert.equal(api.channelOf("room/7")?.value, api.definition.channels["room/{id}"]);
    assert.equal(api.channelOf("nothing"), undefined);
  });

  it("finds calls by name, and nothing that no contract has declared", () => {
    assert.equal(api.callOf("order")?.idempotent, true);
    assert.equal(api.callOf("tail")?.stream, zodMessage);
    assert.equal(api.callOf("confirm"), undefined);
    assert.equal(api.clientCallOf("confirm")?.idempotent, false);
    for (const name of ["toString", "__proto__", "constructor", ""]) {
      assert.equal(api.callOf(name), undefined);
      assert.equal(contract({}).callOf(name), undefined);
    }
  });

  it("fills in what is not said", () => {
    assert.deepEqual(log(), { kind: "log", message: undefined, retain: defaultRetention, durable: false, tell: {} });
    assert.deepEqual(
      [log({ durable: true }).durable, state({ durable: true }).durable, state().durable],
      [true, true, false],
    );
    assert.deepEqual(log({ retain: { count: 5 } }).retain, { count: 5 });
    assert.deepEqual(state(), { kind: "state", value: undefined, durable: false, maxUpdatesPerSecond: undefined });
    assert.deepEqual(signal(), { kind: "signal", message: undefined });
    assert.deepEqual(media(), { kind: "media", groupBytesMax: defaultGroupBytesMax });
    assert.deepEqual(call(), { input: undefined, output: undefined, stream: undefined, idempotent: false });
  });

  for (const [what, make] of [
    ["retain.count", () => log({ retain: { count: -1 } })],
    ["retain.ageMs", () => log({ retain: { ageMs: Number.NaN } })],
    ["maxUpdatesPerSecond", () => state({ maxUpdatesPerSecond: 0 })],
    ["groupBytesMax", () => media({ groupBytesMax: 0 })],
  ] as const) {
    it(`refuses a ${what} that is out of its range`, () => {
      assert.throws(make, { name: "RangeError", message: new RegExp(what, "u") });
    });
  }
});

for (const [library, schema] of [
  ["zod", zodMessage],
  ["valibot", valibotMessage],
] as const) {
  describe(`values checked with ${library}`, () => {
    it("are what the schema makes of them, at once", () => {
      assert.deepEqual(validate(schema, { text: "hello" }), { text: "hello", at: 1 });
    });

    it("are refused with the issues as data", () => {
      assert.throws(
        () => validate(schema, { text: "too long", at: "now" }),
        (error: unknown) => {
          assert.ok(error instanceof RealtimeError);
          assert.equal(error.code, "invalid-value");
          assert.equal(error.retryable, false);
          assert.deepEqual(
            (error.data as Issue[]).map(({ path }) => path),
            [["text"], ["at"]],
          );
          return true;
        },
      );
    });
  });
}

describe("values", () => {
  it("pass where there is no schema, or one that checks nothing", () => {
    assert.equal(validate(undefined, 5), 5);
    assert.equal(validate(unchecked<string>(), "x"), "x");
  });

  it("are waited for where a schema asks elsewhere", async () => {
    const schema = z.string().refine(async (text) => text === "right");
    assert.equal(await validate(schema, "right"), "right");
    await assert.rejects(async () => validate(schema, "wrong"), { code: "invalid-value" });
  });

  it("have no more issues than fit into an answer", async () => {
    const wrong = Array.from({ length: 1000 }, () => "x");
    await assert.rejects(
      async () => validate(z.array(z.number()), wrong),
      (error: unknown) => error instanceof RealtimeError && (error.data as Issue[]).length === 16,
    );
  });

  it("are refused by a schema that says nothing about why", () => {
    const silent: Schema = { "~standard": { version: 1, vendor: "test", validate: () => ({ issues: [] }) } };
    assert.throws(() => validate(silent, 1), { code: "invalid-value" });
  });
});
