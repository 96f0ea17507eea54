import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Compressor } from "#src/protocol/extensions/index.js";
import { documentedCompressor } from "#src/transport/node/zlib/documented-compressor.js";
import { HotCompressor } from "#src/transport/node/zlib/hot-compressor.js";
import { passesSelfTest } from "#src/transport/node/zlib/self-test.js";

type AtOnce = Pick<Compressor, "deflate" | "inflate">;

const hot = HotCompressor.open();
assert.ok(hot !== undefined);

function passes(change: Partial<AtOnce>): boolean {
  const tried: AtOnce = {
    deflate: (...call) => hot!.deflate(...call),
    inflate: (...call) => hot!.inflate(...call),
    ...change,
  };
  return passesSelfTest(tried);
}

describe("the self-test of the handles", () => {
  it("passes where they work", () => {
    assert.ok(passes({}));
    assert.ok(passesSelfTest(documentedCompressor));
  });

  const faults: [string, Partial<AtOnce>][] = [
    ["errors are not noticed", { inflate: (bytes, start, end) => ({ bytes, start, end }) }],
    [
      "errors are not noticed where there is a history",
      {
        inflate: (...call) =>
          call[0][0] === 0xff && call[3] !== undefined ? { bytes: call[0], start: 0, end: 0 } : hot.inflate(...call),
      },
    ],
    ["the history is not looked at", { deflate: (a, b, c, _history, e) => hot.deflate(a, b, c, undefined, e) }],
    ["the history is not put back", { inflate: (a, b, c, _history, e) => hot.inflate(a, b, c, undefined, e) }],
    [
      "an octet is wrong",
      {
        inflate: (...call) => {
          const result = hot.inflate(...call);
          if ("bytes" in result) result.bytes[result.end - 1]! ^= 1;
          return result;
        },
      },
    ],
    [
      "output is cut off where there is no more room for it",
      {
        deflate: (...call) => {
          const { bytes, start, end } = hot.deflate(...call);
          return { bytes, start, end: Math.min(end, 68 * 1024) };
        },
      },
    ],
    [
      "input is inflated only as far as there is room",
      {
        inflate: (...call) => {
          const result = hot.inflate(...call);
          return "failure" in result ? result : { ...result, end: Math.min(result.end, 68 * 1024) };
        },
      },
    ],
  ];
  for (const [name, change] of faults) {
    it(`fails where ${name}`, () => {
      assert.ok(!passes(change));
    });
  }
});
