/**
 * The recognizer of upgrade requests beside `node:http`: what it recognizes, that has to take for the same request, and
 * what that refuses, it must not recognize.
 */
import assert from "node:assert/strict";
import { defaultLimits, RequestHeadReader } from "#src/protocol/index.js";
import type { SeededRandom } from "#src/testing/index.js";
import { nodeText } from "#src/transport/node/index.js";
import { cutInto, type FuzzTarget } from "../engine/target.js";
import { createHttpJudge, type HttpVerdict } from "./http-judge.js";

type Recognized = Extract<HttpVerdict, { kind: "upgrade" }> | { readonly kind: "more" | "other" };

const limits = { ...defaultLimits, maxHeaderCount: 12, maxHeaderBytes: 1024 };
const judge = createHttpJudge({ maxHeaderSize: limits.maxHeaderBytes }, limits.maxHeaderCount + 1);

const needed = ["Host: a.example", "Upgrade: websocket", "Connection: Upgrade"];
const others = [
  ...["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13", "Cookie: a=1; b=2", "X:", "X: y "],
  ...[
    "Content-Length: 0",
    "Content-Length: 5",
    "Transfer-Encoding: chunked",
    "Connection: close",
    "Connection: keep-alive",
  ],
  ...[
    "Upgrade: h2c",
    "Host: b",
    " folded: yes",
    "X : y",
    "X\0: y",
    "Ünicode: ü",
    "X: \tz",
    "Expect: 100-continue",
    "X",
  ],
  ...[
    "Connection: upgrade, Upgrade",
    "Upgrade: WebSocket",
    "Proxy-Connection: close",
    "Trailer: x",
    "X: \x7f",
    "TE: trailers",
  ],
];
const starts = [
  ...[
    "GET / HTTP/1.1",
    "GET /?q=%20 HTTP/1.1",
    "GET / HTTP/1.0",
    "GET  / HTTP/1.1",
    "get / HTTP/1.1",
    "POST / HTTP/1.1",
  ],
  ...[
    "GET /#a HTTP/1.1",
    "GET http://a/ HTTP/1.1",
    "GET /\t HTTP/1.1",
    "GET /ä HTTP/1.1",
    "CONNECT a:1 HTTP/1.1",
    "GET /",
  ],
];

function makeRequest(random: SeededRandom): string {
  const lines = [random.chance(0.8) ? "GET /chat HTTP/1.1" : random.pick(starts)];
  for (const line of needed) if (random.chance(0.97)) lines.push(line);
  for (let count = random.integer(0, 5); count > 0; count--) {
    lines.splice(random.integer(1, lines.length), 0, random.pick(others));
  }
  const end = random.chance(0.95) ? "\r\n" : random.pick(["\n", "\r", "\r\r\n"]);
  return `${random.chance(0.03) ? "\r\n" : ""}${lines.join(end)}\r\n\r\n${random.pick(["", "", "\x81\x00", "GET /"])}`;
}

/** See the head of this file. */
export const requestHead: FuzzTarget = {
  name: "request-head",
  maxInputBytes: 4096,
  generate: (random) => Buffer.concat([random.octets(1), Buffer.from(makeRequest(random), "latin1")]),
  run: async (input) => {
    const chunks = cutInto(input.subarray(1), input[0] ?? 0);
    const ours = recognize(chunks);
    const theirs = await judge.judge(chunks);
    if (ours.kind === "upgrade") assert.deepEqual(ours, theirs);
    if (theirs.kind === "request") assert.notEqual(ours.kind, "upgrade");
    if (theirs.kind === "error" && ours.kind !== "other") {
      // Node sees some errors before the line ends in which they stand; then it is ours to see them.
      assert.equal(ours.kind, "more");
      assert.equal(recognize([...chunks, Buffer.from("\r\n\r\n")]).kind, "other", theirs.code);
    }
    // However it is cut, it is recognized as the same.
    assert.deepEqual(recognize([input.slice(1)]), ours);
  },
};

function recognize(chunks: readonly Uint8Array[]): Recognized {
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
