import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type ExtensionOffer, formatExtensions, parseExtensions } from "#src/protocol/handshake/extension-header.js";

function offer(name: string, ...parameters: [string, string?][]): ExtensionOffer {
  return { name, parameters: parameters.map(([parameter, value]) => ({ name: parameter, value })) };
}

function assertParses(values: readonly string[], extensions: readonly ExtensionOffer[]): void {
  assert.deepEqual(parseExtensions(values), { ok: true, extensions });
}

describe("§9.1 parsing Sec-WebSocket-Extensions", () => {
  it("reads the RFC's examples", () => {
    assertParses(["deflate-stream"], [offer("deflate-stream")]);
    assertParses(
      ["mux; max-channels=4; flow-control, deflate-stream"],
      [offer("mux", ["max-channels", "4"], ["flow-control"]), offer("deflate-stream")],
    );
    assertParses(["private-extension"], [offer("private-extension")]);
  });

  it("reads several lines as one", () => {
    const expected = [offer("foo"), offer("bar", ["baz", "2"])];
    assertParses(["foo", "bar; baz=2"], expected);
    assertParses(["foo, bar; baz=2"], expected);
  });

  it("finds nothing where there is no header", () => {
    assertParses([], []);
  });

  it("takes a quoted value for what it says, unescaped", () => {
    assertParses(['a; b="10"'], [offer("a", ["b", "10"])]);
    assertParses([String.raw`a; b="1\0"`], [offer("a", ["b", "10"])]);
    assertParses([String.raw`a; b="\1\0" , c`], [offer("a", ["b", "10"]), offer("c")]);
  });

  it("allows whitespace between any two parts", () => {
    assertParses(['\t a ;\tb = 1 ; c = "2" ; d \t, e '], [offer("a", ["b", "1"], ["c", "2"], ["d"]), offer("e")]);
  });

  it("passes over empty elements", () => {
    assertParses([",, a,\t,b ,"], [offer("a"), offer("b")]);
    assertParses(["", "a", " "], [offer("a")]);
  });

  it("keeps the order, duplicates and the case of names", () => {
    assertParses(["a; B=1; b=2; b=2, A, a"], [offer("a", ["B", "1"], ["b", "2"], ["b", "2"]), offer("A"), offer("a")]);
  });

  it("gives no meaning to names of Object.prototype", () => {
    assertParses(
      ["__proto__; constructor=toString, hasOwnProperty; __proto__"],
      [offer("__proto__", ["constructor", "toString"]), offer("hasOwnProperty", ["__proto__"])],
    );
    assert.equal(Object.hasOwn(Object.prototype, "parameters"), false);
  });

  const malformed: [string, readonly string[], number, number][] = [
    ["an empty header", [""], 0, 0],
    ["nothing but empty elements", [", ,", " ,"], 1, 2],
    ["a separator for a name", ["(a)"], 0, 0],
    ["two names without a comma", ["a b"], 0, 2],
    ["a semicolon without a parameter", ["a;"], 0, 2],
    ["an empty parameter", ["a; ; b"], 0, 3],
    ["a comma after a semicolon", ["a;, b"], 0, 2],
    ["a parameter without a name", ["a; =1"], 0, 3],
    ["an equals sign without a value", ["a; b="], 0, 5],
    ["an equals sign before a semicolon", ["a; b=; c"], 0, 5],
    ["two values", ["a; b=1 2"], 0, 7],
    ["two equals signs", ["a; b==1"], 0, 5],
    ["an equals sign after the extension's name", ["a=1"], 0, 1],
    ["an empty quoted string", ['a; b=""'], 0, 7],
    ["a quoted string without an end", ['a; b="1'], 0, 7],
    ["a quoted string that ends in a backslash", ['a; b="1\\'], 0, 8],
    ["a quoted space, which is no token", ['a; b="1 2"'], 0, 7],
    ["a quoted comma, which is no token", ['a; b="1,2"'], 0, 7],
    ["an escaped quotation mark, which is no token", [String.raw`a; b="1\"2"`], 0, 8],
    ["an escaped backslash, which is no token", [String.raw`a; b="1\\2"`], 0, 8],
    ["text after a quoted string", ['a; b="1"2'], 0, 8],
    ["a quoted name", ['"a"'], 0, 0],
    ["a line end", ["a\r\n"], 0, 1],
    ["a NUL", ["a; b=\0"], 0, 5],
    ["a character beyond ASCII", ["a; b=é"], 0, 5],
    ["an error on a later line", ["a", "b; c=1", "d;"], 2, 2],
  ];
  for (const [what, values, line, position] of malformed) {
    it(`refuses ${what} and says where`, () => {
      assert.deepEqual(parseExtensions(values), { ok: false, line, position });
    });
  }

  it("never throws", () => {
    const nasty = fc.string({ unit: fc.constantFrom("a", "b", ";", ",", "=", '"', "\\", " ", "\t", "\0", "é") });
    fc.assert(
      fc.property(fc.array(fc.oneof(nasty, fc.string({ unit: "binary" })), { maxLength: 4 }), (values) => {
        const header = parseExtensions(values);
        if (header.ok)
          assert.deepEqual(parseExtensions(header.extensions.map((one) => formatExtensions([one]))), header);
        else assert.ok(header.position <= (values[header.line] ?? "").length);
      }),
    );
  });
});

