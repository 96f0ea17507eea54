import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  hasToken,
  headerValues,
  listElements,
  matchesIgnoringCase,
  measureHeaders,
  trimWhitespace,
} from "#src/protocol/handshake/headers.js";

describe("RFC 9110 §5.6.3 whitespace", () => {
  it("is spaces and tabs, at both ends", () => {
    assert.equal(trimWhitespace(" \t a b\t "), "a b");
    assert.equal(trimWhitespace(" \t "), "");
    assert.equal(trimWhitespace(""), "");
  });

  it("is neither a line end nor a space of Unicode's", () => {
    assert.equal(trimWhitespace("\r\na\u00a0"), "\r\na\u00a0");
  });
});

describe("§2.1 ASCII case-insensitive matching", () => {
  it("ignores the case of A-Z", () => {
    assert.equal(matchesIgnoringCase("WebSocket", "websocket"), true);
    assert.equal(matchesIgnoringCase("websockets", "websocket"), false);
    assert.equal(matchesIgnoringCase("websackat", "websocket"), false);
  });

  it("takes neither the Kelvin sign for a k nor punctuation for letters", () => {
    assert.equal(matchesIgnoringCase("websoc\u212aet", "websocket"), false);
    assert.equal(matchesIgnoringCase("@[", "`{"), false);
  });
});

describe("§4.1 header lookup", () => {
  const rawHeaders = ["Host", "a", "X-Two", " 1 ", "x-two", "2", "X-TWO", ""];

  it("ignores the case of names, keeps the order and every line", () => {
    assert.deepEqual(headerValues(rawHeaders, "x-two"), ["1", "2", ""]);
    assert.deepEqual(headerValues(rawHeaders, "host"), ["a"]);
    assert.deepEqual(headerValues(rawHeaders, "origin"), []);
  });

  it("does not take values for names", () => {
    assert.deepEqual(headerValues(["a", "host", "host", "b"], "host"), ["b"]);
  });

  it("finds names of Object.prototype only where they were sent", () => {
    for (const name of ["__proto__", "constructor", "tostring"]) {
      assert.deepEqual(headerValues([], name), []);
      assert.deepEqual(headerValues([name, "x"], name), ["x"]);
    }
  });

  it("takes a last name without a value for an empty value", () => {
    assert.deepEqual(headerValues(["Host"], "host"), [""]);
    assert.deepEqual(headerValues(["Host", "a", "Other"], "host"), ["a"]);
  });
});

describe("RFC 9110 §5.6.1 lists", () => {
  it("are split at commas over all lines, empty elements included", () => {
    assert.deepEqual(listElements(["a, b", "c ,,\td"]), ["a", "b", "c", "", "d"]);
    assert.deepEqual(listElements([]), []);
    assert.deepEqual(listElements([""]), [""]);
  });

  it("contain a token in any case, on any line, among empty elements", () => {
    for (const values of [["Upgrade"], ["keep-alive, UPGRADE"], ["keep-alive", "upgrade"], [", ,upgrade\t,"]]) {
      assert.equal(hasToken(values, "upgrade"), true, values.join("|"));
    }
  });

  it("do not contain a part of an element", () => {
    for (const values of [[], [""], ["upgrades"], ["up grade"], ["keep-alive; upgrade"], ['"upgrade"']]) {
      assert.equal(hasToken(values, "upgrade"), false, values.join("|"));
    }
  });

  it("contain the elements they were made of", () => {
    const element = fc.stringMatching(/^[a-z]{1,8}$/);
    fc.assert(
      fc.property(fc.array(element), element, (elements, token) => {
        assert.equal(hasToken([elements.join(" , ")], token), elements.includes(token));
      }),
    );
  });
});

describe("§10.4 the size of a head", () => {
  it("is lines, and octets of names and values", () => {
    assert.deepEqual(measureHeaders([]), { count: 0, bytes: 0 });
    assert.deepEqual(measureHeaders(["Host", "a", "X", "1234"]), { count: 2, bytes: 10 });
    assert.deepEqual(measureHeaders(["Host"]), { count: 1, bytes: 4 });
  });
});
