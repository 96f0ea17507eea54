import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  asciiBytes,
  CharacterSet,
  characterRange,
  isToken,
  lowercaseAscii,
} from "#src/protocol/handshake/characters.js";

describe("a set of characters", () => {
  const vowels = new CharacterSet("aeiou");

  it("has its members and nothing else, not even the end of a string", () => {
    assert.equal(vowels.has("e".charCodeAt(0)), true);
    assert.equal(vowels.has("x".charCodeAt(0)), false);
    assert.equal(vowels.has("".charCodeAt(0)), false);
    assert.equal(vowels.has(0x1f600), false);
  });

  it("tells whether a stretch of a string consists of members", () => {
    assert.equal(vowels.containsAll("eio"), true);
    assert.equal(vowels.containsAll("xeiox"), false);
    assert.equal(vowels.containsAll("xeiox", 1, 4), true);
    assert.equal(vowels.containsAll(""), true);
  });

  it("tells where its members end among octets", () => {
    const octets = asciiBytes("xeiox");
    assert.equal(vowels.spanEnd(octets, 1, 5), 4);
    assert.equal(vowels.spanEnd(octets, 1, 3), 3);
    assert.equal(vowels.spanEnd(octets, 0, 5), 0);
    assert.equal(vowels.spanEnd(octets, 2, 2), 2);
    assert.equal(vowels.spanEnd(Uint8Array.of(0xe9, 0), 0, 2), 0);
  });

  it("can be made of a range", () => {
    assert.equal(characterRange(0x61, 0x65), "abcde");
  });
});

describe("RFC 9110 §5.6.2 tokens", () => {
  it("are visible ASCII without the separators of RFC 2616", () => {
    const separators = '()<>@,;:\\"/[]?={} \t';
    for (let code = 0; code <= 0x1ff; code++) {
      const character = String.fromCharCode(code);
      const expected = code > 0x20 && code < 0x7f && !separators.includes(character);
      assert.equal(isToken(character), expected, `U+${code.toString(16)}`);
    }
  });

  it("are not empty", () => {
    assert.equal(isToken(""), false);
  });
});

describe("ASCII helpers", () => {
  it("turn ASCII into octets", () => {
    assert.deepEqual([...asciiBytes("GET")], [0x47, 0x45, 0x54]);
  });

  it("lower A-Z alone, so that the Kelvin sign does not become a k", () => {
    assert.equal(lowercaseAscii("HTTP://Example.COM"), "http://example.com");
    assert.equal(lowercaseAscii("\u212aÄ"), "\u212aÄ");
  });
});
