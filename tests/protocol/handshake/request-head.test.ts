import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { describe, it } from "node:test";
import fc from "fast-check";
import { CharacterSet, digits, letters } from "#src/protocol/handshake/characters.js";
import { readUpgradeRequest } from "#src/protocol/handshake/read-request.js";
import { RequestHeadReader, type RequestHeadResult } from "#src/protocol/handshake/request-head.js";
import { defaultLimits, type Limits } from "#src/protocol/limits.js";
import { portableTextCodec } from "#src/protocol/utf8.js";
import { cutAt, everyChunking } from "../../support/chunking.js";
import { concat, hexOf } from "../../support/octets.js";

/** The request of RFC 6455 §1.3, line by line, so that a test can change one. */
const rfcLines: readonly string[] = [
  "GET /chat HTTP/1.1",
  "Host: server.example.com",
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "Origin: http://example.com",
  "Sec-WebSocket-Protocol: chat, superchat",
  "Sec-WebSocket-Version: 13",
];

/** A head made of lines, one octet for a character. */
function headOf(lines: readonly string[], lineEnd = "\r\n"): Uint8Array {
  return latin1(`${lines.join(lineEnd)}${lineEnd}${lineEnd}`);
}

/** The RFC's head with its request line replaced. */
function withRequestLine(line: string): Uint8Array {
  return headOf([line, ...rfcLines.slice(1)]);
}

/** The RFC's head with lines behind its own. */
function withLines(...lines: readonly string[]): Uint8Array {
  return headOf([...rfcLines, ...lines]);
}

/** The RFC's head with all lines of a name replaced. */
function withInstead(name: string, ...lines: readonly string[]): Uint8Array {
  return headOf([...rfcLines.filter((line) => !line.startsWith(`${name}:`)), ...lines]);
}

function latin1(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, "latin1"));
}

type Outcome =
  | { readonly kind: "more" | "other" }
  | {
      readonly kind: "upgrade";
      readonly target: string;
      readonly rawHeaders: readonly string[];
      readonly rest: string;
    };

/**
 * Gives chunks to a reader until it is sure, each from the middle of a larger array that is overwritten afterwards, and
 * checks on the way what it keeps.
 */
function readChunks(chunks: readonly Uint8Array[], limits: Partial<Limits> = {}): Outcome {
  const reader = new RequestHeadReader({ ...defaultLimits, ...limits }, portableTextCodec);
  for (const [index, chunk] of chunks.entries()) {
    const memory = concat(latin1("GET"), chunk, latin1("\r\n\r\n"));
    const result: RequestHeadResult = reader.read(memory, 3, 3 + chunk.byteLength);
    memory.fill(0x2a);
    const before = concat(...chunks.slice(0, result.kind === "more" ? index + 1 : index));
    assert.equal(hexOf(reader.earlier), hexOf(before));
    if (result.kind === "more") continue;
    if (result.kind === "other") return result;
    const { method, httpVersion, target, rawHeaders } = result.request;
    assert.deepEqual([method, httpVersion], ["GET", "1.1"]);
    const rest = concat(chunk.subarray(result.end - 3), ...chunks.slice(index + 1));
    return { kind: "upgrade", target, rawHeaders, rest: Buffer.from(rest).toString("latin1") };
  }
  return { kind: "more" };
}

/** The same answer, however the octets arrive. */
function readHead(bytes: Uint8Array, limits: Partial<Limits> = {}): Outcome {
  const [whole, ...others] = everyChunking(bytes).map(({ name, chunks }) => ({
    name,
    outcome: readChunks(chunks, limits),
  }));
  for (const { name, outcome } of others) assert.deepEqual(outcome, whole?.outcome, name);
  return whole?.outcome ?? assert.fail();
}

function recognize(bytes: Uint8Array, limits: Partial<Limits> = {}): Extract<Outcome, { kind: "upgrade" }> {
  const outcome = readHead(bytes, limits);
  assert.ok(outcome.kind === "upgrade", `${outcome.kind}: ${Buffer.from(bytes).toString("latin1")}`);
  return outcome;
}

