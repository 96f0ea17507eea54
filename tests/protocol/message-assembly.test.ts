import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "#src/protocol/errors.js";
import { defaultLimits } from "#src/protocol/limits.js";
import { assemblyOverheadBytes, MessageAssembly } from "#src/protocol/message-assembly.js";
import type { DataOpcode } from "#src/protocol/opcode.js";
import { Opcode } from "#src/protocol/opcode.js";
import { portableTextCodec } from "#src/protocol/utf8.js";
import { cutAt } from "../support/chunking.js";
import { concat, hexOf, octets, utf8 } from "../support/octets.js";
import { patternedBytes } from "../support/patterns.js";

const noLimit = Number.MAX_SAFE_INTEGER;
const overhead = assemblyOverheadBytes;

function assemble(opcode: DataOpcode, maxBufferedBytes: number, reserved = 0, trustedBytes = 0): MessageAssembly {
  return new MessageAssembly(opcode, reserved, { limits: { maxBufferedBytes }, text: portableTextCodec }, trustedBytes);
}

/** Adds one frame in one piece. */
function addFrame(assembly: MessageAssembly, payload: Uint8Array, fin: boolean): ProtocolError | undefined {
  assembly.frameStart(payload.length, fin);
  return assembly.append(payload, 0, payload.length, false);
}

function finished(assembly: MessageAssembly): string {
  const message = assembly.finish();
  assert.ok(!(message instanceof ProtocolError));
  return hexOf(message);
}

describe("§5.4 a message in pieces", () => {
  it("is the concatenation of its pieces in the order sent", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 5000 }),
        fc.array(fc.nat({ max: 5000 }), { maxLength: 8 }),
        fc.array(fc.nat({ max: 5000 }), { maxLength: 4 }),
        (payload, frameCuts, pieceCuts) => {
          const assembly = assemble(Opcode.binary, noLimit);
          const frames = cutAt(payload, frameCuts);
          frames.forEach((frame, index) => {
            assembly.frameStart(frame.length, index === frames.length - 1);
            for (const piece of cutAt(frame, pieceCuts)) {
              assert.equal(assembly.append(piece, 0, piece.length, false), undefined);
              piece.fill(0xee);
            }
          });
          assert.equal(finished(assembly), hexOf(payload));
        },
      ),
    );
  });

  it("may be empty", () => {
    const assembly = assemble(Opcode.text, noLimit);
    assembly.frameStart(0, true);
    assert.equal(finished(assembly), "");
  });

  it("takes the octets from start to end only", () => {
    const assembly = assemble(Opcode.binary, noLimit, 0x40);
    assembly.frameStart(5, true);
    assembly.append(octets("ff0102ff"), 1, 3, false);
    assembly.append(octets("ffff030405ff"), 2, 5, false);
    assert.equal(finished(assembly), "0102030405");
    assert.equal(assembly.reserved, 0x40);
    assert.equal(assembly.opcode, Opcode.binary);
  });
});

