import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CookieJar as ToughCookieJar } from "tough-cookie";
import type { ClientOptions, CookieJar } from "#src/client/index.js";
import { CookieJarError, HandshakeTimeoutError } from "#src/client/index.js";
import { deferred } from "../support/endpoints.js";
import { redirectingNetwork, redirectTo, scriptedNetwork } from "../support/scripted-network.js";

const url = "ws://a.example/x";

/** A jar that writes down what it is asked, and gives the same to everybody. */
function notingJar(cookies = "") {
  const calls: (readonly unknown[])[] = [];
  const jar: CookieJar = {
    getCookieString(...asked) {
      calls.push(asked);
      return cookies;
    },
    setCookie(...asked) {
      calls.push(asked);
    },
  };
  return { jar, calls };
}

describe("RFC 6265 the cookies of a jar", () => {
  it("are asked for by http: and https:, and sent in one header", async () => {
    for (const [asked, forJar] of [
      ["ws://a.example/x?y", "http://a.example/x?y"],
      ["wss://ada:secret@a.example:8443/", "https://a.example:8443/"],
      ["https://a.example/", "https://a.example/"],
    ] as const) {
      const { jar, calls } = notingJar("a=1; b=2");
      const { open, asked: requests } = redirectingNetwork({});
      await open(asked, { cookieJar: jar });
      assert.deepEqual(calls, [[forJar]]);
      assert.equal(requests[0]?.header("cookie"), "a=1; b=2");
    }
  });

  it("come behind those that the application has set, in the same header (§5.4)", async () => {
    const { open, asked } = redirectingNetwork({});
    await open(url, { cookieJar: notingJar("a=2; b=2").jar, headers: { cookie: "a=1" } });
    assert.equal(asked[0]?.header("cookie"), "a=1; a=2; b=2");
  });

  it("are no header where there are none", async () => {
    const { open, asked } = redirectingNetwork({});
    await open(url, { cookieJar: notingJar("").jar });
    assert.equal(asked[0]?.header("cookie"), undefined);
  });

  it("are kept out of every answer, in their order: a redirect's, a refusal's, an acceptance's", async () => {
    const cookies = ["Set-Cookie", " a=1; Path=/ ", "set-cookie", "b=2"];
    const { open } = redirectingNetwork({
      [url]: redirectTo("wss://b.example/", 302, ...cookies),
      "wss://b.example/": { headers: ["SET-COOKIE", "c=3"] },
      "ws://a.example/refused": { status: 401, headers: ["Set-Cookie", "d=4"] },
    });
    const { jar, calls } = notingJar();
    await open(url, { cookieJar: jar, redirects: {} });
    await assert.rejects(open("ws://a.example/refused", { cookieJar: jar }), { name: "UpgradeRefusedError" });
    const quietly = { ignoreError: true };
    assert.deepEqual(calls, [
      ["http://a.example/x"],
      ["a=1; Path=/", "http://a.example/x", quietly],
      ["b=2", "http://a.example/x", quietly],
      ["https://b.example/"],
      ["c=3", "https://b.example/", quietly],
      ["http://a.example/refused"],
      ["d=4", "http://a.example/refused", quietly],
    ]);
  });

  it("wait for a jar that takes its time, one call after the other", async () => {
    const order: string[] = [];
    const later = async (what: string): Promise<string> => {
      order.push(`${what} begins`);
      await new Promise(setImmediate);
      order.push(`${what} ends`);
      return "a=1";
    };
    const jar: CookieJar = { getCookieString: () => later("get"), setCookie: (cookie) => later(cookie) };
    const { open } = scriptedNetwork(() => {
      order.push("dialed");
      return { headers: ["Set-Cookie", "b", "Set-Cookie", "c"] };
    });
    await open(url, { cookieJar: jar, open: () => void order.push("open") });
    const all = ["get begins", "get ends", "dialed", "b begins", "b ends", "c begins", "c ends", "open"];
    assert.deepEqual(order, all);
  });

  it("are asked for with `this`, and only where the rest makes sense", async () => {
    class Jar implements CookieJar {
      readonly #cookies = "a=1";
      getCookieString(): string {
        return this.#cookies;
      }
      setCookie(): string {
        return this.#cookies;
      }
    }
    const { open, asked } = redirectingNetwork({ [url]: { headers: ["Set-Cookie", "b=2"] } });
    await open(url, { cookieJar: new Jar() });
    assert.equal(asked[0]?.header("cookie"), "a=1");
    const { jar, calls } = notingJar();
    await assert.rejects(open(url, { cookieJar: jar, protocols: "two words" }), { code: "protocol-invalid" });
    assert.deepEqual(calls, []);
  });

  it("need a jar that is one", async () => {
    const { open, asked } = redirectingNetwork({});
    for (const cookieJar of [null, 1, {}, { getCookieString: () => "" }, { setCookie: () => undefined }]) {
      const options = { cookieJar } as unknown as ClientOptions;
      await assert.rejects(open(url, options), { name: "UsageError", code: "invalid-argument" });
    }
    assert.equal(asked.length, 0);
  });
});

