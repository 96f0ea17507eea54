import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { readInt32 } from "#src/protocol/frame-header.js";
import { advanceMaskingKey, applyMask, isAscii, portableMasking } from "#src/protocol/masking.js";
import { masked, sampleKey } from "../support/frames.js";
import { hexOf, utf8 } from "../support/octets.js";
import { seededRandom } from "../support/random.js";

const maxLength = 300;
const keyWord = readInt32(sampleKey, 0);

function randomBytes(length: number, seed: number): Uint8Array {
  const random = seededRandom(seed);
  return Uint8Array.from({ length }, () => Math.floor(random() * 256));
}

/** A copy that begins `alignment` octets into its memory, with `0xee` on both sides. */
function placed(bytes: Uint8Array, alignment: number): { memory: Uint8Array; view: Uint8Array } {
  const memory = new Uint8Array(alignment + bytes.byteLength + 8).fill(0xee);
  memory.set(bytes, alignment);
  return { memory, view: memory.subarray(alignment, alignment + bytes.byteLength) };
}

function assertSurroundingsUntouched(memory: Uint8Array, start: number, end: number): void {
  assert.ok(memory.every((octet, index) => (index >= start && index < end) || octet === 0xee));
}

describe("§5.3 masking", () => {
  it("makes of “Hello” what §5.7 says", () => {
    const bytes = utf8("Hello");
    applyMask(bytes, 0, 5, keyWord);
    assert.equal(hexOf(bytes), "7f9f4d5158");
  });

  it("XORs octet i with octet i MOD 4 of the key, for every length up to 300 at every alignment", () => {
    for (let length = 0; length <= maxLength; length++) {
      const original = randomBytes(length, length);
      const expected = masked(original, sampleKey);
      for (let alignment = 0; alignment < 8; alignment++) {
        const { memory, view } = placed(original, alignment);
        const ascii = applyMask(view, 0, length, keyWord);
        assert.deepEqual(view, expected, `${length} octets at alignment ${alignment}`);
        assert.equal(ascii, isAscii(expected, 0, length));
        assertSurroundingsUntouched(memory, alignment, alignment + length);
      }
    }
  });

  it("gives the same in pieces as whole, for every length up to 300 at every alignment and every first piece", () => {
    for (let length = 0; length <= maxLength; length++) {
      const original = randomBytes(length, length);
      const expected = masked(original, sampleKey);
      for (let alignment = 0; alignment < 4; alignment++) {
        for (let cut = 0; cut <= length; cut += 1 + (length >> 4)) {
          const { view } = placed(original, alignment);
          applyMask(view, 0, cut, keyWord);
          applyMask(view, cut, length, advanceMaskingKey(keyWord, cut));
          assert.deepEqual(view, expected, `${length} octets at alignment ${alignment} cut at ${cut}`);
        }
      }
    }
  });

  it("gives the same in any number of pieces as whole, with any key", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 1000 }),
        fc.uint8Array({ minLength: 4, maxLength: 4 }),
        fc.array(fc.nat({ max: 1000 }), { maxLength: 10 }),
        (original, key, cuts) => {
          const bytes = original.slice();
          const edges = [...cuts.map((cut) => Math.min(cut, bytes.length)), bytes.length].sort((a, b) => a - b);
          let word = readInt32(key, 0);
          let start = 0;
          for (const end of edges) {
            applyMask(bytes, start, end, word);
            word = advanceMaskingKey(word, end - start);
            start = end;
          }
          assert.deepEqual(bytes, masked(original, key));
        },
      ),
    );
  });

  it("undoes itself", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.integer(), fc.nat({ max: 7 }), (original, key, alignment) => {
        const { view } = placed(original, alignment);
        applyMask(view, 0, view.length, key);
        applyMask(view, 0, view.length, key);
        assert.deepEqual(view, original);
      }),
    );
  });

  it("touches only the octets from start to end", () => {
    for (const length of [0, 1, 3, 79, 80, 81, 128, 300]) {
      const memory = new Uint8Array(length + 20).fill(0xee);
      applyMask(memory, 9, 9 + length, keyWord);
      assertSurroundingsUntouched(memory, 9, 9 + length);
    }
  });

  it("touches nothing beyond its view, even where the end is wrong", () => {
    const memory = new Uint8Array(300).fill(0xee);
    const view = memory.subarray(20, 220);
    for (const start of [199, 150, 0]) {
      memory.fill(0xee);
      applyMask(view, start, 260, keyWord);
      assertSurroundingsUntouched(memory, 20 + start, 220);
      assert.deepEqual(view.slice(start), masked(new Uint8Array(200 - start).fill(0xee), sampleKey));
    }
  });

  it("tells whether the result is all ASCII, wherever the one octet stands that is not", () => {
    for (const length of [1, 2, 3, 4, 5, 7, 31, 79, 80, 81, 82, 83, 130]) {
      const ascii = Uint8Array.from({ length }, (_, index) => index % 128);
      for (let alignment = 0; alignment < 4; alignment++) {
        const { view } = placed(masked(ascii, sampleKey), alignment);
        assert.equal(applyMask(view, 0, length, keyWord), true);
        for (let place = 0; place < length; place++) {
          const almost = ascii.slice();
          almost[place] = 0x80;
          const { view: other } = placed(masked(almost, sampleKey), alignment);
          assert.equal(applyMask(other, 0, length, keyWord), false, `${place} of ${length}`);
        }
      }
    }
  });
});

describe("a masking key further on", () => {
  it("begins with the octet whose turn it is", () => {
    for (let octets = 0; octets <= 9; octets++) {
      const rotated = Uint8Array.from({ length: 4 }, (_, index) => sampleKey[(index + octets) % 4] ?? 0);
      assert.equal(advanceMaskingKey(keyWord, octets) | 0, readInt32(rotated, 0), String(octets));
    }
  });
});

describe("isAscii", () => {
  it("looks at every octet of its range and at no other", () => {
    for (let length = 0; length <= 13; length++) {
      const bytes = new Uint8Array(length + 2).fill(0x7f);
      bytes[0] = bytes[length + 1] = 0x80;
      assert.equal(isAscii(bytes, 1, length + 1), true);
      assert.equal(isAscii(bytes, 0, length + 1), false);
      assert.equal(isAscii(bytes, 1, length + 2), false);
      for (let at = 1; at <= length; at++) {
        assert.equal(isAscii(bytes.with(at, 0x80), 1, length + 1), false, `${at} of ${length}`);
      }
    }
  });
});

describe("portable masking", () => {
  it("is these two", () => {
    assert.deepEqual(portableMasking, { apply: applyMask, isAscii });
  });
});
