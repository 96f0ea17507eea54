import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ReachOptions } from "#src/node/dial-options.js";
import { dialerFor, mayHaveTls } from "#src/node/dial-options.js";
import { webSocketAddress } from "#src/protocol/index.js";
import { upgradeHead } from "../support/upgrades.js";

/** Options as JavaScript could pass them. */
function make(options: Readonly<Record<string, unknown>>, environment: Record<string, string> = {}): unknown {
  return dialerFor(options, undefined, environment);
}

describe("options that say how a server is reached", () => {
  it("are taken where they make sense", () => {
    const sensible: readonly ReachOptions[] = [
      {},
      { proxy: false },
      { proxy: "http://a" },
      { proxy: new URL("socks5h://a") },
      { proxy: { url: "https://a", headers: new Headers({ "X-A": "b" }), tls: { ca: "c" } } },
      { proxy: "environment" },
      { proxy: () => undefined },
      { socketPath: "/a", proxy: false },
      { socketPath: "\0abstract" },
      { addressFamily: 4, attemptDelayMs: 10 },
      { addressFamily: "race", localAddress: "::1" },
      { addressFamily: 4, localAddress: "127.0.0.1", lookup: async () => "127.0.0.1" },
    ];
    for (const options of sensible) assert.equal(typeof make({ ...options }), "function");
  });

  it("are refused at once where they do not", () => {
    const invalid: readonly Readonly<Record<string, unknown>>[] = [
      { proxy: "nonsense" },
      { proxy: "" },
      { proxy: true },
      { proxy: null },
      { proxy: 1 },
      { proxy: {} },
      { proxy: { url: 1 } },
      { socketPath: "" },
      { socketPath: 1 },
      { socketPath: "/a", proxy: "http://a" },
      { socketPath: "/a", proxy: "environment" },
      { socketPath: "/a", localAddress: "127.0.0.1" },
      { socketPath: "/a", addressFamily: 4 },
      { socketPath: "/a", attemptDelayMs: 100 },
      { socketPath: "/a", lookup: () => undefined },
      { lookup: "dns" },
      { addressFamily: 5 },
      { addressFamily: "any" },
      { localAddress: "localhost" },
      { localAddress: "" },
      { localAddress: "127.0.0.1", addressFamily: 6 },
    ];
    for (const options of invalid) {
      assert.throws(() => make(options), { name: "UsageError", code: "invalid-argument" }, JSON.stringify(options));
    }
    for (const attemptDelayMs of [9, 0, -1, 10.5, Number.NaN, "250", 2 ** 31]) {
      assert.throws(() => make({ attemptDelayMs }), { code: "invalid-limit" }, String(attemptDelayMs));
    }
    const headers = { "Transfer-Encoding": "chunked" };
    assert.throws(() => make({ proxy: { url: "http://a", headers } }), { code: "header-not-allowed" });
    assert.throws(() => make({ proxy: { url: "http://a", headers: { "X-A": "a\r\nX-B: b" } } }), TypeError);
  });

  it("name the variable of the environment that is no proxy, when it is needed", async () => {
    const dial = dialerFor({ proxy: "environment" }, undefined, { HTTPS_PROXY: "gopher://a" });
    const address = webSocketAddress(new URL("wss://target.example"));
    const { signal } = new AbortController();
    await assert.rejects(dial(address, upgradeHead(), { signal, maxHeaderBytes: 1, maxBodyBytes: 1 }), {
      code: "invalid-argument",
      message: /HTTPS_PROXY/,
    });
  });

  it("tell whether there may be TLS", () => {
    for (const url of ["wss://a", "WSS://a", "https://a"]) assert.equal(mayHaveTls(url, {}), true);
    assert.equal(mayHaveTls("ws://a", {}), false);
    assert.equal(mayHaveTls("ws://a", { proxy: false }), false);
    assert.equal(mayHaveTls("ws://a", { proxy: "https://b" }), true);
  });
});
