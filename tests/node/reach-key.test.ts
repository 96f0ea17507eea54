import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ReachOptions } from "#src/node/dial-options.js";
import { reachKey } from "#src/node/reach-key.js";

const keyOf = (options: ReachOptions, environment = {}): string => reachKey(options, environment);

describe("who may share a session", () => {
  it("are those who say the same in other words", () => {
    const same: readonly (readonly [ReachOptions, ReachOptions])[] = [
      [{}, { attemptDelayMs: 300, http2: true }],
      [{ tls: { ca: "a", servername: "b" } }, { tls: { servername: "b", ca: "a" } }],
      [{ tls: { ca: [Buffer.from("a")] } }, { tls: { ca: [Buffer.from("a")] } }],
      [{ proxy: "http://a/" }, { proxy: new URL("http://a") }],
      [{ proxy: { url: "http://a/", headers: { b: "c" } } }, { proxy: { url: "http://a/", headers: { b: "c" } } }],
    ];
    for (const [one, other] of same) assert.equal(keyOf(one), keyOf(other));
  });

  it("are not those who differ in what matters, be it a secret", () => {
    const options: readonly ReachOptions[] = [
      {},
      { tls: { rejectUnauthorized: false } },
      { tls: { ca: "a" } },
      { tls: { ca: Buffer.from("a") } },
      { tls: { ca: ["a"] } },
      { proxy: "http://ann:one@a/" },
      { proxy: "http://ann:two@a/" },
      { proxy: "environment" },
      { proxy: () => false },
      { proxy: () => false },
      { socketPath: "/a" },
      { localAddress: "127.0.0.1" },
      { addressFamily: 4 },
      { lookup: () => undefined },
    ];
    assert.equal(new Set(options.map((one) => keyOf(one))).size, options.length);
    assert.ok(options.every((one) => !keyOf(one).includes("ann")));
  });

  it("are not those whose environment names other proxies", () => {
    const [one, other] = ["http://a/", "http://b/"].map((url) => keyOf({ proxy: "environment" }, { HTTPS_PROXY: url }));
    assert.notEqual(one, other);
    assert.equal(keyOf({}, { HTTPS_PROXY: "http://a/" }), keyOf({}));
  });

  it("are told apart by the identity of what is no plain value", () => {
    const makeContext = (): object => Object.create({ kind: "context" }) as object;
    const context = makeContext();
    const options = (secureContext: object): ReachOptions => ({
      tls: { secureContext } as NonNullable<ReachOptions["tls"]>,
    });
    assert.equal(keyOf(options(context)), keyOf(options(context)));
    assert.notEqual(keyOf(options(context)), keyOf(options(makeContext())));
  });
});
