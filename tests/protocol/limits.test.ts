import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Limits } from "#src/protocol/limits.js";
import { defaultLimits, resolveLimits } from "#src/protocol/limits.js";

describe("§10.4 the limits", () => {
  it("are finite where none are given", () => {
    assert.deepEqual(resolveLimits(), defaultLimits);
    for (const [name, value] of Object.entries(defaultLimits)) {
      assert.ok(Number.isSafeInteger(value) && value > 0, name);
    }
  });

  it("let the largest messages of the Autobahn suite pass", () => {
    assert.ok(defaultLimits.maxMessageBytes >= 16 * 1024 * 1024, "case 9.1.6");
    assert.ok(defaultLimits.maxFragmentsPerMessage >= (4 * 1024 * 1024) / 64, "case 9.3.1");
  });

  it("let a message that maxMessageBytes allows be held, while it is copied from one buffer to the next", () => {
    assert.ok(defaultLimits.maxBufferedBytes >= 2 * defaultLimits.maxMessageBytes + 1024);
  });

  it("are changed one by one", () => {
    assert.deepEqual(resolveLimits({ maxFrameBytes: 0 }), { ...defaultLimits, maxFrameBytes: 0 });
    assert.equal(resolveLimits({ maxFrameBytes: Number.MAX_SAFE_INTEGER }).maxFrameBytes, 2 ** 53 - 1);
  });

  it("keep their defaults where undefined is given", () => {
    assert.deepEqual(resolveLimits({ maxFrameBytes: undefined } as unknown as Partial<Limits>), defaultLimits);
  });

  for (const value of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, "1000", null, 10n]) {
    it(`are not ${typeof value === "bigint" ? "a bigint" : JSON.stringify(value) + (Number.isNaN(value) ? " (NaN)" : "")}`, () => {
      assert.throws(
        () => resolveLimits({ maxMessageBytes: value } as unknown as Partial<Limits>),
        (error: { code?: unknown; name?: unknown; message?: unknown }) => {
          assert.equal(error.name, "UsageError");
          assert.equal(error.code, "invalid-limit");
          assert.match(String(error.message), /maxMessageBytes/u);
          return true;
        },
      );
    });
  }

  it("have names, and a slip in one is found", () => {
    for (const name of ["maxMesageBytes", "toString", "__proto__x"]) {
      assert.throws(() => resolveLimits({ [name]: 1 }), { code: "invalid-limit", observed: name });
    }
  });

  it("are not changed by resolving others", () => {
    const before = { ...defaultLimits };
    resolveLimits({ maxHeaderCount: 1 });
    assert.deepEqual(defaultLimits, before);
  });
});
