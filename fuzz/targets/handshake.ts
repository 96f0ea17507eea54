/**
 * The readers of requests and responses, given header lines as they come, and what is answered to them.
 */
import assert from "node:assert/strict";
import {
  acceptValue,
  defaultLimits,
  type HandshakeRequest,
  type HandshakeResponse,
  readUpgradeRequest,
  readUpgradeResponse,
  upgradeRequestCodes,
  upgradeResponseCodes,
  writeRefusal,
  writeUpgradeResponse,
} from "#src/protocol/index.js";
import type { SeededRandom } from "#src/testing/index.js";
import type { FuzzTarget } from "../engine/target.js";
import { makeHeaderText } from "./headers.js";

const key = "dGhlIHNhbXBsZSBub25jZQ==";
const accept = acceptValue(key);
const limits = { ...defaultLimits, maxHeaderCount: 40, maxHeaderBytes: 4096 };
const requestCodes: ReadonlySet<string> = new Set(upgradeRequestCodes);
const responseCodes: ReadonlySet<string> = new Set(upgradeResponseCodes);

const lines: readonly ((random: SeededRandom) => string)[] = [
  (random) => `Host: ${random.pick(["a.example", "a.example:80", "[::1]:9", "", "a b", "a.example:99999", "b"])}`,
  (random) => `Upgrade: ${random.pick(["websocket", "WebSocket, h2c", "h2c", ""])}`,
  (random) => `Connection: ${random.pick(["Upgrade", "keep-alive, upgrade", "close", ""])}`,
  (random) => `Sec-WebSocket-Key: ${random.pick([key, "short", "dGhlIHNhbXBsZSBub25jZR==", ""])}`,
  (random) => `Sec-WebSocket-Version: ${random.pick(["13", "8", "13, 8", ""])}`,
  (random) => `Sec-WebSocket-Accept: ${random.pick([accept, accept.toLowerCase(), ""])}`,
  (random) => `Sec-WebSocket-Protocol: ${random.pick(["chat", "chat, superchat", "chat, chat", "a b", ",", ""])}`,
  (random) => `Sec-WebSocket-Extensions: ${makeHeaderText(random)}`,
  (random) => `Origin: ${random.pick(["https://a.example", "null", ""])}`,
  (random) =>
    random.pick(["Content-Length: 0", "Content-Length: 5", "Transfer-Encoding: chunked", "X: y", "__proto__: z"]),
];

function makeLines(random: SeededRandom): string {
  const start = random.pick([
    "GET / 1.1",
    "GET /a?b 1.1",
    "POST / 1.1",
    "GET http://a.example/ 1.1",
    "GET # 1.0",
    "GET * 2.0",
  ]);
  const usual = [
    ...["Host: a.example", "Upgrade: websocket", "Connection: Upgrade"],
    ...[`Sec-WebSocket-Key: ${key}`, "Sec-WebSocket-Version: 13", `Sec-WebSocket-Accept: ${accept}`],
  ].filter(() => random.chance(0.95));
  const others = Array.from({ length: random.integer(0, 4) }, () => random.pick(lines)(random));
  return [start, random.pick(["101", "200", "404"]), ...usual, ...others].join("\n");
}

/** See the head of this file. */
export const handshake: FuzzTarget = {
  name: "handshake",
  maxInputBytes: 16_384,
  generate: (random) => Buffer.from(makeLines(random), "latin1"),
  run: (input) => {
    const [start = "", status = "", ...rest] = Buffer.from(input).toString("latin1").split("\n");
    const [method = "", target = "", httpVersion = ""] = start.split(" ");
    const rawHeaders = rest.flatMap((line) => {
      const colon = line.indexOf(":");
      return colon === -1 ? [line, ""] : [line.slice(0, colon), line.slice(colon + 1).trim()];
    });
    checkRequest({ method, target, httpVersion, rawHeaders });
    checkResponse({ status: Number.parseInt(status, 10), httpVersion, rawHeaders });
  },
};

function checkRequest(request: HandshakeRequest): void {
  const read = readUpgradeRequest(request, limits);
  if (!read.ok) {
    assert.ok(requestCodes.has(read.error.code), read.error.code);
    // Whatever is wrong with a request, it can be answered, in lines of its own.
    assert.match(writeRefusal(read.error), /^HTTP\/1\.1 [45]\d\d [^\r\n]*(?:\r\n[\w-]+: [^\r\n]*)+\r\n\r\n$/u);
    return;
  }
  const { handshake: found } = read;
  assert.ok(found.key !== undefined);
  assert.ok(found.target.startsWith("/") && !/[\s#]/u.test(found.target));
  const extensions = found.extensions.slice(0, 1);
  const head = writeUpgradeResponse(found, { protocol: found.protocols[0], extensions });
  const response = responseOf(head);
  const answered = readUpgradeResponse(
    response,
    { key: found.key, protocols: found.protocols, extensions: found.extensions },
    limits,
  );
  assert.ok(answered.ok || answered.error.code === "response-header-bytes", "what we answer, we take");
  if (answered.ok) assert.deepEqual(answered.handshake, { protocol: found.protocols[0] ?? "", extensions });
}

function checkResponse(response: HandshakeResponse): void {
  const offered = [{ name: "permessage-deflate", parameters: [] }];
  const read = readUpgradeResponse(response, { key, protocols: ["chat"], extensions: offered }, limits);
  if (!read.ok) {
    assert.ok(responseCodes.has(read.error.code), read.error.code);
    return;
  }
  assert.equal(response.status, 101);
  assert.ok(read.handshake.protocol === "" || read.handshake.protocol === "chat");
  assert.ok(read.handshake.extensions.length <= 1);
}

function responseOf(head: string): HandshakeResponse {
  const [, ...headerLines] = head.split("\r\n").slice(0, -2);
  const rawHeaders = headerLines.flatMap((line) => {
    const colon = line.indexOf(": ");
    return [line.slice(0, colon), line.slice(colon + 2)];
  });
  return { status: 101, httpVersion: "1.1", rawHeaders };
}
