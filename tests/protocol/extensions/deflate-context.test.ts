import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createDeflateContext, deflateShared } from "#src/protocol/extensions/deflate-context.js";
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

  it("deflates a message once for many, without a history", () => {
    const compressor = new WatchedCompressor();
    const context = createDeflateContext(compressor);
    const message = jsonSample(1000, 1);
    const shared = deflateShared(context, message, 0, message.byteLength, settings);
    assert.ok(shared !== undefined);
    assert.deepEqual(plainInflate(concat(octetsIn(shared), octets("0000ffff"))).bytes, message);
    assert.deepEqual(compressor.histories, [0]);
    assert.equal(context.counters.sentMessages, 1);
    assert.equal(context.counters.sentBytesBefore, 1000);
    assert.equal(context.counters.sentBytesAfter, shared.end - shared.start);
  });

  it("leaves alone what is short, does not get shorter, or cannot be deflated", () => {
    const compressor = new WatchedCompressor();
    const context = createDeflateContext(compressor);
    assert.equal(deflateShared(context, jsonSample(1000, 1), 0, 255, settings), undefined);
    assert.deepEqual(compressor.histories, []);
    assert.equal(deflateShared(context, noise(1000, 1), 0, 1000, settings), undefined);
    assert.equal(context.counters.sentInVain, 1);
    compressor.hasMemory = false;
    assert.equal(deflateShared(context, jsonSample(1000, 1), 0, 1000, settings), undefined);
    assert.equal(context.counters.sentMessages, 0);
  });
});
