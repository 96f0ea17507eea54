/**
 * The recognizer beside node:http: what it recognizes, node:http has to take for the same upgrade request, and what
 * node:http refuses it must not recognize.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readUpgradeRequest } from "#src/protocol/handshake/read-request.js";
import { RequestHeadReader } from "#src/protocol/handshake/request-head.js";
import { defaultLimits, type Limits } from "#src/protocol/limits.js";
import { nodeText } from "#src/transport/node/index.js";
import { cutAt } from "../../support/chunking.js";
import type { HttpJudge, HttpVerdict } from "../../support/http-judge.js";
import { createHttpJudge } from "../../support/http-judge.js";
import { seededRandom } from "../../support/random.js";

const generatedCases = 10_000;

/** The kinds of answer that the recognizer may give, and with "upgrade" what it found. */
type Recognized = Extract<HttpVerdict, { kind: "upgrade" }> | { readonly kind: "more" | "other" };

function recognize(chunks: readonly Uint8Array[], limits: Limits): Recognized {
  const reader = new RequestHeadReader(limits, nodeText);
  for (const [index, chunk] of chunks.entries()) {
    const result = reader.read(chunk, 0, chunk.byteLength);
    if (result.kind === "more") continue;
    if (result.kind === "other") return result;
    const rest = Buffer.concat([chunk.subarray(result.end), ...chunks.slice(index + 1)]);
    return { kind: "upgrade", ...result.request, rest: rest.toString("latin1") };
  }
  return { kind: "more" };
}

function latin1(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}

/** A judge with the limits that a server of ours gives to its HTTP server. */
function judgeWith(limits: Limits): HttpJudge {
  // Node 20 drops the lines beyond this number in silence, newer ones answer them with 431; with one more than the limit
  // the first that is too many is seen everywhere.
  return createHttpJudge({ maxHeaderSize: limits.maxHeaderBytes }, limits.maxHeaderCount + 1);
}

/** Gives the same chunks to both, and checks what the recognizer may say. */
async function compare(
  chunks: readonly Uint8Array[],
  limits: Limits,
  judge: HttpJudge,
): Promise<{ readonly ours: Recognized; readonly theirs: HttpVerdict }> {
  const ours = recognize(chunks, limits);
  const theirs = await judge.judge(chunks);
  if (ours.kind === "upgrade") assert.deepEqual(ours, theirs);
  if (theirs.kind === "error" && ours.kind !== "other") {
    // Node sees some errors before the line ends in which they stand; then it is ours to see them.
    assert.equal(ours.kind, "more");
    assert.equal(recognize([...chunks, latin1("\r\n\r\n")], limits).kind, "other", theirs.code);
  }
  if (theirs.kind === "request") assert.notEqual(ours.kind, "upgrade");
  return { ours, theirs };
}

const needed = ["Host: example.com", "Upgrade: websocket", "Connection: Upgrade"];
const usual = [
  ...needed,
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
  "Origin: https://example.com",
  "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)",
  "Cookie: session=0123456789abcdef; theme=dark",
  "Accept-Language: en-US,en;q=0.9",
  "Pragma: no-cache",
];

/** A request with the lines that an upgrade needs, before or behind the given ones. */
function around(...lines: readonly string[]): string[] {
  return [
    ["GET / HTTP/1.1", ...needed, ...lines, "", ""].join("\r\n"),
    ["GET / HTTP/1.1", ...lines, ...needed, "", ""].join("\r\n"),
  ];
}

function withRequestLine(line: string): string {
  return [line, ...usual, "", ""].join("\r\n");
}

const smuggled = "GET /admin HTTP/1.1\r\nHost: example.com\r\n\r\n";

