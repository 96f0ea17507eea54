import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { constants, deflateRawSync } from "node:zlib";
import { createDeflateContext } from "#src/protocol/extensions/deflate-context.js";
import type { PieceReceiver } from "#src/protocol/extensions/extension.js";
import { isFailure } from "#src/protocol/extensions/extension.js";
import { defaultInflationMemoryBytes, InflationMemory } from "#src/protocol/extensions/inflation-memory.js";
import { compressedBit } from "#src/protocol/extensions/message-deflater.js";
import { MessageInflater } from "#src/protocol/extensions/message-inflater.js";
import { octetsIn, WatchedCompressor } from "../../support/compressors.js";
import { concat, hexOf } from "../../support/octets.js";
import { noise } from "../../support/samples.js";

const laterFromBytes = 2000;
const maxBytes = 100_000;

/** Octets that inflate to much, and are long enough to be inflated as they come. */
const message = concat(new Uint8Array(80_000), noise(4000, 1));
const deflated = Uint8Array.from(deflateRawSync(message, { finishFlush: constants.Z_SYNC_FLUSH })).slice(0, -4);

function setUp(budgetBytes: number): { memory: InflationMemory; begin: () => PieceReceiver } {
  const memory = new InflationMemory(budgetBytes);
  const context = createDeflateContext(new WatchedCompressor(), { laterFromBytes, inflationMemory: memory });
  const inflater = new MessageInflater(context, 12, false);
  return { memory, begin: () => inflater.pieces(compressedBit, maxBytes) };
}

describe("the memory of unfinished inflations", () => {
  it("has room for eight of the longest messages by default", () => {
    assert.equal(new InflationMemory().maxBytes, defaultInflationMemoryBytes);
    assert.equal(defaultInflationMemoryBytes, 8 * 16 * 1024 * 1024);
  });

  it("is given out until there is no more", () => {
    const memory = new InflationMemory(100);
    assert.equal(memory.take(60), true);
    assert.equal(memory.take(41), false);
    assert.equal(memory.take(40), true);
    memory.giveBack(100);
    assert.equal(memory.takenBytes, 0);
  });

  it("is taken for the most that a piece may become, and kept for what it has", async () => {
    const { memory, begin } = setUp(1_000_000);
    const pieces = begin();
    const pushed = pieces.push(deflated, 0, 3000);
    assert.equal(memory.takenBytes, maxBytes);
    await pushed;
    assert.equal(memory.takenBytes, pieces.heldBytes);
    assert.ok(memory.takenBytes > 80_000 && memory.takenBytes < 84_000);
    void pieces.push(deflated, 3000, deflated.byteLength);
    const result = await pieces.finish();
    assert.ok(!isFailure(result));
    assert.equal(hexOf(octetsIn(result)), hexOf(message));
    assert.equal(memory.takenBytes, 0);
  });

  it("used up, makes messages wait as they came; none of them is lost", async () => {
    const { memory, begin } = setUp(maxBytes + 50_000);
    const many = Array.from({ length: 20 }, () => begin());
    const cut = 3000;
    for (const pieces of many) {
      await pieces.push(deflated, 0, cut);
      assert.ok(memory.takenBytes <= memory.maxBytes);
    }
    assert.ok(many[0]!.heldBytes > 80_000);
    for (const pieces of many.slice(1)) assert.ok(pieces.heldBytes <= 4000, `holds ${pieces.heldBytes}`);
    for (const pieces of many) await pieces.push(deflated, cut, deflated.byteLength);
    for (const pieces of many.reverse()) {
      const result = await pieces.finish();
      assert.ok(!isFailure(result));
      assert.equal(hexOf(octetsIn(result)), hexOf(message));
    }
    assert.equal(memory.takenBytes, 0);
  });

  it("is free again for one that had to wait", async () => {
    const { memory, begin } = setUp(maxBytes);
    const [first, second] = [begin(), begin()];
    await first.push(deflated, 0, 3000);
    assert.equal(second.push(deflated, 0, 3000), undefined);
    first.abort();
    assert.equal(memory.takenBytes, 0);
    await second.push(deflated, 3000, 3001);
    assert.equal(memory.takenBytes, second.heldBytes);
    second.abort();
    second.abort();
    assert.equal(memory.takenBytes, 0);
  });

  it("is given back once when a connection ends while it inflates, or fails", async () => {
    const { memory, begin } = setUp(1_000_000);
    const aborted = begin();
    const pushed = aborted.push(deflated, 0, 3000);
    aborted.abort();
    await pushed;
    assert.equal(memory.takenBytes, 0);

    const pieces = begin();
    const bomb = deflateRawSync(concat(noise(2000, 2), new Uint8Array(300_000)));
    const failure = await pieces.push(bomb, 0, bomb.byteLength);
    assert.equal(failure?.failure, "message-too-big");
    pieces.abort();
    assert.equal(memory.takenBytes, 0);
  });

  it("holds what waits in no more than twice its length, in however small pieces it comes", () => {
    const { begin } = setUp(0);
    const pieces = begin();
    for (let at = 0; at < deflated.byteLength; at++) {
      assert.equal(pieces.push(deflated, at, at + 1), undefined);
      assert.ok(pieces.heldBytes <= Math.max(1024, 2 * (at + 1)));
    }
  });
});