function assertOther(bytes: Uint8Array, limits: Partial<Limits> = {}): void {
  assert.equal(readHead(bytes, limits).kind, "other", JSON.stringify(Buffer.from(bytes).toString("latin1")));
}

/** Nobody has to wait for the rest of what can only be something else. */
function assertOtherAtOnce(text: string): void {
  assert.equal(readChunks([latin1(text.slice(0, -1))]).kind, "more", JSON.stringify(text.slice(0, -1)));
  assert.equal(readChunks([latin1(text)]).kind, "other", JSON.stringify(text));
}

describe("RFC 6455 §4.1 the head of an upgrade request", () => {
  it("is recognized with its target and its header lines as they were sent", () => {
    assert.deepEqual(recognize(headOf(rfcLines)), {
      kind: "upgrade",
      target: "/chat",
      rawHeaders: rfcLines.slice(1).flatMap((line) => line.split(": ")),
      rest: "",
    });
  });

  it("is followed by what belongs to the connection", () => {
    assert.equal(recognize(concat(headOf(rfcLines), latin1("\x81\x80abcd\r\n\r\n"))).rest, "\x81\x80abcd\r\n\r\n");
  });

  it("is not there before its empty line is", () => {
    const bytes = headOf(rfcLines);
    for (let length = 0; length < bytes.byteLength; length++) {
      assert.equal(readChunks([bytes.subarray(0, length)]).kind, "more", String(length));
    }
  });

  it("is recognized after empty chunks, too", () => {
    const nothing = new Uint8Array(0);
    const bytes = headOf(rfcLines);
    const chunks = [nothing, bytes.subarray(0, 9), nothing, bytes.subarray(9)];
    assert.equal(readChunks(chunks).kind, "upgrade");
  });

  it("is one that readUpgradeRequest accepts", () => {
    const bytes = headOf(rfcLines);
    const result = new RequestHeadReader(defaultLimits, portableTextCodec).read(bytes, 0, bytes.byteLength);
    assert.ok(result.kind === "upgrade");
    assert.equal(readUpgradeRequest(result.request, defaultLimits).ok, true);
  });

  it("has an Upgrade header with the token websocket, in any case and among others", () => {
    for (const lines of [
      ["upgrade:websocket"],
      ["UPGRADE: WebSocket"],
      ["Upgrade: h2c, websocket"],
      ["Upgrade: foo/1,websocket ,bar"],
      ["Upgrade:", "Upgrade: foo", "Upgrade: websocket"],
      ["Upgrade: websocket", "Upgrade: foo"],
    ]) {
      recognize(withInstead("Upgrade", ...lines));
    }
    for (const lines of [
      [],
      ["Upgrade:"],
      ["Upgrade: h2c"],
      ["Upgrade: websocket/13"],
      ["Upgrade: web", "Upgrade: socket"],
    ]) {
      assertOther(withInstead("Upgrade", ...lines));
    }
  });

  it("has a Connection header with the token upgrade, in any case and among others", () => {
    for (const lines of [
      ["CONNECTION:upgrade"],
      ["connection: keep-alive, Upgrade"],
      ["Connection: close", "Connection: , UPGRADE ,"],
      ["Connection: upgrade", "Connection: foo"],
    ]) {
      recognize(withInstead("Connection", ...lines));
    }
    for (const lines of [[], ["Connection: close"], ["Connection: upgraded"], ["Connection: upgrade x"]]) {
      assertOther(withInstead("Connection", ...lines));
    }
  });

  it("has no tab in its Connection header, where some parsers find no token", () => {
    for (const value of ["upgrade\t", "upgrade\t, foo", "\tupgrade", "foo\tbar, upgrade"]) {
      assertOther(withInstead("Connection", `Connection: ${value}`));
    }
  });
});