/** What has been used to make two parsers disagree, and what is no proper request at all. None may be recognized. */
const vectors: Readonly<Record<string, readonly string[]>> = {
  "CL.TE": around("Content-Length: 6", "Transfer-Encoding: chunked").map((head) => `${head}0\r\n\r\nG`),
  "TE.CL": around("Transfer-Encoding: chunked", "Content-Length: 4").map(
    (head) => `${head}5c\r\n${smuggled}\r\n0\r\n\r\n`,
  ),
  "TE.TE": [
    ...around("Transfer-Encoding: chunked", "Transfer-Encoding: identity"),
    ...around("Transfer-Encoding: xchunked"),
    ...around("Transfer-Encoding: chunked, identity"),
    ...around("Transfer-Encoding:\tchunked"),
    ...around("Transfer-Encoding : chunked"),
    ...around(" Transfer-Encoding: chunked"),
    ...around("X: X\nTransfer-Encoding: chunked"),
    ...around("Transfer-Encoding\r\n : chunked"),
    ...around("Transfer-Encoding: \x0bchunked"),
    ...around("transfer-ENCODING: CHUNKED"),
    ...around("Transfer-Encoding:"),
  ],
  "CL.CL": [
    ...around("Content-Length: 0", "Content-Length: 44").map((head) => head + smuggled),
    ...around("Content-Length: 44, 0").map((head) => head + smuggled),
    ...around("Content-Length: +44"),
    ...around("Content-Length: 0x2c"),
    ...around("Content-Length: -1"),
    ...around("Content-Length: 4 4"),
    ...around("Content-Length:"),
    ...around("Content-Length: 99999999999999999999999999"),
    ...around("Content-Length : 44"),
    ...around("content-length: 0"),
  ],
  "chunk tricks": [
    "0;a=b\r\n\r\n",
    "0\r\nX: y\r\n\r\n",
    "0x1\r\na\r\n0\r\n\r\n",
    "1 \r\na\r\n0\r\n\r\n",
    "1\na\n0\n\n",
    "ffffffffffffffffff\r\n",
    `0\r\n\r\n${smuggled}`,
  ].flatMap((body) => around("Transfer-Encoding: chunked").map((head) => head + body)),
  "obs-fold": [
    ...around("X: 1\r\n 2"),
    ...around("X: 1\r\n\tTransfer-Encoding: chunked"),
    ...around(" X: 1"),
    ...around("\tX: 1"),
    ...around("X:\r\n 1"),
    ...around("Host: example.com\r\n .evil.example"),
    withRequestLine("GET / HTTP/1.1\r\n X: 1"),
  ],
  "bare LF": [
    ...around("X: 1\nY: 2"),
    ...around("X: 1\n"),
    ...around("X: 1\n\nGET /admin HTTP/1.1"),
    ["GET / HTTP/1.1", ...usual, "", ""].join("\n"),
    withRequestLine("GET / HTTP/1.1\nX: 1"),
    `${["GET / HTTP/1.1", ...usual].join("\r\n")}\r\n\n`,
    `${["GET / HTTP/1.1", ...usual].join("\r\n")}\n\r\n`,
  ],
  "bare CR": [
    ...around("X: 1\rY: 2"),
    ...around("X: 1\r"),
    ...around("X\r: 1"),
    ...around("X: 1\r\r\nY: 2"),
    ["GET / HTTP/1.1", ...usual, "", ""].join("\r"),
    withRequestLine("GET / HTTP/1.1\rX: 1"),
    `${["GET / HTTP/1.1", ...usual].join("\r\n")}\r\n\r\r\n`,
  ],
  "space before the colon": [...around("X : 1"), ...around("X\t: 1"), ...around("Host : example.com")],
  "no name, no colon": [...around(": 1"), ...around("X"), ...around("X 1"), ...around(":"), ...around("X X: 1")],
  "control characters": [
    ...["\0", "\x01", "\x08", "\x0b", "\x0c", "\x1f", "\x7f"].flatMap((character) => [
      ...around(`X: a${character}b`),
      ...around(`X${character}: b`),
      withRequestLine(`GET /a${character}b HTTP/1.1`),
      withRequestLine(`GET / HTTP/1.1${character}`),
    ]),
    withRequestLine("GET /\0 HTTP/1.1"),
    `\0${withRequestLine("GET / HTTP/1.1")}`,
  ],
  "other forms of target": [
    "http://example.com/",
    "HTTP://example.com/",
    "//example.com:80:80/#",
    "*",
    "example.com:443",
    "?",
    "/a#b",
    "/a b",
    "/\t",
    "/é",
    "/\xff",
    "",
  ].map((target) => withRequestLine(`GET ${target} HTTP/1.1`)),
  "other versions": [
    "HTTP/1.0",
    "HTTP/0.9",
    "HTTP/1.2",
    "HTTP/2.0",
    "HTTP/3",
    "HTTP/1.10",
    "HTTP/1.1x",
    "http/1.1",
    "ICE/1.0",
    "RTSP/1.0",
    "",
  ].map((version) => withRequestLine(`GET / ${version}`)),
  "HTTP/0.9": ["GET /\r\n", "GET /\r\n\r\n", withRequestLine("GET /")],
  "HTTP/2 preface": ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
  "TLS ClientHello": ["\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"],
  "other methods": [
    "get",
    "Get",
    "POST",
    "PUT",
    "HEAD",
    "OPTIONS",
    "CONNECT",
    "GETX",
    "G\0ET",
    "M-SEARCH",
    "SOURCE",
    "",
  ].map((method) => withRequestLine(`${method} / HTTP/1.1`)),
  "octets before the method": ["\r\n", "\n", "\r", " ", "\t", "\r\n\r\n", "\xef\xbb\xbf"].map(
    (before) => before + withRequestLine("GET / HTTP/1.1"),
  ),
  "other spaces in the request line": [
    "GET  / HTTP/1.1",
    "GET /  HTTP/1.1",
    "GET\t/ HTTP/1.1",
    "GET / HTTP/1.1 ",
    "GET /\tHTTP/1.1",
    "GET / HTTP / 1.1",
    "GET\x0b/ HTTP/1.1",
    "GET\xa0/ HTTP/1.1",
  ].map(withRequestLine),
  "two Hosts or none": [
    ...around("Host: evil.example"),
    ...around("HOST: example.com"),
    ["GET / HTTP/1.1", ...needed.slice(1), "", ""].join("\r\n"),
  ],
  "an expectation": [...around("Expect: 100-continue"), ...around("expect: x"), ...around("Expect:")],
  "no upgrade to WebSocket": [
    ["GET / HTTP/1.1", "Host: a", "", ""].join("\r\n"),
    ["GET / HTTP/1.1", "", ""].join("\r\n"),
    ["GET / HTTP/1.1", "Host: a", "Upgrade: websocket", "", ""].join("\r\n"),
    ["GET / HTTP/1.1", "Host: a", "Connection: Upgrade", "", ""].join("\r\n"),
    [
      "GET / HTTP/1.1",
      "Host: a",
      "Connection: Upgrade",
      "Upgrade: h2c",
      "HTTP2-Settings: AAMAAABkAAQAAP__",
      "",
      "",
    ].join("\r\n"),
    ["GET / HTTP/1.1", "Host: a", "Proxy-Connection: Upgrade", "Upgrade: websocket", "", ""].join("\r\n"),
    ["GET / HTTP/1.1", "Host: a", "Connection: Upgrade", "Upgrade:", "", ""].join("\r\n"),
    ...[
      '"upgrade"',
      "upgrade;q=1",
      "upgrade x",
      "x upgrade",
      "upgradex",
      "xupgrade",
      "upgrade\t",
      "\xa0upgrade",
      "up\r\n grade",
    ].map((value) => ["GET / HTTP/1.1", "Host: a", `Connection: ${value}`, "Upgrade: websocket", "", ""].join("\r\n")),
  ],
};

