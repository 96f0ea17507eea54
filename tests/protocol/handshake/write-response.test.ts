import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ExtensionOffer } from "#src/protocol/handshake/extension-header.js";
import type { UpgradeRequest } from "#src/protocol/handshake/read-request.js";
import { writeUpgradeResponse } from "#src/protocol/handshake/write-response.js";

const deflate: ExtensionOffer = {
  name: "permessage-deflate",
  parameters: [{ name: "server_no_context_takeover", value: undefined }],
};
const request: UpgradeRequest = {
  key: "dGhlIHNhbXBsZSBub25jZQ==",
  host: "server.example.com",
  target: "/chat",
  origin: "http://example.com",
  protocols: ["chat", "superchat"],
  extensions: [deflate, { name: "foo", parameters: [] }],
};

describe("§4.2.2 sending the server's opening handshake", () => {
  it("writes the example of §1.2", () => {
    assert.equal(
      writeUpgradeResponse(request, { protocol: "chat" }),
      "HTTP/1.1 101 Switching Protocols\r\n" +
        "Upgrade: websocket\r\n" +
        "Connection: Upgrade\r\n" +
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" +
        "Sec-WebSocket-Protocol: chat\r\n" +
        "\r\n",
    );
  });

  it("answers no request that came without a key, over HTTP/2", () => {
    assert.throws(() => writeUpgradeResponse({ ...request, key: undefined }), { code: "invalid-argument" });
  });

  it("leaves out what was not chosen", () => {
    for (const head of [
      writeUpgradeResponse(request),
      writeUpgradeResponse(request, { extensions: [], headers: [] }),
    ]) {
      assert.match(head, /Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n\r\n$/);
    }
  });

  it("writes the extensions in one line, and then the application's headers", () => {
    const head = writeUpgradeResponse(request, {
      extensions: [{ name: "foo", parameters: [] }, deflate],
      headers: ["Set-Cookie", "a=1", "Set-Cookie", "b=2"],
    });
    assert.ok(
      head.endsWith(
        "\r\nSec-WebSocket-Extensions: foo, permessage-deflate; server_no_context_takeover" +
          "\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\n",
      ),
    );
  });

  it("chooses no subprotocol that was not asked for, nor the empty one", () => {
    for (const protocol of ["", "Chat", "other", "chat, superchat", "chat\r\nX: y"]) {
      assert.throws(() => writeUpgradeResponse(request, { protocol }), {
        name: "UsageError",
        code: "protocol-not-offered",
      });
    }
  });

  it("lists no extension that was not offered, and none twice", () => {
    const other: ExtensionOffer = { name: "other\r\n", parameters: [] };
    assert.throws(() => writeUpgradeResponse(request, { extensions: [other] }), { code: "extension-not-offered" });
    assert.throws(() => writeUpgradeResponse(request, { extensions: [deflate, deflate] }), {
      code: "extension-invalid",
    });
  });

  it("lists no parameter that is no token", () => {
    const extensions = [{ name: "foo", parameters: [{ name: "a", value: "1\r\nX: y" }] }];
    assert.throws(() => writeUpgradeResponse(request, { extensions }), { code: "extension-invalid" });
  });

  it("lets no header of the application's change the handshake or end the line", () => {
    for (const name of [
      "Upgrade",
      "connection",
      "Sec-WebSocket-Accept",
      "Sec-WebSocket-Protocol",
      "Sec-WebSocket-Extensions",
      "Content-Length",
      "Transfer-Encoding",
    ]) {
      assert.throws(() => writeUpgradeResponse(request, { headers: [name, "x"] }), { code: "header-not-allowed" });
    }
    assert.throws(() => writeUpgradeResponse(request, { headers: ["X", "a\r\nY: b"] }), { code: "header-invalid" });
  });
});
