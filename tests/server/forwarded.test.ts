import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { parseNode, readForwarded, readXForwarded } from "#src/server/forwarded.js";

const hopsOf = (...values: readonly string[]) => readForwarded(values.flatMap((value) => ["Forwarded", value]));

describe("RFC 7239 §4 Forwarded", () => {
  it("has a hop for each element, over any number of lines", () => {
    assert.deepEqual(
      hopsOf('for=192.0.2.43;proto=https;host="a.example:8443", FOR="[2001:db8::1]:4711"', "by=_x ; for=unknown"),
      [
        { from: "192.0.2.43", proto: "https", host: "a.example:8443" },
        { from: "[2001:db8::1]:4711", proto: undefined, host: undefined },
        { from: "unknown", proto: undefined, host: undefined },
      ],
    );
    assert.deepEqual(readForwarded(["Host", "a.example"]), []);
  });

  it("takes backslashes out of quoted strings, and finds no separator in them", () => {
    assert.deepEqual(hopsOf('for="a\\"b;c,d\\\\"'), [{ from: 'a"b;c,d\\', proto: undefined, host: undefined }]);
  });

  it("passes over empty elements and pairs (RFC 9110 §5.6.1.2)", () => {
    assert.deepEqual(hopsOf(", for=1.1.1.1; ,,;proto=http,"), [
      { from: "1.1.1.1", proto: undefined, host: undefined },
      { from: undefined, proto: "http", host: undefined },
    ]);
    assert.deepEqual(hopsOf(""), []);
  });

  it("is malformed with anything else; and a quote does not reach into the next line", () => {
    for (const value of [
      ...[
        "for",
        "for=",
        "for =a",
        "for= a",
        "=a",
        "for=a b",
        'for="a',
        'for="a\\"',
        'for="a"b',
        "for=a;for=b",
        "for=[::1]",
        "for=é",
      ],
      ...["for=a:b", "for=a/b", "for=a=b", "1.1.1.1\n"],
    ]) {
      assert.equal(hopsOf(value), undefined, value);
    }
    assert.equal(hopsOf('for="_x', 'for=1.1.1.1"'), undefined);
  });

  it("reads back what is written by the grammar", () => {
    const value = fc.oneof(
      fc.stringMatching(/^[0-9A-Za-z.-]{1,12}$/),
      fc.string({ unit: "grapheme-ascii", maxLength: 12 }),
    );
    const optional = fc.option(value, { nil: undefined });
    const hop = fc.record({ from: optional, proto: optional, host: value }, { noNullPrototype: true });
    fc.assert(
      fc.property(fc.array(hop, { maxLength: 5 }), (hops) => {
        const written = hops.map(({ from, proto, host }) =>
          Object.entries({ for: from, proto, host })
            .filter(([, text]) => text !== undefined)
            .map(([name, text]) => `${name}="${String(text).replaceAll(/["\\]/gu, "\\$&")}"`)
            .join(";"),
        );
        assert.deepEqual(hopsOf(written.join(", ")), hops);
      }),
    );
  });

  it("takes time in proportion to its length, whatever it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("a", "=", ";", ",", '"', "\\", " ", "\t") }), (value) => {
        hopsOf(value);
      }),
    );
    // Would take hours if any of them were tried twice.
    for (const piece of ["for=a;", '"', '\\"', 'for="\\', ", ", "a", "=", " "]) {
      hopsOf(piece.repeat(100_000));
      hopsOf(`for="${piece.repeat(100_000)}`);
    }
  });
});

describe("X-Forwarded-For and its like", () => {
  it("have a hop for each address, beside its protocol and host where there are as many", () => {
    assert.deepEqual(
      readXForwarded([
        ...["X-Forwarded-For", "1.1.1.1, 2.2.2.2", "x-forwarded-for", "3.3.3.3"],
        ...["X-Forwarded-Proto", "https, http, http", "X-Forwarded-Host", "a.example"],
      ]),
      [
        { from: "1.1.1.1", proto: "https", host: "a.example" },
        { from: "2.2.2.2", proto: "http", host: "a.example" },
        { from: "3.3.3.3", proto: "http", host: "a.example" },
      ],
    );
  });

  it("take the nearest proxy's word where the numbers differ", () => {
    assert.deepEqual(readXForwarded(["X-Forwarded-For", "1.1.1.1", "X-Forwarded-Proto", "https, http"]), [
      { from: "1.1.1.1", proto: "http", host: undefined },
    ]);
  });

  it("tell of one hop where there is no address, and of none where there is nothing", () => {
    assert.deepEqual(readXForwarded(["X-Forwarded-Proto", "https"]), [
      { from: undefined, proto: "https", host: undefined },
    ]);
    assert.deepEqual(readXForwarded(["X-Forwarded-For", " , "]), []);
    assert.deepEqual(readXForwarded([]), []);
  });
});

describe("RFC 7239 §6 a node", () => {
  it("is an address with or without a port, in lower case", () => {
    for (const [text, address] of [
      ["192.0.2.43", "192.0.2.43"],
      ["192.0.2.43:47011", "192.0.2.43"],
      ["192.0.2.43:_port", "192.0.2.43"],
      ["[2001:DB8::1]", "2001:db8::1"],
      ["[2001:db8::1]:4711", "2001:db8::1"],
      ["2001:db8::1", "2001:db8::1"],
      ["unknown", "unknown"],
      ["Unknown:1", "unknown"],
      ["_hidden", "unknown"],
      ["_SEVKISEK:_x", "unknown"],
    ] as const) {
      assert.equal(parseNode(text), address, text);
    }
  });

  it("is malformed with anything else", () => {
    for (const text of [
      "",
      ":",
      "a.example",
      "1.2.3",
      "1.2.3.4:",
      "1.2.3.4:123456",
      "[1.2.3.4]",
      "[::1",
      "::1]",
      "[]",
      "[::1]x",
      "_",
      "_a b",
      "1.2.3.4:x",
      "[::1]:",
    ]) {
      assert.equal(parseNode(text), undefined, text);
    }
  });
});