describe("the recognizer beside node:http: what makes parsers disagree", () => {
  const judge = judgeWith(defaultLimits);

  for (const [what, texts] of Object.entries(vectors)) {
    it(`recognizes none of: ${what}`, async () => {
      for (const text of texts) {
        const bytes = latin1(text);
        for (const chunks of [
          [bytes],
          cutAt(bytes, [1, 5, 20, 40, 80]),
          Array.from(bytes, (octet) => Uint8Array.of(octet)),
        ]) {
          const { ours } = await compare(chunks, defaultLimits, judge);
          assert.equal(ours.kind, "other", JSON.stringify(text));
        }
      }
    });
  }

  it("takes every octet in every place of a line for what node:http takes it for, or leaves it to it", async () => {
    let recognized = 0;
    for (let code = 0; code < 256; code++) {
      const character = String.fromCharCode(code);
      const texts = [
        ...[`X: ${character}`, `X: ${character}b`, `X: a${character}`, `X: a${character}b`].flatMap((line) =>
          around(line),
        ),
        ...[`${character}X: 1`, `X${character}X: 1`, `X${character}: 1`].flatMap((line) => around(line)),
        ...[`/${character}`, `/a${character}b`, `/?a${character}b`, `/?${character}`].map((target) =>
          withRequestLine(`GET ${target} HTTP/1.1`),
        ),
        ...[
          `${character}upgrade`,
          `upgrade${character}`,
          `x,${character}upgrade`,
          `upgrade${character}, x`,
          `x${character}, upgrade`,
        ].map((value) =>
          ["GET / HTTP/1.1", "Host: a", "Upgrade: websocket", `Connection: ${value}`, "", ""].join("\r\n"),
        ),
        ...[`${character}websocket`, `websocket${character}`, `x${character},websocket`].map((value) =>
          ["GET / HTTP/1.1", "Host: a", `Upgrade: ${value}`, "Connection: upgrade", "", ""].join("\r\n"),
        ),
        ["GET / HTTP/1.1", `Host: a${character}`, ...needed.slice(1), "", ""].join("\r\n"),
      ];
      for (const text of texts) {
        const { ours } = await compare([latin1(text)], defaultLimits, judge);
        if (ours.kind === "upgrade") recognized++;
      }
    }
    // 224 octets in eight values, 77 in two names, and so on: the comparison is not an empty one.
    assert.ok(recognized > 2500, String(recognized));
  });
});