describe("§8.1 text in pieces", () => {
  it("fails at the piece with the first bad octet", () => {
    const assembly = assemble(Opcode.text, noLimit);
    assembly.frameStart(100, true);
    assert.equal(assembly.append(octets("cebae1bd"), 0, 4, false), undefined);
    assert.equal(assembly.append(octets("b9f4"), 0, 2, false), undefined);
    assert.equal(assembly.append(octets("90"), 0, 1, false)?.code, "invalid-utf8");
  });

  it("fails at its end when that is within a code point", () => {
    const assembly = assemble(Opcode.text, noLimit);
    addFrame(assembly, octets("e282"), true);
    const message = assembly.finish();
    assert.ok(message instanceof ProtocolError);
    assert.equal(message.code, "invalid-utf8");
  });

  it("§5.6: may be cut within a code point, between pieces and between frames", () => {
    const assembly = assemble(Opcode.text, noLimit);
    addFrame(assembly, octets("e2"), false);
    addFrame(assembly, octets("82"), false);
    addFrame(assembly, octets("ac"), true);
    assert.equal(finished(assembly), hexOf(utf8("€")));
    assert.equal(assembly.isAscii, false);
  });

  /** Every way to cut octets into three pieces, some of them empty. */
  function* inThree(bytes: Uint8Array): Generator<Uint8Array[]> {
    for (let first = 0; first <= bytes.length; first++) {
      for (let second = first; second <= bytes.length; second++) {
        yield [bytes.subarray(0, first), bytes.subarray(first, second), bytes.subarray(second)];
      }
    }
  }

  /** Joins pieces, of one frame or each in a frame of its own, as a parser hands them on. */
  function join(pieces: readonly Uint8Array[], areFrames: boolean): Uint8Array | ProtocolError {
    const assembly = assemble(Opcode.text, noLimit);
    if (!areFrames) assembly.frameStart(concat(...pieces).length, true);
    for (const [index, piece] of pieces.entries()) {
      if (areFrames) assembly.frameStart(piece.length, index === pieces.length - 1);
      if (piece.length === 0) continue;
      const isAscii = piece.every((octet) => octet < 0x80);
      const error = assembly.append(piece, 0, piece.length, isAscii);
      if (error !== undefined) return error;
    }
    return assembly.finish();
  }

  it("is the same wherever it is cut, between frames and within", () => {
    const text = utf8("aé\u07ff\u0800€\uffff😀\u{10ffff}z");
    for (const pieces of inThree(text)) {
      for (const areFrames of [false, true]) {
        const joined = join(pieces, areFrames);
        assert.ok(!(joined instanceof ProtocolError), pieces.map(hexOf).join(" "));
        assert.equal(hexOf(joined), hexOf(text));
      }
    }
  });

  it("fails wherever it is cut, when it is not valid", () => {
    // Too long, surrogates, above U+10FFFF, cut off, and what can be no part of UTF-8.
    const bad = [
      "c080",
      "e08080",
      "eda080",
      "f0808080",
      "f4908080",
      "e282",
      "f09f98",
      "80",
      "ff",
      "c3",
      "e28261",
      "c3c3a9",
    ];
    for (const hex of bad) {
      for (const around of ["", "61", "e282ac"]) {
        const bytes = octets(around + hex + (hex.length > 2 ? "" : around));
        for (const pieces of inThree(bytes)) {
          for (const areFrames of [false, true]) {
            const joined = join(pieces, areFrames);
            assert.ok(joined instanceof ProtocolError, pieces.map(hexOf).join(" "));
            assert.equal(joined.code, "invalid-utf8");
          }
        }
      }
    }
  });

  it("is known to be ASCII where every piece is", () => {
    const assembly = assemble(Opcode.text, noLimit);
    assembly.frameStart(4, true);
    assembly.append(utf8("ab"), 0, 2, true);
    assembly.append(utf8("cd"), 0, 2, true);
    assert.equal(assembly.isAscii, true);
    assert.equal(finished(assembly), hexOf(utf8("abcd")));
  });

  it("is checked where ASCII follows the beginning of a code point", () => {
    const assembly = assemble(Opcode.text, noLimit);
    assembly.frameStart(3, true);
    assert.equal(assembly.append(octets("c3"), 0, 1, false), undefined);
    assert.equal(assembly.append(utf8("a"), 0, 1, true)?.code, "invalid-utf8");
  });

  it("is not checked where the message is binary", () => {
    const assembly = assemble(Opcode.binary, noLimit);
    assert.equal(addFrame(assembly, octets("ff"), true), undefined);
    assert.equal(finished(assembly), "ff");
  });
});

