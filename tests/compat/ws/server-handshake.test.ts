import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import type { Duplex } from "node:stream";
import type { TestContext } from "node:test";
import { describe, it } from "node:test";
import type { ServerOptions } from "#src/compat/ws/index.js";
import { parseReply } from "../../support/http-reply.js";
import { openServer, upgradeHeaders } from "../../support/ws-pairs.js";

type Headers = Readonly<Record<string, string | undefined>>;

/** What a request is answered, with everything until the connection ends. */
async function reply(test: TestContext, headers: Headers, method = "GET", options: ServerOptions = {}) {
  const server = await openServer(test, options);
  const { port } = server.address() as AddressInfo;
  const socket = connect(port, "127.0.0.1");
  const given: Headers = { Host: "localhost", ...upgradeHeaders, ...headers };
  const lines = Object.entries(given).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${value}\r\n`],
  );
  socket.write(`${method} /path?query HTTP/1.1\r\n${lines.join("")}\r\n`);
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    if (chunk.includes("101 Switching")) socket.end();
  });
  await once(socket, "close");
  return parseReply(Buffer.concat(chunks));
}

const refusals: readonly [name: string, headers: Headers, status: number, body: string, method?: string][] = [
  ["another method", {}, 405, "Invalid HTTP method", "POST"],
  ["no Upgrade to websocket", { Upgrade: "other" }, 400, "Invalid Upgrade header"],
  ["no key", { "Sec-WebSocket-Key": undefined }, 400, "Missing or invalid Sec-WebSocket-Key header"],
  ["a bad key", { "Sec-WebSocket-Key": "short" }, 400, "Missing or invalid Sec-WebSocket-Key header"],
  ["no version", { "Sec-WebSocket-Version": undefined }, 400, "Missing or invalid Sec-WebSocket-Version header"],
  ["another version", { "Sec-WebSocket-Version": "12" }, 400, "Missing or invalid Sec-WebSocket-Version header"],
  ["bad subprotocols", { "Sec-WebSocket-Protocol": "a,,b" }, 400, "Invalid Sec-WebSocket-Protocol header"],
  ["a subprotocol twice", { "Sec-WebSocket-Protocol": "a, a" }, 400, "Invalid Sec-WebSocket-Protocol header"],
];

describe("the opening handshake of ws", () => {
  for (const [name, headers, status, body, method] of refusals) {
    it(`answers ${name} with ${status}`, async (test) => {
      const answer = await reply(test, headers, method);
      assert.deepEqual([answer.status, answer.body], [status, body]);
      assert.equal(answer.headers.get("Connection"), "close");
      assert.equal(answer.headers.get("Content-Type"), "text/html");
      assert.equal(answer.headers.get("Content-Length"), String(Buffer.byteLength(body)));
      const versions = body.includes("Version") ? "13, 8" : null;
      assert.equal(answer.headers.get("Sec-WebSocket-Version"), versions);
    });
  }

  it("answers another path with 400", async (test) => {
    const answer = await reply(test, {}, "GET", { path: "/other" });
    assert.deepEqual([answer.status, answer.body], [400, "Bad Request"]);
  });

  it("judges extensions where it has any", async (test) => {
    const message = "Invalid or unacceptable Sec-WebSocket-Extensions header";
    for (const offer of [
      "permessage-deflate; =",
      "permessage-deflate; server_max_window_bits=1",
      "permessage-deflate; a",
    ]) {
      const answer = await reply(test, { "Sec-WebSocket-Extensions": offer }, "GET", { perMessageDeflate: true });
      assert.deepEqual([answer.status, answer.body], [400, message]);
    }
    const other = await reply(test, { "Sec-WebSocket-Extensions": "other" }, "GET", { perMessageDeflate: true });
    assert.deepEqual([other.status, other.headers.get("Sec-WebSocket-Extensions")], [101, null]);
    const none = await reply(test, { "Sec-WebSocket-Extensions": "permessage-deflate; =" });
    assert.equal(none.status, 101);
  });

  it("accepts with what RFC 6455 §1.3 has for its key, by version 13 or 8, on its path", async (test) => {
    for (const version of ["13", "8"]) {
      const headers = { "Sec-WebSocket-Version": version, "Sec-WebSocket-Protocol": "a, b" };
      const answer = await reply(test, headers, "GET", { path: "/path" });
      assert.deepEqual([answer.status, answer.reasonPhrase], [101, "Switching Protocols"]);
      assert.equal(answer.headers.get("Sec-WebSocket-Accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
      assert.equal(answer.headers.get("Sec-WebSocket-Protocol"), "a");
    }
  });

  it("takes the parameters of permessage-deflate from the options", async (test) => {
    const answer = await reply(
      test,
      { "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits" },
      "GET",
      {
        perMessageDeflate: {
          serverNoContextTakeover: true,
          clientNoContextTakeover: true,
          clientMaxWindowBits: 10,
          serverMaxWindowBits: 11,
          zlibDeflateOptions: { level: 9 },
          concurrencyLimit: 3,
        },
      },
    );
    const expected = ["server_no_context_takeover", "client_no_context_takeover", "client_max_window_bits=10"];
    assert.equal(answer.headers.get("Sec-WebSocket-Extensions"), `permessage-deflate; ${expected.join("; ")}`);
  });

  it("leaves the answer to whoever listens to wsClientError", async (test) => {
    const server = await openServer(test);
    server.on("wsClientError", (error: Error, socket: Duplex, request) => {
      socket.end(`HTTP/1.1 400 Bad Request\r\n\r\n${error.message} ${request.url ?? ""}`);
    });
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
    socket.write("GET /x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    assert.equal(parseReply(Buffer.concat(chunks)).body, "Missing or invalid Sec-WebSocket-Key header /x");
  });
});