describe("the recognizer beside node:http: limits", () => {
  it("recognizes no head that node:http finds too large, at any size", async () => {
    for (const maxHeaderBytes of [64, 200, 1000]) {
      const limits = { ...defaultLimits, maxHeaderBytes };
      const judge = judgeWith(limits);
      let recognized = 0;
      let refused = 0;
      for (let length = 0; length < 2 * maxHeaderBytes; length += 1 + (maxHeaderBytes >> 6)) {
        const filler = "a".repeat(length);
        for (const text of [
          withRequestLine(`GET /${filler} HTTP/1.1`),
          ...around(`X: ${filler}`),
          ...around(`${filler}X:`),
        ]) {
          for (const chunks of [[latin1(text)], cutAt(latin1(text), [30, 60])]) {
            const { ours, theirs } = await compare(chunks, limits, judge);
            if (ours.kind === "upgrade") recognized++;
            if (theirs.kind === "error") refused++;
          }
        }
      }
      assert.ok(refused > 10 && (recognized > 10 || maxHeaderBytes === 64), `${recognized} ${refused}`);
    }
  });

  it("leaves a head with too many lines to node:http, behind which it is answered with 431", async () => {
    for (const maxHeaderCount of [5, 31, 32, 128, 1000, 1500]) {
      const limits = { ...defaultLimits, maxHeaderCount };
      const judge = judgeWith(limits);
      for (const count of [maxHeaderCount - 1, maxHeaderCount, maxHeaderCount + 1, maxHeaderCount + 40]) {
        const lines = Array.from({ length: count - needed.length }, (_, index) => `X${index}: 1`);
        const bytes = latin1(around(...lines)[0] ?? "");
        const { ours, theirs } = await compare([bytes], limits, judge);
        assert.equal(ours.kind, count <= maxHeaderCount ? "upgrade" : "other", `${count} of ${maxHeaderCount}`);
        if (ours.kind === "upgrade") continue;
        if (theirs.kind !== "upgrade") {
          // What Node answers with 431.
          assert.deepEqual(theirs, { kind: "error", code: "HPE_HEADER_OVERFLOW" });
          continue;
        }
        const read = readUpgradeRequest(theirs, limits);
        assert.deepEqual(read.ok ? undefined : [read.error.code, read.error.status], ["request-header-count", 431]);
      }
    }
  });
});

