import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { isCloseCodeOnWire } from "#src/protocol/close-code.js";
import type { ConnectionEvent } from "#src/protocol/close-handshake.js";
import { ConnectionState, readCloseBody, transitions, writeCloseBody } from "#src/protocol/close-handshake.js";
import { ProtocolError } from "#src/protocol/errors.js";
import { portableTextCodec } from "#src/protocol/utf8.js";
import { concat, hexOf, octets, utf8 } from "../support/octets.js";

const states = Object.values(ConnectionState);
const events: readonly ConnectionEvent[] = ["close-sent", "close-received", "failed", "stream-ended"];

describe("§7 the states of the closing handshake", () => {
  // Written out a second time, so that a slip of the pen in the table is found.
  const expected: readonly (readonly [ConnectionState, ConnectionEvent, ConnectionState])[] = [
    ["open", "close-sent", "closing-by-us"],
    ["open", "close-received", "closing-by-peer"],
    ["open", "failed", "failed"],
    ["open", "stream-ended", "dropped"],
    ["closing-by-us", "close-sent", "closing-by-us"],
    // Both sides at once (§5.5.1) end here as well, each having sent its own first.
    ["closing-by-us", "close-received", "closed-by-us"],
    ["closing-by-us", "failed", "failed"],
    ["closing-by-us", "stream-ended", "dropped"],
    ["closing-by-peer", "close-sent", "closed-by-peer"],
    ["closing-by-peer", "close-received", "closing-by-peer"],
    ["closing-by-peer", "failed", "failed"],
    ["closing-by-peer", "stream-ended", "dropped"],
    ...(["closed-by-us", "closed-by-peer", "failed", "dropped"] as const).flatMap((state) =>
      events.map((event) => [state, event, state] as const),
    ),
  ];

  for (const [from, event, to] of expected) {
    it(`${from} — ${event} → ${to}`, () => assert.equal(transitions[from][event], to));
  }

  it("are all in the table, with every event", () => {
    assert.equal(expected.length, states.length * events.length);
    assert.deepEqual(Object.keys(transitions).sort(), [...states].sort());
    for (const state of states) assert.deepEqual(Object.keys(transitions[state]).sort(), [...events].sort());
  });
});

function read(body: Uint8Array): ReturnType<typeof readCloseBody> {
  // Within other octets, none of which belong to it.
  const bytes = concat(octets("ffff"), body, octets("ffff"));
  return readCloseBody(bytes, 2, 2 + body.length, portableTextCodec);
}

function violationOf(body: Uint8Array): ProtocolError {
  const error = read(body);
  assert.ok(error instanceof ProtocolError);
  return error;
}

describe("§5.5.1 the body of a Close frame that came", () => {
  it("§7.1.5: says 1005 when it is empty", () => {
    assert.deepEqual(read(octets("")), { code: 1005, reason: "" });
  });

  it("MUST begin with a status code of two octets: one octet is a violation", () => {
    const error = violationOf(octets("03"));
    assert.deepEqual([error.code, error.closeCode, error.observed], ["close-body-one-octet", 1002, 1]);
  });

  it("has a status code in network byte order and a reason in UTF-8", () => {
    assert.deepEqual(read(octets("03e8")), { code: 1000, reason: "" });
    assert.deepEqual(read(concat(octets("0fa0"), utf8("κόσμε"))), { code: 4000, reason: "κόσμε" });
  });

  it("§7.4.1 and §7.4.2: is a violation with a status code that MUST NOT be set", () => {
    for (let code = 0; code <= 0xffff; code++) {
      const body = read(Uint8Array.of(code >> 8, code & 0xff));
      if (isCloseCodeOnWire(code)) {
        assert.deepEqual(body, { code, reason: "" });
      } else {
        assert.ok(body instanceof ProtocolError);
        assert.deepEqual([body.code, body.closeCode, body.observed], ["close-code-invalid", 1002, code]);
      }
    }
  });

  it("§8.1: MUST fail with 1007 when the reason is not UTF-8", () => {
    for (const reason of ["ff", "c3", "eda080", "f4908080", "6162e282"]) {
      const error = violationOf(concat(octets("03e8"), octets(reason)));
      assert.deepEqual([error.code, error.closeCode], ["close-reason-not-utf8", 1007]);
    }
  });
});

describe("§5.5.1 the body of a Close frame to be sent", () => {
  const write = (code?: unknown, reason: unknown = ""): Uint8Array =>
    writeCloseBody(code as number | undefined, reason as string, portableTextCodec);

  it("is empty without a status code", () => assert.equal(write().length, 0));

  it("begins with the status code in network byte order", () => {
    assert.equal(hexOf(write(1000)), "03e8");
    assert.equal(hexOf(write(4999, "bye")), "1387627965");
  });

  it("has at most 123 octets of reason, counted in UTF-8", () => {
    assert.equal(write(1000, "a".repeat(123)).length, 125);
    assert.equal(write(1000, "€".repeat(41)).length, 125);
    for (const [reason, observed] of [
      ["a".repeat(124), 124],
      ["€".repeat(41) + "a", 124],
      ["\ud800".repeat(42), 126],
    ] as const) {
      assert.throws(() => write(1000, reason), { code: "close-reason-too-long", observed, limit: 123 });
    }
  });

  it("§7.4.1: has no status code that MUST NOT be set", () => {
    for (const code of [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65536, -1, 1000.5, Number.NaN]) {
      assert.throws(() => write(code), { name: "UsageError", code: "close-code-not-sendable", observed: code });
    }
  });

  it("has no reason without a status code", () => {
    assert.throws(() => write(undefined, "bye"), { code: "close-reason-without-code", observed: "bye" });
  });

  it("has a number for a status code and a string for a reason, and nothing that only looks like them", () => {
    for (const code of ["1000", null, 1000n, { valueOf: () => 1000 }, [1000], true]) {
      assert.throws(() => write(code), { name: "UsageError", code: "invalid-argument" });
    }
    for (const reason of [5, null, new Uint8Array(5), { length: 5 }, ["a"], new ArrayBuffer(5), Symbol("a")]) {
      assert.throws(() => write(1000, reason), { name: "UsageError", code: "invalid-argument" });
      assert.throws(() => write(undefined, reason), { name: "UsageError", code: "invalid-argument" });
    }
  });

  it("is read as it was written", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.integer({ min: 1000, max: 1003 }), fc.integer({ min: 3000, max: 4999 })),
        fc.string({ unit: "grapheme", maxLength: 30 }).filter((reason) => utf8(reason).length <= 123),
        (code, reason) => assert.deepEqual(read(write(code, reason)), { code, reason }),
      ),
    );
  });
});
