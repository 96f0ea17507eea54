import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { writeRefusal } from "#src/protocol/index.js";
import { AdmissionError, admissionCodes } from "#src/server/index.js";

describe("a refusal at the door", () => {
  it("can be sent as it is, and tells its code and its rule in ASCII", () => {
    for (const code of admissionCodes) {
      const error = new AdmissionError(code);
      assert.match(writeRefusal(error), new RegExp(`^HTTP/1\\.1 ${error.status} ${error.reasonPhrase}\r\n`, "u"));
      const body = Buffer.from(error.body).toString();
      assert.match(body, new RegExp(`^${code}: [\\x20-\\x7e]+\n$`, "u"));
      assert.ok(error.message.startsWith(body.slice(code.length + 2, -1)));
    }
  });

  it("tells the limit, and keeps the cause to itself", () => {
    const error = new AdmissionError("too-many-connections", 7, new Error("secret"));
    assert.equal(error.limit, 7);
    assert.match(error.message, /maxConnections is reached: 7 \(RFC 6455 §10\.4\)$/u);
    assert.equal((error.cause as Error).message, "secret");
    assert.doesNotMatch(Buffer.from(error.body).toString(), /secret/u);
  });

  it("tells when to come back where there may be room then (RFC 9110 §10.2.3)", () => {
    const retried = admissionCodes.filter((code) => new AdmissionError(code).headers.includes("Retry-After"));
    assert.deepEqual(retried, [
      "too-many-connections",
      "too-many-connections-per-address",
      "too-many-pending-upgrades",
      "too-many-waiting-sockets",
      "too-many-new-connections",
      "overloaded",
      "server-closing",
    ]);
  });
});
