import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { minFragmentBytes, OutgoingFragments } from "#src/protocol/outgoing-fragments.js";
import { BufferPool } from "#src/protocol/output.js";
import { isValidUtf8, portableTextCodec } from "#src/protocol/utf8.js";
import { concat, hexOf, octets, utf8 } from "../support/octets.js";
import { patternedBytes } from "../support/patterns.js";

const KiB = 1024;

interface Sent {
  readonly bytes: Uint8Array;
  readonly fin: boolean;
}

function setUp(type: "text" | "binary", maxBytes = 64 * KiB) {
  let acquired = 0;
  class CountingPool extends BufferPool {
    override acquire(minBytes: number): Uint8Array {
      acquired++;
      return super.acquire(minBytes);
    }
    override release(buffer: Uint8Array): void {
      acquired--;
      // Whoever reads a buffer after giving it back is found out.
      buffer.fill(0xdd);
      super.release(buffer);
    }
  }
  const pool = new CountingPool();
  const sent: Sent[] = [];
  const fragments = new OutgoingFragments(type, maxBytes, { text: portableTextCodec, pool }, (bytes, fin) => {
    sent.push({ bytes: Uint8Array.from(bytes), fin });
  });
  return {
    fragments,
    sent,
    /** Gives it all of a chunk, and overwrites that, since it may change then. */
    add: (chunk: string | Uint8Array): void => {
      let calls = 0;
      for (let from = 0; from < chunk.length || calls === 0; calls++) {
        const before = sent.length;
        from = fragments.add(chunk, from);
        assert.ok(sent.length - before <= 1, "one fragment at most for each call");
      }
      if (typeof chunk !== "string") chunk.fill(0xee);
    },
    whole: () => concat(...sent.map(({ bytes }) => bytes)),
    lengths: () => sent.map(({ bytes }) => bytes.byteLength),
    heldBuffers: () => acquired,
  };
}