describe("what a message in pieces is handed on in", () => {
  const allocate = (byteLength: number): Uint8Array => new Uint8Array(byteLength).fill(0xdd);
  const context = { limits: { maxBufferedBytes: noLimit }, text: portableTextCodec, allocate };

  it("is memory of its own that holds nothing else, however many fragments it came in", () => {
    for (const lengths of [[3], [600, 500], [3, 2], [1024, 1], [1000, 1000, 1000]]) {
      const assembly = new MessageAssembly(Opcode.binary, 0, context, 0);
      lengths.forEach((length, index) => {
        addFrame(assembly, new Uint8Array(length), index === lengths.length - 1);
      });
      const message = assembly.finish();
      assert.ok(!(message instanceof ProtocolError));
      assert.equal(message.buffer.byteLength, message.byteLength);
      assert.ok(new Uint8Array(message.buffer).every((octet) => octet === 0));
    }
  });

  it("is where it was joined for text, which is read at once", () => {
    const assembly = new MessageAssembly(Opcode.text, 0, context, 0);
    addFrame(assembly, utf8("ab"), false);
    addFrame(assembly, utf8("c"), true);
    const message = assembly.finish();
    assert.ok(!(message instanceof ProtocolError));
    assert.equal(hexOf(message), hexOf(utf8("abc")));
    assert.equal(message.buffer.byteLength, 1024);
  });
});

