import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isCloseCodeOnWire } from "#src/protocol/close-code.js";
import { ProtocolError, UsageError, usageCodes, violationCodes } from "#src/protocol/errors.js";

describe("a violation by the peer", () => {
  it("has a code, the status code it leads to, and the section of the rule", () => {
    assert.equal(new Set(violationCodes).size, violationCodes.length);
    for (const code of violationCodes) {
      const error = new ProtocolError(code);
      assert.ok(error instanceof Error);
      assert.equal(error.name, "ProtocolError");
      assert.equal(error.code, code);
      assert.ok(isCloseCodeOnWire(error.closeCode), code);
      assert.match(error.section, /^RFC (?:6455|7692) §\d/u, code);
      assert.ok(error.message.endsWith(`(${error.section})`), error.message);
      assert.equal(error.observed, undefined);
      assert.equal(error.limit, undefined);
      assert.equal("cause" in error, false);
    }
  });

  it("§7.4.1: leads to 1002 for a broken protocol, 1007 for text that is none, 1009 for too much, 1008 for policy", () => {
    const byCloseCode: Record<number, string[]> = {};
    for (const code of violationCodes) (byCloseCode[new ProtocolError(code).closeCode] ??= []).push(code);
    assert.deepEqual(byCloseCode, {
      1002: [
        "reserved-bit-set",
        "reserved-opcode",
        "mask-missing",
        "mask-present",
        "length-not-minimal",
        "length-top-bit-set",
        "control-frame-fragmented",
        "control-frame-too-long",
        "continuation-without-start",
        "continuation-expected",
        "close-body-one-octet",
        "close-code-invalid",
      ],
      1007: [
        "invalid-utf8",
        "close-reason-not-utf8",
        "compressed-data-invalid",
        "compressed-data-incomplete",
        "too-many-deflate-streams",
      ],
      1008: ["too-many-fragments"],
      1009: ["length-not-representable", "frame-too-big", "message-too-big", "too-much-buffered"],
    });
  });

  it("tells what was seen and what is allowed", () => {
    const opcode = new ProtocolError("reserved-opcode", 0xb);
    assert.equal(opcode.observed, 0xb);
    assert.match(opcode.message, /: got 11 \(RFC 6455 §5\.2\)$/u);

    const tooBig = new ProtocolError("frame-too-big", 1001, 1000);
    assert.equal(tooBig.observed, 1001);
    assert.equal(tooBig.limit, 1000);
    assert.match(tooBig.message, /: got 1001, the limit is 1000 \(RFC 6455 §10\.4\)$/u);
  });

  it("keeps what caused it", () => {
    const cause = new RangeError("Invalid string length");
    assert.equal(new ProtocolError("message-too-big", 1, undefined, cause).cause, cause);
  });

  it("is short enough for its code to be the reason of a Close frame", () => {
    for (const code of violationCodes) assert.ok(Buffer.byteLength(code) <= 123);
  });
});

describe("a misuse by the caller", () => {
  it("has a code, and the section of the rule where there is one", () => {
    assert.equal(new Set(usageCodes).size, usageCodes.length);
    for (const code of usageCodes) {
      const error = new UsageError(code);
      assert.ok(error instanceof Error);
      assert.ok(!(error instanceof ProtocolError));
      assert.equal(error.name, "UsageError");
      assert.equal(error.code, code);
      if (error.section !== undefined) assert.ok(error.message.endsWith(`(${error.section})`), error.message);
      assert.equal(error.observed, undefined);
      assert.equal(error.limit, undefined);
    }
  });

  it("tells what was passed, what is allowed, and a hint", () => {
    const tooLong = new UsageError("close-reason-too-long", 124, 123);
    assert.match(tooLong.message, /: got 124, the limit is 123 \(RFC 6455 §5\.5\)$/u);
    assert.equal(tooLong.observed, 124);
    assert.equal(tooLong.limit, 123);

    const hinted = new UsageError("invalid-argument", "object", undefined, "text must be a string");
    assert.match(hinted.message, /: text must be a string: got object$/u);
    assert.equal(hinted.section, undefined);
  });

  it("shows numbers and strings only, and keeps the rest", () => {
    const observed = { toString: () => assert.fail("nobody asked for a string") };
    const error = new UsageError("invalid-argument", observed);
    assert.equal(error.observed, observed);
    assert.doesNotMatch(error.message, /got/u);
  });
});
