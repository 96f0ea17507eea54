import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { OpenlineError, UsageError } from "#src/protocol/index.js";
import { PlainUsageError } from "#src/protocol/plain-usage-error.js";

describe("a usage error without the table of rules", () => {
  it("says its code in place of the rule", () => {
    const error = new PlainUsageError("invalid-limit", "-1", 10, "maxInboxBytes");
    assert.equal(error.message, "invalid-limit: maxInboxBytes: got -1, the limit is 10");
    const { name, code, section, observed, limit } = error;
    assert.deepEqual([name, code, section, observed, limit], ["UsageError", "invalid-limit", undefined, "-1", 10]);
    assert.equal(new PlainUsageError("already-consumed").message, "already-consumed");
    assert.equal(new PlainUsageError("url-invalid", { not: "shown" }).message, "url-invalid");
  });

  it("is what the one with the table is, too", () => {
    const error = new UsageError("close-reason-too-long", 124, 123);
    assert.ok(error instanceof PlainUsageError && error instanceof OpenlineError);
    assert.equal(
      error.message,
      "a close reason has at most 123 octets of UTF-8: got 124, the limit is 123 (RFC 6455 §5.5)",
    );
  });
});