describe("RFC 9112 §3 the request line", () => {
  it("has any target in origin-form (§3.2.1)", () => {
    for (const target of ["/", "//", "/a/b%20c?d=e&f", "/?", "/~!$&'()*+,;=:@-._", '/"<>[]^`{|}\\']) {
      assert.equal(recognize(withRequestLine(`GET ${target} HTTP/1.1`)).target, target);
    }
  });

  it("has no other form of target (§3.2.2 to §3.2.4)", () => {
    for (const target of ["*", "http://server.example.com/chat", "server.example.com:80", "chat", "?", ""]) {
      assertOther(withRequestLine(`GET ${target} HTTP/1.1`));
    }
  });

  it("has no fragment (RFC 6455 §3), no control character and nothing beyond ASCII in its target", () => {
    for (const character of ["#", "\0", "\t", "\v", "\f", "\x1b", "\x7f", "\x80", "é", "\xff"]) {
      assertOther(withRequestLine(`GET /a${character}b HTTP/1.1`));
    }
  });

  it("is divided by single spaces", () => {
    for (const line of [
      "GET  / HTTP/1.1",
      "GET /  HTTP/1.1",
      "GET / HTTP/1.1 ",
      " GET / HTTP/1.1",
      "GET\t/ HTTP/1.1",
      "GET /\tHTTP/1.1",
      "GET /HTTP/1.1",
      "GET / x HTTP/1.1",
    ]) {
      assertOther(withRequestLine(line));
    }
  });

  it("says HTTP/1.1 and nothing else (§2.3)", () => {
    for (const version of [
      "HTTP/1.0",
      "HTTP/1.2",
      "HTTP/2.0",
      "http/1.1",
      "HTTP/1.1.",
      "HTTP/1,1",
      "HTTP/01.1",
      "HTTP",
      "",
    ]) {
      assertOther(withRequestLine(`GET / ${version}`));
    }
    assertOther(withRequestLine("GET /"));
  });

  it("is not kept waiting for when it cannot come any more", () => {
    for (const text of [
      "P",
      "GEt",
      "GETX",
      "GET h",
      "\r",
      "\n",
      "\x16",
      "\0",
      "GET /\n",
      "GET /\r\r",
      "GET /\r\n",
      "GET / HTTP/1.0\r\n",
      "GET / HTTP/1.1\n",
      "GET /\x01",
    ]) {
      assertOtherAtOnce(text);
    }
  });
});

describe("RFC 9112 §5 the header lines", () => {
  it("have a token for a name, in any case", () => {
    const name = `!#$%&'*+-.^_\`|~${digits}${letters}`;
    assert.deepEqual(recognize(withLines(`${name}: 1`)).rawHeaders.slice(-2), [name, "1"]);
    for (let code = 0; code < 256; code++) {
      const character = String.fromCharCode(code);
      if (name.includes(character) || character === ":") continue;
      for (const line of [`${character}X: 1`, `X${character}X: 1`, `X${character}: 1`]) assertOther(withLines(line));
    }
  });

  it("have no whitespace before the colon (§5.1)", () => {
    for (const line of ["X : 1", "X\t: 1", "Transfer-Encoding : chunked"]) assertOther(withLines(line));
  });

  it("have a name and a colon", () => {
    for (const line of [":", ": 1", "X", "X 1", " "]) assertOther(withLines(line));
  });

  it("do not continue the line before (§5.2)", () => {
    for (const line of [" 1", "\t1", " X: 1", "\tX: 1"]) {
      assertOther(withLines(line));
      assertOther(headOf([rfcLines[0] ?? "", line, ...rfcLines.slice(1)]));
    }
  });

  it("end with CR and LF, and neither stands alone (§2.2)", () => {
    assertOther(headOf(rfcLines, "\n"));
    assertOther(headOf(rfcLines, "\r"));
    for (const line of ["X: 1\nY: 2", "X: 1\rY: 2", "X: 1\r", "X: 1\n", "X: 1\n\r", "\r", "\n"])
      assertOther(withLines(line));
    assertOther(latin1(`${rfcLines.join("\r\n")}\r\n\n`));
    assertOther(latin1(`${rfcLines.join("\r\n")}\n\r\n`));
    assertOther(latin1(`${rfcLines.join("\r\n")}\r\n\r\r\n`));
  });

  it("have values without the whitespace around them (RFC 9110 §5.5)", () => {
    for (const [line, value] of [
      ["X:1", "1"],
      ["X: \t 1 \t 2\t \t", "1 \t 2"],
      ["X:", ""],
      ["X: ", ""],
      ["X:\t \t", ""],
      ["X:::", "::"],
    ] as const) {
      assert.deepEqual(recognize(withLines(line)).rawHeaders.slice(-2), ["X", value]);
    }
  });

  it("have values of visible characters, spaces, tabs and obs-text, each octet a character (RFC 9110 §5.5)", () => {
    for (let code = 0; code < 256; code++) {
      const bytes = withLines(`X: a${String.fromCharCode(code)}z`);
      if ((code < 0x20 && code !== 0x09) || code === 0x7f) assertOther(bytes);
      else assert.deepEqual(recognize(bytes).rawHeaders.slice(-2), ["X", `a${String.fromCharCode(code)}z`]);
    }
  });

  it("stay in order, and repeated as they are", () => {
    const lines = ["__proto__: 1", "constructor: 2", "X: 3", "x: 4", "X: 3", "__proto__: 5", "hasOwnProperty:"];
    assert.deepEqual(
      recognize(withLines(...lines)).rawHeaders.slice(-14),
      lines.flatMap((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()]),
    );
  });

  it("have exactly one Host (§3.2)", () => {
    recognize(withInstead("Host", "hOST:"));
    assertOther(withInstead("Host"));
    assertOther(withLines("Host: server.example.com"));
    assertOther(withLines("host: other.example.com"));
  });
});

