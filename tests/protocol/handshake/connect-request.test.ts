import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createConnectRequest } from "#src/protocol/handshake/connect-request.js";
import { readConnectRequest } from "#src/protocol/handshake/read-connect.js";
import { webSocketAddress } from "#src/protocol/handshake/url.js";
import { createUpgradeRequest } from "#src/protocol/handshake/write-request.js";
import { defaultLimits } from "#src/protocol/limits.js";

const key = "dGhlIHNhbXBsZSBub25jZQ==";

describe("RFC 8441 §5 the client's extended CONNECT", () => {
  it("asks for the same, with pseudo-header fields for what HTTP/2 has not", () => {
    const address = webSocketAddress(new URL("wss://server.example.com:8443/chat?a=b"));
    const request = createUpgradeRequest({
      ...address,
      key,
      protocols: ["chat", "superchat"],
      extensions: [{ name: "permessage-deflate", parameters: [] }],
      headers: ["Cookie", "a=1", "Cookie", "b=2", "X-Token", "Secret"],
    });
    assert.deepEqual(createConnectRequest(request, true), {
      protocol: "websocket",
      scheme: "https",
      authority: "server.example.com:8443",
      path: "/chat?a=b",
      rawHeaders: [
        ...["sec-websocket-version", "13"],
        ...["sec-websocket-protocol", "chat, superchat"],
        ...["sec-websocket-extensions", "permessage-deflate"],
        ...["cookie", "a=1", "cookie", "b=2", "x-token", "Secret"],
      ],
    });
  });

  it("is one that a server takes", () => {
    const request = createUpgradeRequest({ ...webSocketAddress(new URL("ws://[::1]:9000")), key });
    const connect = createConnectRequest(request, false);
    assert.equal(connect.scheme, "http");
    const read = readConnectRequest(connect, defaultLimits);
    assert.ok(read.ok);
    assert.equal(read.handshake.host, "[::1]:9000");
    assert.equal(read.handshake.target, "/");
  });
});