describe("§5.4 the fragments of a message that comes in chunks", () => {
  it("are one where all of it is short and comes at once", () => {
    for (const [type, chunks] of [
      ["binary", [octets("01"), octets(""), octets("0203")]],
      ["text", ["a", "", "bc"]],
    ] as const) {
      const { fragments, add, sent, heldBuffers } = setUp(type);
      for (const chunk of chunks) add(chunk);
      assert.equal(sent.length, 0);
      assert.equal(fragments.gatheredBytes, 3);
      fragments.finish();
      assert.deepEqual(
        sent.map(({ bytes, fin }) => [bytes.byteLength, fin]),
        [[3, true]],
      );
      assert.equal(heldBuffers(), 0);
    }
  });

  it("are gathered in a larger buffer where the first one is too short", () => {
    const { fragments, add, sent, whole, heldBuffers } = setUp("binary", 256 * KiB);
    const all = patternedBytes(200 * KiB, 3);
    for (let at = 0; at < all.byteLength; at += 1000) add(all.slice(at, at + 1000));
    assert.equal(sent.length, 0);
    assert.equal(heldBuffers(), 1);
    fragments.finish();
    assert.deepEqual(whole(), all);
    assert.equal(sent.length, 1);
    assert.equal(heldBuffers(), 0);
  });

  it("are not cut between the halves of a surrogate pair", () => {
    const { fragments, add, sent, whole } = setUp("text", minFragmentBytes);
    const text = `a${"😀".repeat(2000)}`;
    add(text);
    fragments.finish();
    assert.ok(sent.length > 4);
    for (const { bytes } of sent) assert.ok(isValidUtf8(bytes, 0, bytes.byteLength));
    assert.equal(Buffer.from(whole()).toString(), text);
  });

  it("make room for a lone surrogate that the fragment has none for", () => {
    for (const last of [undefined, utf8("z")]) {
      const { fragments, add, whole, lengths } = setUp("text", minFragmentBytes);
      // Octets first, as many as leave no room for what a lone surrogate becomes, but for its own two.
      add("\ud83d");
      add(new Uint8Array(minFragmentBytes - 4).fill(0x61));
      add("\ud83d");
      if (last !== undefined) add(last);
      fragments.finish();
      const expected = `\ufffd${"a".repeat(minFragmentBytes - 4)}\ufffd${last === undefined ? "" : "z"}`;
      assert.equal(Buffer.from(whole()).toString(), expected);
      assert.ok(lengths().every((length) => length <= minFragmentBytes));
    }
  });

  it("are an empty one for an empty message", () => {
    const { fragments, sent } = setUp("binary");
    fragments.finish();
    assert.deepEqual(sent, [{ bytes: octets(""), fin: true }]);
  });

  it("go out when told to, and end with one that may be empty", () => {
    const { fragments, add, sent } = setUp("binary");
    fragments.flush();
    add(octets("0102"));
    fragments.flush();
    fragments.flush();
    fragments.finish();
    assert.deepEqual(
      sent.map(({ bytes, fin }) => [hexOf(bytes), fin]),
      [
        ["0102", false],
        ["", true],
      ],
    );
  });

  it("carry long chunks from where they lie, cut where they are longer than allowed", () => {
    const { fragments, add, lengths } = setUp("binary");
    add(new Uint8Array(16 * KiB));
    add(new Uint8Array(150 * KiB));
    add(new Uint8Array(65 * KiB));
    assert.deepEqual(
      lengths(),
      [16, 64, 64, 22, 64].map((count) => count * KiB),
    );
    assert.equal(fragments.gatheredBytes, KiB);
    // What is gathered goes before a long one, and before one that does not fit.
    add(new Uint8Array(20 * KiB));
    assert.deepEqual(lengths().slice(-2), [KiB, 20 * KiB]);
    for (let count = 0; count < 7; count++) add(new Uint8Array(15 * KiB));
    assert.deepEqual(lengths().slice(-1), [60 * KiB]);
    assert.equal(fragments.gatheredBytes, 45 * KiB);
  });

  it("fit into a small limit, however long a chunk is", () => {
    const { fragments, add, lengths, whole } = setUp("binary", minFragmentBytes);
    const bytes = patternedBytes(10_000);
    add(bytes.slice());
    fragments.finish();
    assert.ok(lengths().every((length) => length <= minFragmentBytes));
    assert.equal(hexOf(whole()), hexOf(bytes));
  });

  it("of long texts are nearly full", () => {
    const { fragments, add, lengths, whole } = setUp("text");
    const text = "plain ASCII, ".repeat(50_000);
    add(text);
    fragments.finish();
    assert.equal(Buffer.from(whole()).toString(), text);
    assert.ok(
      lengths()
        .slice(0, -1)
        .every((length) => length > 55_000 && length <= 64 * KiB),
    );
  });

  it("may be longer than what the pool keeps", () => {
    const { fragments, add, lengths, heldBuffers } = setUp("text", 1024 * KiB);
    add("x".repeat(500 * KiB));
    add("y".repeat(100 * KiB));
    fragments.finish();
    assert.deepEqual(
      lengths().reduce((sum, length) => sum + length, 0),
      600 * KiB,
    );
    assert.equal(heldBuffers(), 0);
  });

  it("are forgotten when dropped", () => {
    const { fragments, add, heldBuffers } = setUp("text");
    add("gathered\ud800");
    assert.equal(heldBuffers(), 1);
    fragments.drop();
    fragments.drop();
    assert.deepEqual([heldBuffers(), fragments.gatheredBytes], [0, 0]);
  });
});

