import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createDeflateContext, deflateOnce, deflateOnceLater } from "#src/protocol/extensions/deflate-context.js";
import type { OctetRange } from "#src/protocol/extensions/extension.js";
import { WindowMemory } from "#src/protocol/extensions/window-memory.js";
import { octetsIn, WatchedCompressor } from "../../support/compressors.js";
import { concat, octets } from "../../support/octets.js";
import { plainInflate } from "../../support/plain-inflate.js";
import { jsonSample, noise } from "../../support/samples.js";

const settings = { windowBits: 15, level: 3 };

describe("what connections with permessage-deflate share", () => {
  it("has defaults", () => {
    const context = createDeflateContext(new WatchedCompressor());
    assert.ok(context.memory.maxBytes > 0);
    assert.ok(context.thresholdBytes > 0);
    assert.ok(context.laterFromBytes > context.thresholdBytes);
    assert.ok(context.maxInflatedAtOnceBytes >= context.laterFromBytes);
    assert.ok(context.level >= 1 && context.level <= 9);
  });

  it("takes what it is given", () => {
    const given = {
      memory: new WindowMemory(1),
      level: 9,
      thresholdBytes: 0,
      laterFromBytes: 1,
      maxInflatedAtOnceBytes: 2,
    };
    const context = createDeflateContext(new WatchedCompressor(), given);
    assert.deepEqual({ ...context, ...given }, context);
  });

  for (const [name, deflate] of [
    ["at once", deflateOnce],
    ["later", deflateOnceLater],
  ] as const) {
    it(`deflates a message ${name}, and counts`, async () => {
      const context = createDeflateContext(new WatchedCompressor());
      const message = jsonSample(1000, 1);
      const deflated = await deflate(context, whole(message), undefined, settings);
      assert.ok(deflated !== undefined);
      assert.deepEqual(plainInflate(concat(octetsIn(deflated), octets("0000ffff"))).bytes, message);
      assert.equal(context.counters.sentMessages, 1);
      assert.equal(context.counters.sentBytesBefore, 1000);
      assert.equal(context.counters.sentBytesAfter, deflated.end - deflated.start);
    });

    it(`leaves alone ${name} what does not get shorter, or cannot be deflated`, async () => {
      const compressor = new WatchedCompressor();
      const context = createDeflateContext(compressor);
      assert.equal(await deflate(context, whole(noise(1000, 1)), undefined, settings), undefined);
      assert.equal(context.counters.sentInVain, 1);
      compressor.hasMemory = false;
      assert.equal(await deflate(context, whole(jsonSample(1000, 1)), undefined, settings), undefined);
      assert.equal(context.counters.sentMessages, 0);
    });
  }
});

function whole(bytes: Uint8Array): OctetRange {
  return { bytes, start: 0, end: bytes.byteLength };
}
