import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { InflationMemory, WindowMemory } from "#src/protocol/index.js";
import type { PerMessageDeflateOptions } from "#src/socket/compression.js";
import { createCompression, reportCompression, resolveDeflateOptions } from "#src/socket/compression.js";
import type { Platform } from "#src/transport/index.js";
import { WatchedCompressor } from "../support/compressors.js";
import { createFakePlatform } from "../support/fake-platform.js";

const compressor = new WatchedCompressor();

function platform(): Platform {
  const compression = {
    compressor: () => compressor,
    windows: new WindowMemory(1_000_000),
    inflations: new InflationMemory(2_000_000),
    spentMs: () => 7,
  };
  return { ...createFakePlatform(), compression };
}

const defaults = {
  wanted: {
    serverNoContextTakeover: false,
    clientNoContextTakeover: false,
    serverMaxWindowBits: 12,
    clientMaxWindowBits: 12,
  },
  thresholdBytes: undefined,
  level: undefined,
  maxWindowMemoryBytes: undefined,
};

describe("RFC 7692 §7.1 the options of permessage-deflate", () => {
  it("have defaults, and are on by default", () => {
    for (const given of [undefined, true, {}] as const) assert.deepEqual(resolveDeflateOptions(given), defaults);
    assert.equal(resolveDeflateOptions(false), undefined);
  });

  it("keep what is given", () => {
    const given: PerMessageDeflateOptions = {
      serverNoContextTakeover: true,
      clientNoContextTakeover: true,
      serverMaxWindowBits: 8,
      clientMaxWindowBits: 15,
      thresholdBytes: 0,
      level: 9,
      maxWindowMemoryBytes: 0,
    };
    const { thresholdBytes, level, maxWindowMemoryBytes, ...wanted } = given;
    assert.deepEqual(resolveDeflateOptions(given), { wanted, thresholdBytes, level, maxWindowMemoryBytes });
  });

  for (const [name, wrong, limit] of [
    ["serverMaxWindowBits", [7, 16, 9.5, Number.NaN, "12", null], 15],
    ["clientMaxWindowBits", [7, 16, 9.5, Number.NaN, "12", null], 15],
    ["level", [0, 10, 1.5, "3"], 9],
    ["thresholdBytes", [-1, 0.5, "256", Number.POSITIVE_INFINITY], Number.MAX_SAFE_INTEGER],
    ["maxWindowMemoryBytes", [-1, 0.5, "1"], Number.MAX_SAFE_INTEGER],
  ] as const) {
    it(`refuse a ${name} that is none, and name it`, () => {
      for (const value of wrong) {
        assert.throws(
          () => resolveDeflateOptions({ [name]: value }),
          (error: Error & { code?: string; limit?: number }) =>
            error.code === "invalid-limit" && error.limit === limit && error.message.includes(name),
          `${name}: ${String(value)}`,
        );
      }
    });
  }

  it("are a boolean or an object", () => {
    for (const wrong of ["yes", 1, null]) {
      assert.throws(() => resolveDeflateOptions(wrong as unknown as boolean), { code: "invalid-argument" });
    }
  });
});

describe("what connections share to compress", () => {
  it("is nothing where nothing is to be compressed, or can be", () => {
    assert.equal(createCompression(undefined, platform()), undefined);
    assert.equal(createCompression(resolveDeflateOptions(true), createFakePlatform()), undefined);
  });

  it("is the platform's compressor and memory", () => {
    const own = platform();
    const context = createCompression(resolveDeflateOptions(true), own);
    assert.equal(context?.compressor, compressor);
    assert.equal(context?.memory, own.compression?.windows);
    assert.equal(context?.inflationMemory, own.compression?.inflations);
    assert.deepEqual([context?.thresholdBytes, context?.level], [256, 3]);
  });

  it("is a budget of its own where one is asked for, and what else was set", () => {
    const options = { maxWindowMemoryBytes: 5000, thresholdBytes: 10, level: 1 };
    const context = createCompression(resolveDeflateOptions(options), platform());
    assert.equal(context?.memory.maxBytes, 5000);
    assert.deepEqual([context?.thresholdBytes, context?.level], [10, 1]);
  });
});

describe("the report about compression", () => {
  it("tells what was compressed, and what is kept", () => {
    const own = platform();
    const context = createCompression(resolveDeflateOptions(true), own);
    assert.ok(context !== undefined);
    context.memory.reserve(5000);
    context.counters.sentMessages++;
    assert.deepEqual(reportCompression(context, own), {
      sentMessages: 1,
      sentBytesBefore: 0,
      sentBytesAfter: 0,
      sentInVain: 0,
      receivedMessages: 0,
      receivedBytesBefore: 0,
      receivedBytesAfter: 0,
      spentMs: 7,
      reservedBytes: 5000,
      lentBytes: 0,
      lentCount: 0,
      forgottenCount: 0,
    });
    assert.equal(reportCompression(context, createFakePlatform()).spentMs, 0);
  });
});