describe("the recognizer beside node:http: generated and mutated heads", () => {
  const seed = Math.floor(Math.random() * 0x1_0000_0000);
  const random = seededRandom(seed);

  function below(bound: number): number {
    return Math.floor(random() * bound);
  }
  function oneOf<Item>(items: readonly Item[]): Item {
    return items[below(items.length)] as Item;
  }

  const textOctets = Array.from({ length: 256 }, (_, code) => code).filter(
    (code) => (code >= 0x20 && code !== 0x7f) || code === 9,
  );
  const tokenText = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  const strange = [
    "\r",
    "\n",
    "\r\n",
    "\r\n\r\n",
    "\0",
    " ",
    "\t",
    ":",
    ",",
    "#",
    "\x7f",
    "\x80",
    "\xff",
    "\x0b",
    "/",
    "HTTP/1.1",
    "GET ",
  ];
  const strangeLines = [
    ...Object.values(vectors)
      .flat()
      .flatMap((text) => text.split("\r\n")),
    "Upgrade: h2c",
    "Connection: close",
  ];

  function generate(): string[] {
    const target = `/${Array.from({ length: below(30) }, () => String.fromCharCode(0x21 + below(94)))
      .join("")
      .replaceAll("#", "")}`;
    const lines = oneOf([needed, usual]).slice();
    for (let count = below(6); count > 0; count--) {
      const name = Array.from({ length: 1 + below(12) }, () => tokenText.charAt(below(tokenText.length))).join("");
      const value = Array.from({ length: below(20) }, () => String.fromCharCode(oneOf(textOctets))).join("");
      lines.splice(below(lines.length + 1), 0, `${name}:${oneOf(["", " ", "  ", "\t", " \t "])}${value}`);
    }
    return [`GET ${target} HTTP/1.1`, ...lines.map((line) => (below(4) === 0 ? recased(line) : line))];
  }

  /** A header line with its name in other case. */
  function recased(line: string): string {
    const colon = line.indexOf(":");
    const name = Array.from(line.slice(0, colon), (letter) =>
      below(2) === 0 ? letter.toUpperCase() : letter.toLowerCase(),
    );
    return name.join("") + line.slice(colon);
  }

  function mutate(text: string): string {
    const at = below(text.length);
    switch (below(6)) {
      case 0:
        return text.slice(0, at) + String.fromCharCode(below(256)) + text.slice(at + 1);
      case 1:
        return text.slice(0, at) + oneOf(strange) + text.slice(at);
      case 2:
        return text.slice(0, at) + text.slice(at + 1 + below(4));
      case 3: {
        const lines = text.split("\r\n");
        lines.splice(below(lines.length), below(2), oneOf(strangeLines));
        return lines.join("\r\n");
      }
      case 4: {
        const lines = text.split("\r\n");
        lines.splice(below(lines.length), 0, oneOf(lines));
        return lines.join("\r\n");
      }
      default: {
        const from = below(text.length);
        return text.slice(0, at) + text.slice(from, from + below(40)) + text.slice(at);
      }
    }
  }

  it(`agrees on ${generatedCases} of them`, async (t) => {
    t.diagnostic(`seed ${seed}`);
    const settings = [{}, { maxHeaderBytes: 400 }, { maxHeaderCount: 6 }].map((some) => {
      const limits = { ...defaultLimits, ...some };
      return { limits, judge: judgeWith(limits) };
    });
    const seen = { both: 0, theirs: 0, refused: 0, neither: 0 };
    for (let round = 0; round < generatedCases; round++) {
      let text = `${generate().join("\r\n")}\r\n\r\n${oneOf(["", "", "\x81\x80abcd", smuggled, "\r\n"])}`;
      for (let mutations = below(4); mutations > 0; mutations--) text = mutate(text);
      const bytes = latin1(text);
      const chunks = cutAt(
        bytes,
        Array.from({ length: oneOf([0, 0, 1, 3, 10]) }, () => below(bytes.byteLength + 1)),
      ).filter((chunk) => chunk.byteLength > 0);
      const { limits, judge } = oneOf(settings);
      try {
        const { ours, theirs } = await compare(chunks, limits, judge);
        if (ours.kind === "upgrade") seen.both++;
        else if (theirs.kind === "upgrade") seen.theirs++;
        else if (theirs.kind === "error") seen.refused++;
        else seen.neither++;
      } catch (error) {
        throw new Error(
          `seed ${seed}, round ${round}: ${JSON.stringify(chunks.map((chunk) => Buffer.from(chunk).toString("latin1")))}`,
          {
            cause: error,
          },
        );
      }
    }
    t.diagnostic(JSON.stringify(seen));
    for (const count of Object.values(seen)) assert.ok(count > generatedCases / 100, JSON.stringify(seen));
  });
});