describe("§10.4 memory for a message in pieces", () => {
  it("is not taken for what was only announced", () => {
    const assembly = assemble(Opcode.binary, noLimit);
    assert.equal(assembly.heldBytes, overhead);
    assembly.frameStart(2 ** 40, false);
    assert.equal(assembly.heldBytes, overhead);
    assembly.append(octets("01"), 0, 1, false);
    assert.equal(assembly.heldBytes, overhead + 1024);
  });

  it("is at most four times what has arrived, but for the first KiB", () => {
    const assembly = assemble(Opcode.binary, noLimit);
    const piece = patternedBytes(777);
    assembly.frameStart(2 ** 40, true);
    for (let received = piece.length; received < 400_000; received += piece.length) {
      assembly.append(piece, 0, piece.length, false);
      assert.ok(assembly.heldBytes - overhead <= Math.max(1024, 4 * received));
    }
  });

  it("is taken at once for as much as the peer has sent before, and no more", () => {
    const trusted = assemble(Opcode.binary, noLimit, 0, 1_000_000);
    trusted.frameStart(1_000_000, true);
    trusted.append(octets("01"), 0, 1, false);
    assert.equal(trusted.heldBytes, overhead + 1_000_000);

    const longer = assemble(Opcode.binary, noLimit, 0, 1_000_000);
    longer.frameStart(1_000_001, true);
    longer.append(octets("01"), 0, 1, false);
    assert.equal(longer.heldBytes, overhead + 1_000_000);

    const fragmented = assemble(Opcode.binary, noLimit, 0, 1_000_000);
    addFrame(fragmented, octets("01"), false);
    assert.equal(fragmented.heldBytes, overhead + 1024);
  });

  it("comes from the platform where it has some", () => {
    const asked: number[] = [];
    const allocate = (byteLength: number): Uint8Array => {
      asked.push(byteLength);
      return new Uint8Array(byteLength).fill(0xdd);
    };
    const context = { limits: { maxBufferedBytes: noLimit }, text: portableTextCodec, allocate };
    const assembly = new MessageAssembly(Opcode.binary, 0, context, 0);
    addFrame(assembly, octets("0102"), true);
    assert.deepEqual(asked, [2]);
    assert.equal(finished(assembly), "0102");
  });

  it("ends the connection where there is none, and not the process", () => {
    let free = 1100;
    const allocate = (byteLength: number): Uint8Array => {
      free -= byteLength;
      if (free < 0) throw new RangeError("no memory");
      return new Uint8Array(byteLength);
    };
    const context = { limits: { maxBufferedBytes: noLimit }, text: portableTextCodec, allocate };
    const growing = new MessageAssembly(Opcode.binary, 0, context, 0);
    assert.equal(addFrame(growing, new Uint8Array(100), false), undefined);
    const error = addFrame(growing, new Uint8Array(2000), true);
    assert.deepEqual([error?.code, error?.closeCode, error?.observed], ["too-much-buffered", 1009, 2100]);
    assert.ok(error?.cause instanceof RangeError);

    free = 1100;
    const finishing = new MessageAssembly(Opcode.binary, 0, context, 0);
    addFrame(finishing, new Uint8Array(50), false);
    addFrame(finishing, new Uint8Array(50), true);
    const message = finishing.finish();
    assert.ok(message instanceof ProtocolError);
    assert.equal(message.code, "too-much-buffered");
  });

  it("is exactly what the last frame announces, once it is near", () => {
    const assembly = assemble(Opcode.binary, noLimit);
    addFrame(assembly, patternedBytes(300), true);
    assert.equal(assembly.heldBytes, overhead + 300);
    const message = assembly.finish();
    assert.ok(!(message instanceof ProtocolError));
    assert.equal(message.buffer.byteLength, 300);
  });

  it("is taken in few steps, however small the fragments", () => {
    const assembly = assemble(Opcode.binary, noLimit);
    const sizes = new Set<number>();
    for (let index = 0; index < 65_536; index++) {
      addFrame(assembly, octets("00010203"), false);
      sizes.add(assembly.heldBytes);
    }
    assert.ok(sizes.size <= 12, `${sizes.size} steps`);
  });

  it("ends at the limit: what fits exactly passes, one octet more fails", () => {
    const fits = assemble(Opcode.binary, 1000 + overhead);
    assert.equal(addFrame(fits, patternedBytes(1000), true), undefined);
    assert.equal(fits.heldBytes, 1000 + overhead);

    const error = addFrame(assemble(Opcode.binary, 999 + overhead), patternedBytes(1000), true);
    assert.ok(error instanceof ProtocolError);
    assert.deepEqual(
      [error.code, error.closeCode, error.observed, error.limit],
      ["too-much-buffered", 1009, 1000 + overhead, 999 + overhead],
    );
  });

  it("counts the full buffer while it is copied into the next", () => {
    for (const [limit, expected] of [
      [2000 + 2100 + overhead, undefined],
      [2000 + 2100 + overhead - 1, "too-much-buffered"],
    ] as const) {
      const assembly = assemble(Opcode.binary, limit);
      assert.equal(addFrame(assembly, patternedBytes(2000), false), undefined);
      const error = addFrame(assembly, patternedBytes(100), false);
      assert.equal(error?.code, expected);
      if (error !== undefined) assert.deepEqual([error.observed, error.limit], [2000 + 2100 + overhead, limit]);
    }
  });

  it("never holds more than the limit, and never refuses what fits beside the full buffer", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat({ max: 3000 }), { maxLength: 20 }),
        fc.integer({ min: 512, max: 20_000 }),
        (lengths, limit) => {
          const assembly = assemble(Opcode.binary, limit);
          let used = 0;
          for (const length of lengths) {
            const before = assembly.heldBytes;
            const error = addFrame(assembly, new Uint8Array(length), false);
            used += length;
            if (error !== undefined) {
              assert.equal(error.observed, before + used);
              assert.ok(before + used > limit);
              return;
            }
            assert.ok(assembly.heldBytes <= Math.max(limit, overhead));
          }
        },
      ),
    );
  });

  it("suffices by default for the largest message in any fragments", () => {
    const { maxMessageBytes, maxBufferedBytes } = defaultLimits;
    // The first frame nearly fills the message, and more frames are to come: no doubling fits into the limit.
    const assembly = assemble(Opcode.binary, maxBufferedBytes);
    assert.equal(addFrame(assembly, new Uint8Array(maxMessageBytes - 100), false), undefined);
    assert.equal(addFrame(assembly, new Uint8Array(50), false), undefined);
    assert.equal(addFrame(assembly, new Uint8Array(50), true), undefined);
    const message = assembly.finish();
    assert.ok(!(message instanceof ProtocolError));
    assert.equal(message.length, maxMessageBytes);
  });
});