describe("§9.1 the work of parsing (CVE-2021-32640, CVE-2020-7662)", () => {
  /** Stands in for a string and counts the characters that are looked at. */
  class CountedText {
    readonly #text: string;
    looks = 0;
    constructor(text: string) {
      this.#text = text;
    }
    get length(): number {
      return this.#text.length;
    }
    charCodeAt(index: number): number {
      this.looks++;
      return this.#text.charCodeAt(index);
    }
    slice(start: number, end: number): string {
      this.looks += end - start;
      return this.#text.slice(start, end);
    }
  }

  function looksAt(text: string): number {
    const counted = new CountedText(text);
    parseExtensions([counted as unknown as string]);
    return counted.looks;
  }

  const shapes: [string, (size: number) => string][] = [
    ["commas", (size) => ",".repeat(size)],
    ["spaces", (size) => " ".repeat(size)],
    ["a long name", (size) => "a".repeat(size)],
    ["spaces after a name", (size) => `a${" ".repeat(size)}`],
    ["spaces after a name and then rubbish", (size) => `a${" ".repeat(size)}(`],
    ["many extensions", (size) => "a,".repeat(size / 2)],
    ["many parameters", (size) => `a${";b".repeat(size / 2)}`],
    ["many empty parameters", (size) => `a;b${";".repeat(size)}`],
    ["a long quoted string", (size) => `a;b="${"c".repeat(size)}"`],
    ["a long quoted string without an end", (size) => `a;b="${"c".repeat(size)}`],
    ["many escapes", (size) => `a;b="${"\\c".repeat(size / 2)}"`],
    ["many backslashes", (size) => `a;b="${"\\".repeat(size)}"`],
    ["many quoted strings", (size) => `a${';b="c"'.repeat(size / 6)}`],
    ["many quotation marks", (size) => `a;b=${'"'.repeat(size)}`],
  ];
  for (const [what, make] of shapes) {
    it(`grows no faster than the header: ${what}`, () => {
      const small = looksAt(make(6 * 1024));
      const large = looksAt(make(12 * 6 * 1024));
      assert.ok(large <= 12 * small, `${small} looks became ${large}`);
      assert.ok(large <= 8 * 12 * 6 * 1024, `${large} looks at ${12 * 6} KiB`);
    });
  }

  it("ends 64 KiB of rubbish with the right error", () => {
    const size = 64 * 1024;
    assert.deepEqual(parseExtensions([";".repeat(size)]), { ok: false, line: 0, position: 0 });
    assert.deepEqual(parseExtensions([",".repeat(size)]), { ok: false, line: 0, position: size });
    assert.deepEqual(parseExtensions([`a;b="${"c".repeat(size)}`]), { ok: false, line: 0, position: size + 5 });
  });
});

describe("§9.1 writing Sec-WebSocket-Extensions", () => {
  it("writes what the RFC would", () => {
    assert.equal(
      formatExtensions([offer("mux", ["max-channels", "4"], ["flow-control"]), offer("deflate-stream")]),
      "mux; max-channels=4; flow-control, deflate-stream",
    );
  });

  it("is undone by parsing", () => {
    const token = fc.oneof(
      fc.constantFrom("__proto__", "constructor", "toString", "permessage-deflate"),
      fc.stringMatching(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,12}$/),
    );
    const extension = fc.record({
      name: token,
      parameters: fc.array(fc.record({ name: token, value: fc.option(token, { nil: undefined }) }), { maxLength: 5 }),
    });
    fc.assert(
      fc.property(fc.array(extension, { minLength: 1, maxLength: 5 }), (extensions) => {
        // fast-check makes records without a prototype.
        const plain = extensions.map(({ name, parameters }) => ({
          name,
          parameters: parameters.map((one) => ({ ...one })),
        }));
        assertParses([formatExtensions(plain)], plain);
        assertParses(
          plain.map((one) => formatExtensions([one])),
          plain,
        );
      }),
    );
  });

  it("refuses what is no token", () => {
    for (const extension of [
      offer(""),
      offer("a b"),
      offer("a", ["", "1"]),
      offer("a", ["b", ""]),
      offer("a", ["b", "1\r\n"]),
    ]) {
      assert.throws(() => formatExtensions([extension]), { name: "UsageError", code: "extension-invalid" });
    }
  });
});
