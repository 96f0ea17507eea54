import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { OpenlineError } from "#src/protocol/errors.js";
import {
  HandshakeError,
  UpgradeRequestError,
  UpgradeResponseError,
  upgradeRequestCodes,
  upgradeResponseCodes,
} from "#src/protocol/handshake/errors.js";
import { headerValues } from "#src/protocol/handshake/headers.js";
import { writeRefusal } from "#src/protocol/handshake/refusal.js";

describe("the errors of the handshake", () => {
  it("have codes that tell apart which side is at fault", () => {
    for (const code of upgradeRequestCodes) assert.match(code, /^request-[a-z-]+$/);
    for (const code of upgradeResponseCodes) assert.match(code, /^response-[a-z-]+$/);
  });

  for (const code of upgradeRequestCodes) {
    it(`${code} is an answer as well`, () => {
      const error = new UpgradeRequestError(code);
      assert.ok(error instanceof HandshakeError && error instanceof OpenlineError);
      assert.equal(error.name, "UpgradeRequestError");
      assert.equal(error.code, code);
      assert.match(error.section, /^RFC \d+ §[\d.]+$/);
      assert.equal(error.message, `${Buffer.from(error.body).toString().trimEnd()} (${error.section})`);
      assert.match(Buffer.from(error.body).toString(), /^[ -~]+\n$/);
      assert.match(writeRefusal(error), new RegExp(`^HTTP/1\\.1 ${error.status} ${error.reasonPhrase}\r\n`));
    });
  }

  for (const code of upgradeResponseCodes) {
    it(`${code} names its section`, () => {
      const error = new UpgradeResponseError(code);
      assert.ok(error instanceof HandshakeError && error instanceof OpenlineError);
      assert.equal(error.name, "UpgradeResponseError");
      assert.equal(error.code, code);
      assert.match(error.section, /^RFC (?:6455|7692|8441) §[\d.]+$/);
      assert.ok(error.message.endsWith(` (${error.section})`));
    });
  }

  it("carry what was seen and what is allowed", () => {
    const error = new UpgradeRequestError("request-header-count", 200, 128);
    assert.deepEqual([error.observed, error.limit], [200, 128]);
    assert.match(error.message, /: got 200, the limit is 128 \(RFC 6455 §10\.4\)$/);
    assert.match(new UpgradeResponseError("response-status", 401).message, /: got 401 \(/);
  });

  it("keep a peer's control characters out of their message and its text out of the answer", () => {
    const error = new UpgradeRequestError("request-method", "\u001b[2J\r\nX: y");
    assert.equal(error.observed, "\u001b[2J\r\nX: y");
    assert.match(error.message, /: got "\\u001b\[2J\\u000d\\u000aX: y" \(/);
    assert.doesNotMatch(writeRefusal(error) + Buffer.from(error.body).toString(), /2J/);
  });

  it("answer a wrong version with the right one (§4.4), and 426 with Upgrade (RFC 9110 §15.5.22)", () => {
    for (const code of upgradeRequestCodes) {
      const { status, headers } = new UpgradeRequestError(code);
      assert.deepEqual(headerValues(headers, "upgrade"), status === 426 ? ["websocket"] : [], code);
      assert.deepEqual(headerValues(headers, "allow"), status === 405 ? ["GET"] : [], code);
      const hasVersion = code.startsWith("request-version-");
      assert.deepEqual(headerValues(headers, "sec-websocket-version"), hasVersion ? ["13"] : [], code);
    }
  });
});
