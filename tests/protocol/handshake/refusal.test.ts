import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { UpgradeRequestError } from "#src/protocol/handshake/errors.js";
import { writeRefusal } from "#src/protocol/handshake/refusal.js";

describe("§4.2.2 refusing an upgrade", () => {
  it("answers another version with 426 and the version that is spoken", () => {
    const error = new UpgradeRequestError("request-version-unsupported", "25");
    assert.equal(
      writeRefusal(error),
      "HTTP/1.1 426 Upgrade Required\r\n" +
        "Upgrade: websocket\r\n" +
        "Sec-WebSocket-Version: 13\r\n" +
        "Content-Type: text/plain; charset=utf-8\r\n" +
        "Connection: Upgrade, close\r\n" +
        `Content-Length: ${error.body.length}\r\n` +
        "\r\n",
    );
  });

  it("answers what the application says, and closes", () => {
    assert.equal(
      writeRefusal({
        status: 401,
        reasonPhrase: "Unauthorized",
        headers: ["WWW-Authenticate", "Basic"],
        body: Buffer.from("who?"),
      }),
      "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nConnection: close\r\nContent-Length: 4\r\n\r\n",
    );
  });

  it("needs no more than a status", () => {
    assert.equal(writeRefusal({ status: 403 }), "HTTP/1.1 403 \r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  });

  it("gives no length where there can be no body (RFC 9110 §8.6)", () => {
    for (const status of [204, 304]) {
      assert.equal(
        writeRefusal({ status, body: new Uint8Array(0) }),
        `HTTP/1.1 ${status} \r\nConnection: close\r\n\r\n`,
      );
      assert.throws(() => writeRefusal({ status, body: new Uint8Array(1) }), { code: "invalid-argument" });
    }
  });

  it("is no informational response and no nonsense", () => {
    for (const status of [101, 199, 600, 403.5, Number.NaN]) {
      assert.throws(() => writeRefusal({ status }), { name: "UsageError", code: "invalid-argument" });
    }
  });

  it("lets neither a reason phrase nor a header end the line", () => {
    assert.throws(() => writeRefusal({ status: 403, reasonPhrase: "No\r\nX: y" }), { code: "invalid-argument" });
    assert.throws(() => writeRefusal({ status: 403, headers: ["X", "a\nb"] }), { code: "header-invalid" });
    assert.throws(() => writeRefusal({ status: 403, headers: ["content-length", "9"] }), {
      code: "header-not-allowed",
    });
  });
});