describe("§5.6 a text whose code points are split between chunks", () => {
  it("has them whole in its fragments, out of octets", () => {
    const { fragments, add, sent } = setUp("text");
    add(octets("e2"));
    fragments.flush();
    assert.equal(sent.length, 0, "nothing is whole yet");
    add(octets("82"));
    fragments.flush();
    add(octets("ac41f09f"));
    fragments.flush();
    add(octets("9880"));
    fragments.finish();
    assert.deepEqual(
      sent.map(({ bytes }) => Buffer.from(bytes).toString()),
      ["€A", "😀"],
    );
  });

  it("has surrogate pairs joined, however many empty strings lie between the halves", () => {
    const { fragments, add, whole } = setUp("text");
    for (const piece of ["a\ud83d", "", "\ude00b", "\ud83d", "", "\ud83d\ude00"]) add(piece);
    fragments.flush();
    add("\ud83d");
    fragments.flush();
    fragments.finish();
    assert.equal(Buffer.from(whole()).toString(), "a😀b\ufffd😀\ufffd");
  });

  it("has U+FFFD for a lone half before octets, also where no room is left for it", () => {
    const { fragments, add, whole, lengths } = setUp("text", minFragmentBytes);
    const text = "x".repeat(minFragmentBytes - 1);
    add(utf8(text));
    add("\ud83d");
    add(utf8("after"));
    fragments.finish();
    assert.equal(Buffer.from(whole()).toString(), `${text}\ufffdafter`);
    assert.ok(lengths().every((length) => length <= minFragmentBytes));
  });

  it("has U+FFFD for a lone half at its end, also where no room is left for it", () => {
    const { fragments, add, whole, lengths } = setUp("text", minFragmentBytes);
    const text = "x".repeat(minFragmentBytes - 1);
    add(utf8(text));
    add("\ud83d");
    fragments.finish();
    assert.equal(Buffer.from(whole()).toString(), `${text}\ufffd`);
    assert.ok(lengths().every((length) => length <= minFragmentBytes));
  });

  it("is refused as soon as an octet cannot belong to it", () => {
    const notUtf8 = { name: "UsageError", code: "text-not-utf8", section: "RFC 6455 §5.6" };
    const gathered = setUp("text");
    gathered.add(octets("41e2"));
    gathered.add(octets("e2"));
    // A lead octet behind a lead octet: what is before the last one is the target's to judge, and the last one waits.
    gathered.fragments.flush();
    const cut = setUp("text");
    cut.add(octets("f0"));
    cut.add(octets("80"));
    assert.throws(() => cut.fragments.flush(), notUtf8);
    const long = setUp("text");
    const bytes = new Uint8Array(20 * KiB).fill(0x61);
    bytes.set([0xe0, 0x80], bytes.length - 2);
    assert.throws(() => long.fragments.add(bytes, 0), notUtf8);
  });
});

describe("whatever the chunks", () => {
  it("the fragments are the message, none too long, and those of a text whole code points", () => {
    fc.assert(
      fc.property(
        fc.record({
          text: fc.array(fc.string({ unit: "binary", maxLength: 3000 }), { maxLength: 30 }),
          asOctets: fc.array(fc.boolean(), { minLength: 1, maxLength: 10 }),
          flushes: fc.array(fc.boolean(), { minLength: 1, maxLength: 10 }),
          cuts: fc.array(fc.integer({ min: 1, max: 4000 }), { minLength: 1, maxLength: 10 }),
          maxBytes: fc.constantFrom(minFragmentBytes, 1500, 5000, 64 * KiB),
          isText: fc.boolean(),
        }),
        ({ text, asOctets, flushes, cuts, maxBytes, isText }) => {
          const { fragments, add, sent, whole, heldBuffers } = setUp(isText ? "text" : "binary", maxBytes);
          const message = text.join("");
          const all = utf8(message);
          // Either strings cut anywhere, or octets cut anywhere; both where the cut is between two code points.
          let count = 0;
          const useOctets = !isText || asOctets[0] === true;
          for (let at = 0; at < (useOctets ? all.length : message.length); count++) {
            const end = at + (cuts[count % cuts.length] ?? 1);
            add(useOctets ? all.slice(at, end) : message.slice(at, end));
            at = end;
            if (flushes[count % flushes.length] === true) fragments.flush();
          }
          fragments.finish();
          assert.equal(hexOf(whole()), hexOf(all));
          assert.deepEqual(
            sent.map(({ fin }) => fin),
            sent.map((_, index) => index === sent.length - 1),
          );
          for (const { bytes } of sent) {
            assert.ok(bytes.byteLength <= maxBytes);
            if (isText) assert.ok(isValidUtf8(bytes, 0, bytes.byteLength));
          }
          assert.equal(heldBuffers(), 0);
        },
      ),
      { numRuns: 300 },
    );
  });
});
