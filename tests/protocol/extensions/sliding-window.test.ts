import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  SenderWindow,
  SlidingWindow,
  windowBytes,
  windowOverheadBytes,
} from "#src/protocol/extensions/sliding-window.js";
import { WindowMemory } from "#src/protocol/extensions/window-memory.js";
import { concat, hexOf, octets } from "../../support/octets.js";
import { noise } from "../../support/samples.js";

function contentOf({ bytes, start, end }: SlidingWindow): Uint8Array {
  return bytes.slice(start, end);
}

/** Asked by a function, since the compiler believes that a property stays as it was asserted to be. */
function historyOf(window: SenderWindow): Uint8Array | undefined {
  const { history } = window;
  return history?.bytes.slice(history.start, history.end);
}

describe("§7.2 the sliding window", () => {
  it("holds the last octets of all that was appended, in one row, in no more memory than said before", () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 700 }),
      fc.integer({ max: 9000, min: 0 }).map((length) => noise(length, 1)),
    );
    const bits = fc.integer({ min: 8, max: 13 });
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), bits, bits, (pieces, bits1, bits2) => {
        const memory = new WindowMemory();
        // Two that lie beside each other.
        const windows = [new SlidingWindow(bits1, memory), new SlidingWindow(bits2, memory)];
        const alls: Uint8Array[] = [new Uint8Array(0), new Uint8Array(0)];
        for (const [index, bytes] of pieces.entries()) {
          const window = windows[index & 1]!;
          const framed = concat(octets("01"), bytes, octets("02"));
          const expected = window.bytesWith(bytes.byteLength);
          window.append(framed, 1, framed.byteLength - 1);
          alls[index & 1] = concat(alls[index & 1]!, bytes);
          if (bytes.byteLength > 0) assert.equal(window.heldBytes, expected);
          for (const [which, { sizeBytes, heldBytes }] of windows.entries()) {
            assert.equal(hexOf(contentOf(windows[which]!)), hexOf(alls[which]!.slice(-sizeBytes)));
            assert.ok(heldBytes <= sizeBytes + windowOverheadBytes);
          }
        }
        for (const window of windows) window.clear();
        assert.ok(memory.allocatedBytes <= 4 * 256 * 1024);
      }),
    );
  });

  it("takes memory when there is something to remember, a page first", () => {
    const memory = new WindowMemory();
    const window = new SlidingWindow(15, memory);
    assert.equal(window.heldBytes, 0);
    assert.equal(memory.allocatedBytes, 0);
    window.append(noise(10, 1), 0, 10);
    assert.equal(window.heldBytes, 4096 + windowOverheadBytes);
    window.append(noise(4086, 2), 0, 4086);
    assert.equal(window.heldBytes, 4096 + windowOverheadBytes);
    window.append(noise(1, 2), 0, 1);
    assert.equal(window.heldBytes, windowBytes(15));
    window.clear();
    assert.equal(window.heldBytes, 0);
    assert.equal(window.end - window.start, 0);
  });

  it("takes no more than it can be long", () => {
    const window = new SlidingWindow(8, new WindowMemory());
    window.append(noise(10, 1), 0, 10);
    assert.equal(window.heldBytes, windowBytes(8));
  });
});

describe("a sender's window", () => {
  it("is counted while it holds something", () => {
    const memory = new WindowMemory();
    const window = new SenderWindow(12, memory);
    assert.equal(historyOf(window), undefined);
    assert.equal(window.heldBytes, 0);
    window.append(noise(100, 1), 0, 0);
    assert.equal(memory.lentBytes, 0);
    window.append(noise(5000, 1), 0, 5000);
    assert.equal(memory.lentBytes, windowBytes(12));
    assert.equal(window.heldBytes, windowBytes(12));
    assert.equal(historyOf(window)?.byteLength, 4096);
    window.forget();
    assert.equal(memory.lentBytes, 0);
    assert.equal(historyOf(window), undefined);
  });

  it("forgets when memory is needed elsewhere, and begins anew", () => {
    const memory = new WindowMemory(windowBytes(12) * 1.5);
    const [first, second] = [new SenderWindow(12, memory), new SenderWindow(12, memory)];
    first.append(noise(5000, 1), 0, 5000);
    second.append(noise(5000, 2), 0, 5000);
    assert.equal(historyOf(first), undefined);
    first.append(noise(5, 3), 0, 5);
    assert.deepEqual(historyOf(first), noise(5, 3));
  });

  it("forgets what it cannot hold", () => {
    const memory = new WindowMemory(windowBytes(12));
    const window = new SenderWindow(13, memory);
    window.append(noise(900, 1), 0, 900);
    assert.equal(historyOf(window)?.byteLength, 900);
    window.append(noise(4000, 2), 0, 4000);
    assert.equal(historyOf(window), undefined);
    assert.equal(memory.lentBytes, 0);
  });
});

describe("a sender's window for which the platform has no memory, though the budget has", () => {
  it("forgets, and counts nothing", () => {
    const memory = new WindowMemory();
    const window = new SenderWindow(12, memory);
    window.append(noise(5000, 1), 0, 5000);
    window.forget();
    const slots = memory.slots.bind(memory);
    memory.slots = () => {
      throw new RangeError("Array buffer allocation failed");
    };
    window.append(noise(100, 1), 0, 100);
    assert.deepEqual([window.heldBytes, memory.lentBytes, memory.lentCount], [0, 0, 0]);
    assert.equal(historyOf(window), undefined);
    memory.slots = slots;
    window.append(noise(100, 2), 0, 100);
    assert.equal(hexOf(historyOf(window)!), hexOf(noise(100, 2)));
  });
});
