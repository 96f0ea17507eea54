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
    const piece = fc.uint8Array({ maxLength: 700 });
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), fc.integer({ min: 8, max: 11 }), (pieces, bits) => {
        const window = new SlidingWindow(bits);
        let all = new Uint8Array(0);
        for (const bytes of pieces) {
          const framed = Uint8Array.of(1, ...bytes, 2);
          const expected = window.bytesWith(bytes.byteLength);
          window.append(framed, 1, framed.byteLength - 1);
          all = Uint8Array.of(...all, ...bytes);
          assert.deepEqual(contentOf(window), all.slice(Math.max(0, all.byteLength - 2 ** bits)));
          if (bytes.byteLength > 0) assert.equal(window.heldBytes, expected);
          assert.ok(window.heldBytes <= windowBytes(bits));
        }
      }),
    );
  });

  it("takes memory as there is something to remember", () => {
    const window = new SlidingWindow(15);
    assert.equal(window.heldBytes, 0);
    window.append(noise(10, 1), 0, 10);
    assert.equal(window.heldBytes, 1024 + windowOverheadBytes);
    window.append(noise(1100, 2), 0, 1100);
    assert.equal(window.heldBytes, 2048 + windowOverheadBytes);
    window.append(noise(40_000, 3), 0, 40_000);
    assert.equal(window.heldBytes, windowBytes(15));
    assert.equal(window.end, window.sizeBytes);
    window.clear();
    assert.equal(window.heldBytes, 0);
    assert.equal(window.end, 0);
  });

  it("takes no more than it can be long", () => {
    const window = new SlidingWindow(8);
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
    const memory = new WindowMemory(windowBytes(10));
    const window = new SenderWindow(12, memory);
    window.append(noise(900, 1), 0, 900);
    assert.equal(historyOf(window)?.byteLength, 900);
    window.append(noise(900, 2), 0, 900);
    assert.equal(historyOf(window), undefined);
    assert.equal(memory.lentBytes, 0);
  });
});