describe("RFC 9112 §6 a body", () => {
  it("is no part of an upgrade: not even of no octets, nor announced in any way", () => {
    for (const line of [
      "Content-Length: 0",
      "content-length: 5",
      "CONTENT-LENGTH:",
      "Content-Length: 5, 5",
      "Transfer-Encoding: chunked",
      "transfer-encoding: identity",
      "Transfer-encoding:",
      "Transfer-Encoding: \x0bchunked",
    ]) {
      assertOther(withLines(line));
      assertOther(headOf([rfcLines[0] ?? "", line, ...rfcLines.slice(1)]));
    }
  });

  it("is not asked about (RFC 9110 §10.1.1)", () => {
    for (const line of ["Expect: 100-continue", "EXPECT: x", "expect:"]) assertOther(withLines(line));
  });

  it("may be spoken of in headers that only look alike", () => {
    recognize(
      withLines("Content-Lengths: 5", "Content_Length: 5", "Transfer-Encodings: x", "Expects: x", "TE: trailers"),
    );
  });
});

describe("the limits of a head", () => {
  const bytes = headOf(rfcLines);

  it("are maxHeaderBytes octets in all, the empty line included", () => {
    recognize(bytes, { maxHeaderBytes: bytes.byteLength });
    assertOther(bytes, { maxHeaderBytes: bytes.byteLength - 1 });
    assertOther(bytes, { maxHeaderBytes: 0 });
    recognize(concat(bytes, new Uint8Array(100_000)), { maxHeaderBytes: bytes.byteLength });
  });

  it("do not wait for the octet that is too many", () => {
    for (const maxHeaderBytes of [0, 1, 5, 30, bytes.byteLength - 1]) {
      assert.equal(readChunks([bytes.subarray(0, maxHeaderBytes)], { maxHeaderBytes }).kind, "other");
      if (maxHeaderBytes === 0) continue;
      assert.equal(readChunks([bytes.subarray(0, maxHeaderBytes - 1)], { maxHeaderBytes }).kind, "more");
    }
  });

  it("are maxHeaderCount lines", () => {
    recognize(bytes, { maxHeaderCount: rfcLines.length - 1 });
    for (const maxHeaderCount of [0, 1, rfcLines.length - 2]) assertOther(bytes, { maxHeaderCount });
  });

  it("end many tiny lines as soon as one is too many", () => {
    const lines = `GET / HTTP/1.1\r\n${"a:\r\n".repeat(4)}`;
    assert.equal(readChunks([latin1(lines)], { maxHeaderCount: 4 }).kind, "more");
    assert.equal(readChunks([latin1(`${lines}b:\r\n`)], { maxHeaderCount: 4 }).kind, "other");
  });

  it("bound what is kept, whatever the size of the chunks", () => {
    const reader = new RequestHeadReader(defaultLimits, portableTextCodec);
    const start = latin1("GET /");
    assert.equal(reader.read(start, 0, start.byteLength).kind, "more");
    const flood = new Uint8Array(1024 * 1024).fill(0x61);
    assert.equal(reader.read(flood, 0, flood.byteLength).kind, "other");
    assert.equal(hexOf(reader.earlier), hexOf(start));
    assert.ok(reader.earlier.buffer.byteLength <= defaultLimits.maxHeaderBytes);
  });

  it("bound what is kept of what comes octet by octet to twice what has come", () => {
    const reader = new RequestHeadReader(defaultLimits, portableTextCodec);
    for (let count = 1; count < defaultLimits.maxHeaderBytes; count++) {
      assert.equal(reader.read(latin1("GET /".charAt(count - 1) || "a"), 0, 1).kind, "more");
      const keptBytes = reader.earlier.buffer.byteLength;
      assert.ok(keptBytes <= Math.max(64, 2 * count) && keptBytes <= defaultLimits.maxHeaderBytes, String(keptBytes));
    }
    assert.equal(reader.read(latin1("a"), 0, 1).kind, "other");
  });
});