describe("a jar that fails", () => {
  const getting = (getCookieString: CookieJar["getCookieString"]): CookieJar => ({
    getCookieString,
    setCookie: () => undefined,
  });
  const setting = (setCookie: CookieJar["setCookie"]): CookieJar => ({ getCookieString: () => "", setCookie });
  const failure = new Error("the disk is full");
  const fail = (): never => {
    throw failure;
  };
  const setsCookie = { headers: ["Set-Cookie", "a=1"] };

  it("is an error with its cause, at once or later; nothing is sent, or the connection is cut", async () => {
    const jars: readonly (readonly [CookieJar, number])[] = [
      [getting(fail), 0],
      [getting(() => Promise.reject(failure)), 0],
      [setting(fail), 1],
      [setting(() => Promise.reject(failure)), 1],
    ];
    for (const [cookieJar, dials] of jars) {
      const { open, asked, streams, platform } = redirectingNetwork({ [url]: setsCookie });
      await assert.rejects(open(url, { cookieJar }), (error: unknown) => {
        assert.ok(error instanceof CookieJarError);
        assert.equal(error.code, "cookie-jar-failed");
        assert.equal(error.cause, failure);
        assert.match(error.message, /the disk is full/u);
        return true;
      });
      assert.equal(asked.length, dials);
      assert.ok(streams.length === dials && streams.every(({ isDestroyed }) => isDestroyed));
      assert.equal(platform.clock.pendingTimers, 0);
    }
    const odd = redirectingNetwork({});
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- a jar may reject with anything
    const rejecting = getting(() => Promise.reject("odd"));
    await assert.rejects(odd.open(url, { cookieJar: rejecting }), { code: "cookie-jar-failed", cause: "odd" });
  });

  it("gives no string that a header could carry: nothing is sent, and it is not repeated", async () => {
    const values: readonly unknown[] = [
      "a=secret\r\nX-Injected: 1",
      "a=secret\nX-Injected: 1",
      "a=secret\rb",
      "a=secret\0",
      "a=\u010d\u010asecret",
      undefined,
      null,
      1,
      ["a=secret"],
    ];
    for (const value of values) {
      const { open, asked } = redirectingNetwork({});
      const cookieJar = getting(() => value as string);
      await assert.rejects(open(url, { cookieJar }), (error: unknown) => {
        assert.ok(error instanceof CookieJarError);
        assert.equal(error.code, "cookie-jar-invalid");
        assert.doesNotMatch(error.message, /secret/u);
        return true;
      });
      assert.equal(asked.length, 0);
    }
  });

  it("does not answer: the deadline holds, and the signal; what comes late is of no consequence", async () => {
    const reason = new Error("enough");
    const answers = [deferred<string>(), deferred<string>()];
    const hanging = [getting(() => answers[0]?.promise ?? ""), setting(() => answers[1]?.promise)];
    for (const cookieJar of hanging) {
      for (const isAborted of [false, true]) {
        const { open, asked, streams, platform } = redirectingNetwork({ [url]: setsCookie });
        const controller = new AbortController();
        const opening = open(url, { cookieJar, handshakeTimeoutMs: 50, signal: controller.signal });
        const rejected = assert.rejects(opening, (error) =>
          isAborted ? error === reason : error instanceof HandshakeTimeoutError,
        );
        await new Promise(setImmediate);
        if (isAborted) controller.abort(reason);
        else platform.clock.advance(50);
        await rejected;
        assert.equal(asked.length, cookieJar === hanging[0] ? 0 : 1);
        assert.ok(streams.every(({ isDestroyed }) => isDestroyed));
        assert.equal(platform.clock.pendingTimers, 0);
      }
    }
    answers[0]?.resolve("a=1");
    answers[1]?.reject(failure);
    await new Promise(setImmediate);
  });
});

describe("tough-cookie's jar", () => {
  it("is one as it is: cookies come back, and go only where they belong", async () => {
    const cookieJar = new ToughCookieJar();
    const { open, asked } = redirectingNetwork({
      "wss://app.example.com/login": redirectTo(
        "wss://live.example.com/socket",
        303,
        ...["Set-Cookie", "session=s-1; Domain=example.com; Path=/; HttpOnly; Secure"],
        ...["Set-Cookie", "host-only=1"],
        // None that it may set, and none at all: neither is an error.
        ...["Set-Cookie", "stolen=1; Domain=other.example"],
        ...["Set-Cookie", "super=1; Domain=com"],
        ...["Set-Cookie", ""],
        ...["Set-Cookie", "=;;="],
      ),
    });
    await open("wss://app.example.com/login", { cookieJar, redirects: {} });
    await open("wss://app.example.com/login", { cookieJar, redirects: {} });
    await open("ws://live.example.com/", { cookieJar });
    await open("wss://other.example/", { cookieJar });
    assert.deepEqual(
      asked.map(({ url: at, header }) => `${at} ${header("cookie") ?? ""}`.trim()),
      [
        "wss://app.example.com/login",
        "wss://live.example.com/socket session=s-1",
        "wss://app.example.com/login session=s-1; host-only=1",
        "wss://live.example.com/socket session=s-1",
        // It is `Secure`.
        "ws://live.example.com/",
        "wss://other.example/",
      ],
    );
  });
});
