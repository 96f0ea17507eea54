import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  ConnectError,
  CookieJarError,
  HandshakeTimeoutError,
  RedirectError,
  redirectCodes,
  UpgradeRefusedError,
} from "#src/client/index.js";
import { UpgradeResponseError } from "#src/protocol/index.js";
import { defaultSettings, refusalOf } from "#src/reconnect/index.js";
import { delayAfter, healsByItself } from "#src/reconnect/policy.js";
import type { Loss } from "#src/reconnect/reconnecting-socket.js";
import { ProxyError } from "#src/transport/node/index.js";
import { closedByPeer, dropped } from "./scripted.js";

const now = Date.parse("2026-01-01T00:00:00Z");

function refused(status: number, ...rawHeaders: string[]): Loss {
  return { kind: "attempt-failed", error: new UpgradeRefusedError(status, rawHeaders, new Uint8Array(0)) };
}

function heals(loss: Loss): boolean {
  return healsByItself(loss, loss.kind === "attempt-failed" ? refusalOf(loss.error, now) : undefined);
}

function lostWith(code: number): Loss {
  return { kind: "connection-lost", report: closedByPeer(code) };
}

function delay(loss: Loss, random: number, settings = {}): number {
  const refusal = loss.kind === "attempt-failed" ? refusalOf(loss.error, now) : undefined;
  return delayAfter(loss, refusal, 0, { ...defaultSettings, ...settings }, random).delayMs;
}

describe("what heals by itself", () => {
  it("tells by the HTTP status", () => {
    for (const status of [408, 425, 429, 500, 502, 503, 504]) assert.ok(heals(refused(status)), String(status));
    for (const status of [200, 301, 400, 401, 403, 404, 405, 410, 426, 501, 505]) {
      assert.ok(!heals(refused(status)), String(status));
    }
  });

  it("tells by the peer's status code", () => {
    for (const code of [1001, 1005, 1006, 1009, 1011, 1012, 1013, 1014, 3001, 3008]) {
      assert.ok(heals(lostWith(code)), String(code));
    }
    for (const code of [1000, 1002, 1003, 1007, 1008, 1010, 3000, 3003, 4000, 4999]) {
      assert.ok(!heals(lostWith(code)), String(code));
    }
  });

  it("tells it of the network, of time, and of what this side ended", () => {
    for (const error of [
      new ConnectError("ws://x", new Error("ECONNREFUSED")),
      new HandshakeTimeoutError(1),
      "thrown",
    ]) {
      assert.ok(heals({ kind: "attempt-failed", error }));
    }
    assert.ok(heals({ kind: "connection-lost", report: { ...dropped, code: 1008, initiator: "us" } }));
    assert.ok(!heals({ kind: "attempt-failed", error: new UpgradeResponseError("response-accept-missing") }));
  });
});

describe("what heals of a proxy, a redirect and a cookie jar", () => {
  const failed = (error: unknown): Loss => ({ kind: "attempt-failed", error });

  it("is what a proxy says of the server, and what the network does to the proxy", () => {
    for (const code of [
      "proxy-unreachable",
      "proxy-closed",
      "socks-general-failure",
      "socks-connection-refused",
    ] as const) {
      assert.ok(heals(failed(new ProxyError("http://p", { code }))), code);
    }
    assert.ok(heals(failed(new ProxyError("http://p", { code: "proxy-refused", status: 502 }))));
  });

  it("is not what a proxy says of us, or of what it speaks", () => {
    for (const [code, status] of [
      ["proxy-authentication-required", 407],
      ["proxy-refused", 403],
      ["proxy-response-malformed"],
      ["socks-version"],
      ["socks-authentication-failed"],
      ["socks-no-acceptable-method"],
      ["socks-not-allowed"],
    ] as const) {
      assert.ok(!heals(failed(new ProxyError("http://p", { code, status }))), code);
    }
  });

  it("is a cookie jar, and no redirect", () => {
    assert.ok(heals(failed(new CookieJarError("cookie-jar-failed"))));
    const facts = { status: 302, urls: [] };
    for (const code of redirectCodes) assert.ok(!heals(failed(new RedirectError(code, facts))), code);
  });
});

describe("how long to wait", () => {
  it("is Retry-After in seconds and a random time more (RFC 9110 §10.2.3)", () => {
    assert.equal(delay(refused(503, "Retry-After", "7"), 0), 7000);
    assert.equal(delay(refused(429, "Retry-After", "7"), 0.5), 7500);
    assert.equal(delay(refused(503), 0), 0);
  });

  it("is Retry-After as a date, by the server's clock where it tells that", () => {
    const date = "Thu, 01 Jan 2026 00:00:30 GMT";
    assert.equal(delay(refused(503, "Retry-After", date), 0), 30_000);
    assert.equal(delay(refused(503, "Retry-After", date, "Date", "Thu, 01 Jan 2026 00:00:20 GMT"), 0), 10_000);
    assert.equal(delay(refused(503, "Retry-After", "Wed, 31 Dec 2025 00:00:00 GMT"), 0), 0);
  });

  it("takes no Retry-After beyond maxRetryAfterMs, and none that is neither", () => {
    assert.equal(delay(refused(503, "Retry-After", "86400"), 0), 300_000);
    assert.equal(delay(refused(503, "Retry-After", "9".repeat(400)), 0), 300_000);
    assert.equal(delay(refused(503, "Retry-After", "86400"), 0, { maxRetryAfterMs: 1 }), 1);
    for (const value of ["soon", "-5", "1.5e3x", ""]) assert.equal(delay(refused(503, "Retry-After", value), 0), 0);
  });

  it("is spread over 5 s after 1012, and from 5 s to 30 s after 1013", () => {
    assert.equal(delay(lostWith(1012), 0), 0);
    assert.equal(delay(lostWith(1012), 0.5), 2500);
    assert.equal(delay(lostWith(1013), 0), 5000);
    assert.equal(delay(lostWith(1013), 1), 30_000);
    assert.equal(delay(lostWith(1011), 1), 1000);
  });

  it("is a number however many attempts have failed, and whatever the settings", () => {
    for (const settings of [{ minDelayMs: 0 }, { factor: Number.MAX_VALUE }, { factor: 1 }, { maxDelayMs: 0 }]) {
      for (const failures of [0, 1, 5000]) {
        const all = { ...defaultSettings, ...settings };
        const { delayMs } = delayAfter(lostWith(1006), undefined, failures, all, 0.5);
        assert.ok(delayMs >= 0 && delayMs <= 30_000, `${JSON.stringify(settings)} ${String(failures)}`);
      }
    }
  });
});