describe("the work that a head makes", () => {
  /** Octets that are looked at or copied while a head arrives octet by octet. */
  function workOn(t: TestContext, bytes: Uint8Array): { readonly looks: number; readonly copies: number } {
    const work = { looks: 0, copies: 0 };
    // By hand: the runner's mocks remember every call.
    const characterSets: { spanEnd: (this: CharacterSet, bytes: Uint8Array, start: number, end: number) => number } =
      CharacterSet.prototype;
    const arrays: { set: (this: Uint8Array, octets: ArrayLike<number>, offset?: number) => void } =
      Uint8Array.prototype;
    const { spanEnd } = characterSets;
    const { set } = arrays;
    const restore = (): void => {
      characterSets.spanEnd = spanEnd;
      arrays.set = set;
    };
    t.after(restore);
    characterSets.spanEnd = function (octets, start, end) {
      const found = spanEnd.call(this, octets, start, end);
      work.looks += found - start + 1;
      return found;
    };
    arrays.set = function (octets, offset) {
      work.copies += octets.length;
      set.call(this, octets, offset);
    };
    const limits = { maxHeaderBytes: bytes.byteLength, maxHeaderCount: bytes.byteLength };
    const reader = new RequestHeadReader(limits, portableTextCodec);
    let kind = "";
    for (let index = 0; index < bytes.byteLength; index++) kind = reader.read(bytes, index, index + 1).kind;
    restore();
    assert.equal(kind, "upgrade");
    return work;
  }

  const shapes: Readonly<Record<string, (size: number) => Uint8Array>> = {
    "a long target": (size) => withRequestLine(`GET /${"a".repeat(size)} HTTP/1.1`),
    "a long name": (size) => withLines(`${"a".repeat(size)}: 1`),
    "a long value": (size) => withLines(`X: ${"a".repeat(size)}`),
    "a long value of obs-text": (size) => withLines(`X: ${"\xff".repeat(size)}`),
    "a value that changes between ASCII and obs-text": (size) => withLines(`X: ${"a\xff".repeat(size / 2)}`),
    "much whitespace": (size) => withLines(`X:${" \t".repeat(size / 2)}`),
    "many tiny lines": (size) => withLines(...Array.from({ length: size / 4 }, () => "a:")),
    "many elements in its lists": (size) => withLines(`Connection: ${"a,".repeat(size / 2)}`),
  };

  for (const [shape, make] of Object.entries(shapes)) {
    it(`grows with its length and not faster: ${shape}`, (t) => {
      for (const size of [1024, 32_768]) {
        const bytes = make(size);
        const { looks, copies } = workOn(t, bytes);
        // Each octet when it comes, twice where the scan stops at it and goes on there; and once more in its line.
        assert.ok(looks <= 4 * bytes.byteLength, `${looks} looks at ${bytes.byteLength} octets`);
        // Each octet when it comes, and in each of the buffers that grow by the factor of two.
        assert.ok(copies <= 3 * bytes.byteLength, `${copies} octets copied of ${bytes.byteLength}`);
      }
    });
  }
});

