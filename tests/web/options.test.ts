import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type NodeOnlyOption, resolveLimits } from "#src/web/options.js";

/** All of them, since the compiler sees to it. */
const nodeOnly: Record<NodeOnlyOption, unknown> = {
  headers: { origin: "https://example.com" },
  tls: {},
  transport: "net",
  limits: {},
  heartbeat: false,
  messageTimeoutMs: 1,
  sendTimeoutMs: 1,
  idleTimeoutMs: 1,
  rateLimit: {},
  perMessageDeflate: false,
  messageMemory: "lent",
  maxSocketMemoryBytes: 1,
  maxMemoryBytes: 1,
  proxy: "http://localhost:3128",
  socketPath: "/run/live.sock",
  lookup: () => [],
  addressFamily: 4,
  attemptDelayMs: 250,
  localAddress: "127.0.0.1",
  redirects: {},
  cookieJar: {},
  urlCredentials: "ignore",
  http2: true,
};

describe("options in browsers", () => {
  it("have the defaults of Node, and hold much more", () => {
    assert.deepEqual(resolveLimits({}), {
      handshakeTimeoutMs: 10_000,
      closeTimeoutMs: 10_000,
      highWaterMarkBytes: 65_536,
      maxSendBufferBytes: 67_108_864,
      maxInboxBytes: 67_108_864,
    });
  });

  it("are taken as they are given", () => {
    const given = {
      handshakeTimeoutMs: 0,
      closeTimeoutMs: 1,
      highWaterMarkBytes: 2,
      maxSendBufferBytes: 3,
      maxInboxBytes: 2 ** 31 - 1,
    };
    assert.deepEqual(resolveLimits({ ...given, protocols: "chat", slowPeer: "refuse" }), given);
  });

  for (const [name, value] of Object.entries(nodeOnly)) {
    it(`name ${name}, which only Node has`, () => {
      const options: object = { [name]: value };
      assert.throws(() => resolveLimits(options), { name: "UsageError", code: "unsupported-by-platform" });
      assert.throws(() => resolveLimits(options), new RegExp(name));
    });
  }

  it("are whole numbers within their range", () => {
    for (const wrong of [-1, 0.5, Number.NaN, 2 ** 31, "7"]) {
      const options: object = { closeTimeoutMs: wrong };
      assert.throws(() => resolveLimits(options), {
        code: "invalid-limit",
        observed: String(wrong),
        limit: 2 ** 31 - 1,
      });
    }
  });

  it("may have fields that are nobody's", () => {
    const options: object = { token: "of an application's own", maximum: 3 };
    assert.equal(resolveLimits(options).closeTimeoutMs, 10_000);
  });
});
