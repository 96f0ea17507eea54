import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkHeaders, formatHead, isHeaderValue } from "#src/protocol/handshake/head.js";

const owned: ReadonlySet<string> = new Set(["host"]);

describe("RFC 9110 §5.5 header values", () => {
  it("are visible characters, spaces, tabs and octets from 0x80 up", () => {
    for (let code = 0; code <= 0x1ff; code++) {
      const expected = code === 0x09 || (code >= 0x20 && code <= 0x7e) || (code >= 0x80 && code <= 0xff);
      assert.equal(isHeaderValue(String.fromCharCode(code)), expected, `U+${code.toString(16)}`);
    }
    assert.equal(isHeaderValue(""), true);
  });
});

describe("headers from the application", () => {
  it("pass when they are well-formed and nobody else's", () => {
    checkHeaders(["Cookie", "a=b; c=d", "X-Empty", "", "X-Latin", "é"], owned);
  });

  it("are refused with a line end or NUL in the value (CVE-2026-1527), without the value in the error", () => {
    for (const value of ["a\r\nX-Injected: 1", "a\nb", "a\rb", "a\0b", "a\u0100b"]) {
      assert.throws(
        () => checkHeaders(["X-Secret", value], owned),
        (error: Error & { code?: unknown; observed?: unknown }) => {
          assert.equal(error.code, "header-invalid");
          assert.match(error.message, /the value of X-Secret/);
          assert.doesNotMatch(error.message, /Injected/);
          assert.equal(error.observed, undefined);
          return true;
        },
      );
    }
  });

  it("are refused when the name is no token, which the error shows without control characters", () => {
    for (const name of ["", "a b", "a:", "a\r\nb", "é"]) {
      assert.throws(
        () => checkHeaders([name, "x"], owned),
        (error: Error & { code?: unknown }) => {
          assert.equal(error.code, "header-invalid");
          assert.doesNotMatch(error.message, /[\r\n]/);
          return true;
        },
      );
    }
  });

  it("are refused when the message owns the name, in any case", () => {
    for (const name of ["host", "Host", "HOST"]) {
      assert.throws(() => checkHeaders([name, "x"], owned), { code: "header-not-allowed", observed: name });
    }
  });

  it("are refused when a name has no value", () => {
    assert.throws(() => checkHeaders(["Cookie"], owned), { code: "header-invalid" });
  });
});

describe("the head of a message", () => {
  it("is the start line, the header lines and an empty line", () => {
    assert.equal(formatHead("GET / HTTP/1.1", ["Host", "a", "X", ""]), "GET / HTTP/1.1\r\nHost: a\r\nX: \r\n\r\n");
  });
});