function characterOf(text: string): fc.Arbitrary<string> {
  return fc.nat({ max: text.length - 1 }).map((index) => text.charAt(index));
}

describe("whatever comes", () => {
  const nameCharacter = characterOf(`!#$%&'*+-.^_\`|~${digits}${letters}`);
  const name = fc
    .string({ unit: nameCharacter, minLength: 1, maxLength: 20 })
    .filter((text) => !/^(?:host|upgrade|connection|expect|content-length|transfer-encoding)$/iu.test(text));
  const valueCharacter = fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: 0x20, max: 0x7e }) },
    { weight: 1, arbitrary: fc.constant(0x09) },
    { weight: 1, arbitrary: fc.integer({ min: 0x80, max: 0xff }) },
  );
  const value = fc.array(valueCharacter, { maxLength: 30 }).map((codes) => String.fromCharCode(...codes));
  const whitespace = fc.string({ unit: fc.constantFrom(" ", "\t"), maxLength: 3 });
  const header = fc.tuple(name, whitespace, value);
  const cuts = fc.array(fc.nat(), { maxLength: 8 });

  it("every well-formed upgrade request is recognized as it is, at any cuts", () => {
    const target = fc.string({ unit: characterOf("/?%=&~_-.:@aZ09"), maxLength: 40 });
    fc.assert(
      fc.property(target, fc.array(header, { maxLength: 20 }), fc.nat(), cuts, (path, headers, seed, positions) => {
        const needed = ["Host: a", "Connection: upgrade", "Upgrade: websocket"];
        const lines = headers.map(([key, space, text]) => `${key}:${space}${text}`);
        for (const [index, line] of needed.entries()) lines.splice((seed >> (index * 4)) % (lines.length + 1), 0, line);
        const bytes = headOf([`GET /${path} HTTP/1.1`, ...lines]);
        const expected = lines.flatMap((line) => {
          const at = line.indexOf(":");
          return [line.slice(0, at), line.slice(at + 1).replaceAll(/^[ \t]+|[ \t]+$/gu, "")];
        });
        for (const chunks of [[bytes], cutAt(bytes, positions)]) {
          assert.deepEqual(readChunks(chunks), { kind: "upgrade", target: `/${path}`, rawHeaders: expected, rest: "" });
        }
      }),
    );
  });

  it("the answer does not depend on the cuts, and what was kept is what came", () => {
    const pieces = [
      "GET ",
      "/",
      " HTTP/1.1",
      "\r\n",
      "\r",
      "\n",
      " ",
      "\t",
      ":",
      "Host: a\r\n",
      "a",
      "é",
      "\0",
      "\x7f",
    ];
    const upgradeLines = ["Upgrade: websocket\r\n", "Connection: upgrade\r\n", "GET / HTTP/1.1\r\nHost: a\r\n"];
    const text = fc
      .array(fc.constantFrom(...pieces, ...upgradeLines), { maxLength: 14 })
      .map((parts) => parts.join(""));
    const limits = fc.record({ maxHeaderBytes: fc.nat({ max: 200 }), maxHeaderCount: fc.nat({ max: 6 }) });
    fc.assert(
      fc.property(text, limits, cuts, (octets, some, positions) => {
        const bytes = latin1(octets);
        assert.deepEqual(readChunks(cutAt(bytes, positions), some), readChunks([bytes], some));
      }),
      { numRuns: 1000 },
    );
  });

  it("nothing is recognized in random octets", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 5, maxLength: 200 }), (bytes) => {
        assert.equal(readChunks([bytes]).kind, "other");
      }),
    );
  });

  it("one changed octet makes it another request or none, but never a longer or shorter one", () => {
    const original = headOf(rfcLines);
    fc.assert(
      fc.property(fc.nat({ max: original.byteLength - 1 }), fc.nat({ max: 255 }), (index, octet) => {
        const bytes = original.slice();
        bytes[index] = octet;
        const outcome = readChunks([concat(bytes, latin1("rest"))]);
        if (outcome.kind === "upgrade") {
          assert.equal(outcome.rest, "rest");
          assert.equal(outcome.rawHeaders.length, 2 * (rfcLines.length - 1));
        }
      }),
      { numRuns: 1000 },
    );
  });
});
