import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createDeflateContext } from "#src/protocol/extensions/index.js";
import { everyChunking } from "../support/chunking.js";
import { SteeredCompressor } from "../support/compressors.js";
import { deflateChain, deflated, rsv1 } from "../support/deflate.js";
import { concat, hexOf, utf8 } from "../support/octets.js";
import type { RecordedOptions } from "../support/recorded-connection.js";
import { RecordedConnection, roles } from "../support/recorded-connection.js";

const checked: RecordedOptions = { ways: { textOctets: "checked" } };
const unchecked: RecordedOptions = { ways: { textOctets: "unchecked" } };
const euro = utf8("a€");
// Not valid in any place.
const bad = Uint8Array.of(0x61, 0xff);

function compressing(options: RecordedOptions) {
  const compressor = new SteeredCompressor();
  const context = createDeflateContext(compressor, { thresholdBytes: 0 });
  return { compressor, options: { ...options, chain: deflateChain(context, "server") } };
}

describe("§5.6 text that is handed on as octets", () => {
  for (const role of roles) {
    it(`is what came, whole and in fragments, to a ${role}`, () => {
      const of = (recorded: RecordedConnection) =>
        concat(
          recorded.fromPeer({ opcode: 1, payload: euro }),
          recorded.fromPeer({ opcode: 1, fin: false, payload: euro.subarray(0, 2) }),
          recorded.fromPeer({ opcode: 0, payload: euro.subarray(2) }),
          recorded.fromPeer({ opcode: 1, payload: "" }),
          recorded.fromPeer({ opcode: 2, payload: bad }),
        );
      for (const { name, chunks } of everyChunking(of(new RecordedConnection(role, checked)))) {
        const recorded = new RecordedConnection(role, checked).receive(...chunks);
        const expected = ["octets 61e282ac", "octets 61e282ac", "octets", "binary 61ff"];
        assert.deepEqual(
          recorded.events.map((event) => event.trimEnd()),
          expected,
          name,
        );
      }
    });
  }

  it("is lent where it lay in a chunk, and given away where it was joined", () => {
    const recorded = new RecordedConnection("server", checked);
    recorded.receiveFrames({ opcode: 1, payload: "a" });
    recorded.receiveFrames({ opcode: 1, fin: false, payload: "a" }, { opcode: 0, payload: "b" });
    assert.deepEqual(recorded.owned, [false, true]);
  });

  it("fails with 1007 where it is not UTF-8 (§8.1)", () => {
    for (const frames of [
      [{ opcode: 1, payload: bad }],
      [
        { opcode: 1, fin: false, payload: "a" },
        { opcode: 0, payload: bad },
      ],
      [
        { opcode: 1, fin: false, payload: "a" },
        { opcode: 0, payload: Uint8Array.of(0xe2) },
      ],
    ]) {
      const recorded = new RecordedConnection("server", checked).receiveFrames(...frames);
      assert.deepEqual(recorded.events, ["failed invalid-utf8"]);
      assert.equal(recorded.failures[0]?.closeCode, 1007);
    }
  });

  it("may be no UTF-8 where nobody checks it", () => {
    const recorded = new RecordedConnection("server", unchecked);
    recorded.receiveFrames({ opcode: 1, payload: bad });
    recorded.receiveFrames({ opcode: 1, fin: false, payload: bad }, { opcode: 0, payload: Uint8Array.of(0xe2) });
    recorded.receiveFrames({ opcode: 2, fin: false, payload: bad }, { opcode: 0, payload: bad });
    assert.deepEqual(recorded.events, ["octets 61ff", "octets 61ffe2", "binary 61ff61ff"]);
  });

  it("is checked behind extensions, or is not", async () => {
    for (const [options, expected] of [
      [checked, ["octets 61e282ac", "failed invalid-utf8"]],
      [unchecked, ["octets 61e282ac", "octets 61ff"]],
    ] as const) {
      const recorded = new RecordedConnection("server", compressing(options).options);
      for (const payload of [euro, bad]) {
        recorded.receiveFrames({ opcode: 1, rsv: rsv1, payload: deflated(payload) });
      }
      assert.deepEqual(recorded.events, expected);
    }
  });

  it("can be sent as octets, whatever they are", () => {
    for (const role of roles) {
      const recorded = new RecordedConnection(role, checked);
      assert.equal(recorded.connection.sendTextOctets(euro), true);
      assert.equal(recorded.connection.sendTextOctets(bad), true);
      recorded.connection.sendFragment("text", euro.subarray(0, 2), false);
      recorded.connection.sendFragment("text", euro.subarray(2), true);
      assert.deepEqual(recorded.takeSent(), ["text 61e282ac", "text 61ff", "text+ 61e2", "continuation 82ac"]);
    }
  });

  it("is compressed as any text", () => {
    const { options } = compressing(checked);
    const recorded = new RecordedConnection("server", options);
    recorded.connection.sendTextOctets(utf8("x".repeat(400)));
    const [sent] = recorded.takeFrames();
    assert.deepEqual([sent?.opcode, sent?.rsv], [1, rsv1]);
  });

  it("obeys what holds for every message", () => {
    const { connection } = new RecordedConnection("server", checked);
    connection.sendFragment("text", "a", false);
    assert.throws(() => connection.sendTextOctets(euro), { code: "fragment-pending" });
    assert.throws(() => connection.sendTextOctets("a" as never), { code: "invalid-argument" });
    connection.close(1000);
    assert.equal(connection.sendTextOctets(euro), false);
  });

  it("is checked in fragments that are sent, unless text is octets here", () => {
    const { connection } = new RecordedConnection("server");
    assert.throws(() => connection.sendFragment("text", bad, true), { code: "text-not-utf8" });
  });
});

describe("§5.5.2 pings that somebody else answers", () => {
  it("are told, and not answered here", () => {
    const recorded = new RecordedConnection("server", { ways: { answersPings: false } });
    recorded.receiveFrames({ opcode: 9, payload: "a" });
    assert.deepEqual([recorded.events, recorded.takeSent()], [["ping 61"], []]);
    recorded.connection.pong(utf8("a"));
    assert.deepEqual(recorded.takeSent(), ["pong 61"]);
  });
});

describe("§7.1.7 a failure that names no rule", () => {
  it("closes with the code alone", () => {
    const recorded = new RecordedConnection("server", { ways: { namesBrokenRule: false } });
    recorded.receiveFrames({ opcode: 3 });
    assert.deepEqual(recorded.takeSent(), [`close ${hexOf(Uint8Array.of(1002 >> 8, 1002 & 0xff))}`]);
  });
});
