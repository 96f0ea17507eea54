import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Connection } from "#src/protocol/connection.js";
import { BufferPool } from "#src/protocol/output.js";
import { hexOf, utf8 } from "../support/octets.js";
import { RecordedConnection, roles } from "../support/recorded-connection.js";

/** What is never to be seen on the wire: it stands in every buffer before anything is written to it. */
const secret = 0x53;

function withSecrets(role: "client" | "server"): RecordedConnection {
  // Keys of zeros, so that what a client sends could be seen through its mask.
  return new RecordedConnection(role, {
    pool: new BufferPool((byteLength) => new Uint8Array(byteLength).fill(secret)),
    maskingKeys: { next: () => 0 },
  });
}

/** Anything that is not text. */
const notStrings: readonly (readonly [string, unknown])[] = [
  ["a number", 100],
  ["zero", 0],
  ["NaN", Number.NaN],
  ["a bigint", 100n],
  ["true", true],
  ["null", null],
  ["a symbol", Symbol("a")],
  ["a function", () => "a"],
  ["a plain object", {}],
  ["an object with a length", { length: 100 }],
  ["an object with a byteLength", { byteLength: 100 }],
  ["an object that turns into a string", { toString: () => "a".repeat(100), length: 1 }],
  ["a String object", Object("text") as unknown],
  ["an array", [1, 2, 3]],
  ["an array of strings", ["a"]],
  ["an ArrayBuffer", new ArrayBuffer(100)],
  ["a SharedArrayBuffer", new SharedArrayBuffer(100)],
  ["a DataView", new DataView(new ArrayBuffer(100))],
  ["a Uint16Array", new Uint16Array(100)],
  ["a Float64Array", new Float64Array(10)],
  ["a Uint8ClampedArray", new Uint8ClampedArray(100)],
  ["an Int8Array", new Int8Array(100)],
  ["a Date", new Date(0)],
];

/** Anything that is not octets. */
const notOctets: readonly (readonly [string, unknown])[] = [["a string", "text"], ...notStrings];

for (const role of roles) {
  /** Expects a call to be refused, and the connection to be as it was. */
  const assertRefused = (call: (connection: Connection) => unknown, what: string): void => {
    const { connection } = withSecrets(role);
    assert.throws(() => call(connection), { name: "UsageError", code: "invalid-argument" }, what);
    assert.equal(connection.output.byteLength, 0, what);
    assert.equal(connection.output.buffer, undefined, what);
    assert.equal(connection.state, "open", what);
    assert.equal(connection.sendText("still there"), true);
  };

  describe(`no uninitialized memory on the wire of a ${role}`, () => {
    it("sendText takes strings only", () => {
      for (const [what, value] of [...notStrings, ["octets", utf8("text")], ["undefined", undefined]] as const) {
        assertRefused((connection) => connection.sendText(value as string), what);
      }
    });

    it("sendBinary takes octets only", () => {
      for (const [what, value] of [...notOctets, ["undefined", undefined]] as const) {
        assertRefused((connection) => connection.sendBinary(value as Uint8Array), what);
      }
    });

    it("sendFragment takes strings and octets only, as text or as binary", () => {
      for (const [what, value] of [...notStrings, ["undefined", undefined]] as const) {
        for (const type of ["text", "binary"] as const) {
          assertRefused((connection) => connection.sendFragment(type, value as string, false), what);
        }
      }
      for (const type of ["", "Text", 1, undefined, null, Symbol("text")]) {
        assertRefused((connection) => connection.sendFragment(type as "text", "a", true), String(type));
      }
    });

    it("ping and pong take octets only", () => {
      for (const [what, value] of notOctets) {
        assertRefused((connection) => connection.ping(value as Uint8Array), what);
        assertRefused((connection) => connection.pong(value as Uint8Array), what);
      }
    });

    it("close takes a number and a string only", () => {
      for (const [what, value] of [...notStrings, ["octets", utf8("text")]] as const) {
        assertRefused((connection) => connection.close(1000, value as string), what);
        assertRefused((connection) => connection.close(undefined, value as string), what);
      }
      for (const [what, value] of notOctets) {
        if (typeof value === "number") continue;
        assertRefused((connection) => connection.close(value as number), what);
      }
    });

    it("what is sent are the octets that were given, whatever memory they lie in", () => {
      const shared = new Uint8Array(new SharedArrayBuffer(20), 4, 10).fill(1);
      const resizable = new Uint8Array(10).fill(2);
      const buffer = Buffer.alloc(10, 3);
      const subclass = new (class Octets extends Uint8Array {})(10).fill(4);
      for (const bytes of [shared, resizable, buffer, subclass]) {
        const recorded = withSecrets(role);
        const { connection } = recorded;
        connection.sendBinary(bytes);
        connection.sendFragment("binary", bytes, true);
        connection.ping(bytes);
        connection.pong(bytes);
        const hex = hexOf(bytes);
        assert.deepEqual(recorded.takeSent(), [`binary ${hex}`, `binary ${hex}`, `ping ${hex}`, `pong ${hex}`]);
      }
    });

    it("octets whose memory was taken away are none", () => {
      const detached = new Uint8Array(100);
      structuredClone(detached.buffer, { transfer: [detached.buffer] });
      const recorded = withSecrets(role);
      recorded.connection.sendBinary(detached);
      recorded.connection.ping(detached);
      assert.deepEqual(recorded.takeSent(), ["binary", "ping"]);
    });

    it("nothing of a reused buffer is left in what is written next", () => {
      const recorded = withSecrets(role);
      const { connection } = recorded;
      for (const text of ["x".repeat(3000), "é".repeat(1000), "", "\ud800", "a".repeat(4097), "€".repeat(42)]) {
        connection.sendText(text);
        connection.ping(utf8(text).subarray(0, 125));
        recorded.receiveFrames({ opcode: 9, payload: utf8(text).subarray(0, 125) });
        const ping = hexOf(utf8(text).subarray(0, 125));
        assert.deepEqual(
          recorded.takeSent(),
          [`text ${hexOf(utf8(text))}`, `ping ${ping}`, `pong ${ping}`].map((line) => line.trimEnd()),
        );
      }
    });
  });
}
