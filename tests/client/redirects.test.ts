import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ClientOptions, RedirectCode, RedirectOptions } from "#src/client/index.js";
import { RedirectError, UpgradeRefusedError } from "#src/client/index.js";
import { UpgradeResponseError } from "#src/protocol/index.js";
import type { Observer } from "#src/socket/index.js";
import type { ScriptedAnswer } from "../support/scripted-network.js";
import { redirectingNetwork, redirectTo, scriptedNetwork } from "../support/scripted-network.js";

const start = "ws://a.example/start";
const secureStart = "wss://a.example/start";

describe("RFC 6455 §4.1 redirects", () => {
  it("are refusals by default, and where none is to be followed", async () => {
    for (const options of [{}, { redirects: { max: 0 } }]) {
      const { open, asked } = redirectingNetwork({ [start]: "/end" });
      await assert.rejects(
        open(start, options),
        (error) => error instanceof UpgradeRefusedError && error.status === 302,
      );
      assert.equal(asked.length, 1);
    }
  });

  it("are followed with each of five statuses, and no other", async () => {
    for (const status of [301, 302, 303, 307, 308]) {
      const { open, asked, platform } = redirectingNetwork({ [start]: redirectTo("/end", status) });
      const socket = await open(start, { redirects: {} });
      assert.deepEqual(
        asked.map(({ url }) => url),
        [start, "ws://a.example/end"],
      );
      assert.ok(asked.every(({ request }) => request.method === "GET"));
      assert.equal(socket.url, "ws://a.example/end");
      assert.equal(socket.readyState, "open");
      socket.terminate();
      await socket.closed;
      assert.equal(platform.clock.pendingTimers, 0);
    }
    for (const status of [300, 304, 305, 306, 309, 200, 401]) {
      const { open } = redirectingNetwork({ [start]: redirectTo("/end", status) });
      await assert.rejects(open(start, { redirects: {} }), { name: "UpgradeRefusedError", status });
    }
  });

  it("lead where Location says, seen from the URL that was asked for", async () => {
    const cases = [
      ["wss://b.example:8443/x?y", "wss://b.example:8443/x?y"],
      ["https://b.example/", "wss://b.example/"],
      ["http://b.example:8080", "ws://b.example:8080/"],
      ["HTTP://B.Example/", "ws://b.example/"],
      ["//b.example/x", "ws://b.example/x"],
      ["/x", "ws://a.example/x"],
      ["x", "ws://a.example/deep/x"],
      ["../x", "ws://a.example/x"],
      ["?q=1", "ws://a.example/deep/start?q=1"],
      ["http:x", "ws://x/"],
    ] as const;
    for (const [location, url] of cases) {
      const { open, asked } = redirectingNetwork({ "ws://a.example/deep/start?old": location });
      const socket = await open("ws://a.example/deep/start?old", { redirects: {} });
      assert.equal(asked[1]?.url, url, location);
      assert.equal(socket.url, url, location);
    }
  });

  it("have a key of their own each, and the same subprotocols and limits", async () => {
    const { open, asked } = redirectingNetwork({ [start]: "/2", "ws://a.example/2": "/3" });
    await open(start, { redirects: {}, protocols: ["v2", "v1"] });
    assert.equal(new Set(asked.map(({ header }) => header("sec-websocket-key"))).size, 3);
    assert.ok(asked.every(({ header }) => header("sec-websocket-protocol") === "v2, v1"));
    assert.equal(new Set(asked.map(({ signal }) => signal)).size, 1);
  });

  it("end in whatever the last server answers", async () => {
    const refusing = redirectingNetwork({ [start]: "/2", "ws://a.example/2": { status: 403 } });
    await assert.rejects(refusing.open(start, { redirects: {} }), { name: "UpgradeRefusedError", status: 403 });
    const wrong: ScriptedAnswer = { headers: ["Sec-WebSocket-Protocol", "v9"] };
    const broken = redirectingNetwork({ [start]: "/2", "ws://a.example/2": wrong });
    await assert.rejects(broken.open(start, { redirects: {} }), UpgradeResponseError);
    assert.equal(broken.streams[0]?.isDestroyed, true);
    const unreachable = scriptedNetwork(({ url }) => {
      if (url === start) return redirectTo("ws://b.example/");
      throw new Error("no route");
    });
    await assert.rejects(unreachable.open(start, { redirects: {} }), {
      name: "ConnectError",
      message: "no connection to ws://b.example/: no route",
    });
  });

  it("take no more time together than handshakeTimeoutMs", async () => {
    const { open, asked, platform } = scriptedNetwork(({ url }) => {
      // Each takes less than the deadline.
      platform.clock.advance(40);
      return redirectTo(`${url}x`);
    });
    await assert.rejects(open(start, { redirects: { max: 20 }, handshakeTimeoutMs: 100 }), {
      name: "HandshakeTimeoutError",
    });
    assert.equal(asked.length, 3);
  });

  it("are options that make sense, which is told at once", async () => {
    const { open, asked } = redirectingNetwork({});
    const cases: readonly (readonly [unknown, string])[] = [
      [5, "invalid-argument"],
      [null, "invalid-argument"],
      [{ max: -1 }, "invalid-limit"],
      [{ max: 21 }, "invalid-limit"],
      [{ max: 1.5 }, "invalid-limit"],
      [{ allowInsecure: "yes" }, "invalid-argument"],
      [{ keepHeaders: "x-one" as unknown as string[] }, "invalid-argument"],
      [{ keepHeaders: ["two words"] }, "header-invalid"],
      [{ keepHeaders: ["Authorization"] }, "header-not-allowed"],
      [{ keepHeaders: ["COOKIE"] }, "header-not-allowed"],
      [{ keepHeaders: ["proxy-authorization"] }, "header-not-allowed"],
    ];
    for (const [redirects, code] of cases) {
      const options = { redirects } as ClientOptions;
      await assert.rejects(open(start, options), { name: "UsageError", code }, JSON.stringify(redirects));
    }
    assert.equal(asked.length, 0);
  });
});

describe("redirects that are not followed", () => {
  async function rejected(
    answer: ScriptedAnswer,
    url: string = start,
    redirects: RedirectOptions = {},
  ): Promise<RedirectError> {
    const { open, asked, platform } = redirectingNetwork({ [url]: answer });
    const error: unknown = await open(url, { redirects }).then(
      () => assert.fail("it was followed"),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof RedirectError, String(error));
    assert.equal(error.status, answer.status);
    assert.deepEqual(error.urls, [url]);
    assert.equal(asked.length, 1);
    assert.equal(platform.clock.pendingTimers, 0);
    return error;
  }

  it("have no Location that leads anywhere", async () => {
    const cases: readonly (readonly [readonly string[], RedirectCode])[] = [
      [[], "redirect-location-missing"],
      [["Location", "/a", "location", "/a"], "redirect-location-repeated"],
      [["Location", ""], "redirect-location-invalid"],
      [["Location", "ws://"], "redirect-location-invalid"],
      [["Location", "ws://[::zz]/"], "redirect-location-invalid"],
      [["Location", "ws://b:99999/"], "redirect-location-invalid"],
      [["Location", "ws://b:0/"], "redirect-location-invalid"],
      [["Location", "/a#fragment"], "redirect-location-invalid"],
      [["Location", "/a#"], "redirect-location-invalid"],
      [["Location", "/two words"], "redirect-location-invalid"],
      [["Location", "/a\r\nX-Injected: 1"], "redirect-location-invalid"],
      [["Location", "/a\nb"], "redirect-location-invalid"],
      [["Location", "/a\rb"], "redirect-location-invalid"],
      [["Location", "/a\0b"], "redirect-location-invalid"],
      [["Location", "/\u00e9"], "redirect-location-invalid"],
      [["Location", "ftp://b.example/"], "redirect-scheme"],
      [["Location", "file:///etc/passwd"], "redirect-scheme"],
      [["Location", "javascript:alert(1)"], "redirect-scheme"],
      [["Location", "wss+unix:/run/x"], "redirect-scheme"],
      [["Location", "ws://ada:secret@b.example/"], "redirect-credentials"],
      [["Location", "//:secret@a.example/"], "redirect-credentials"],
    ];
    for (const [headers, code] of cases) {
      const error = await rejected({ status: 307, headers });
      assert.equal(error.code, code, headers.join());
      assert.doesNotMatch(error.message, /\p{Cc}|\u00e9|secret/u);
    }
  });

  it("lead from wss to ws, unless that is allowed in so many words", async () => {
    for (const location of ["ws://a.example/end", "http://a.example/end", "ws://b.example/"]) {
      const error = await rejected(redirectTo(location), secureStart);
      assert.equal(error.code, "redirect-insecure", location);
      assert.match(error.message, /allowInsecure/u);
      const allowing = redirectingNetwork({ [secureStart]: location });
      await allowing.open(secureStart, { redirects: { allowInsecure: true } });
      assert.equal(allowing.asked[1]?.url, location.replace("http", "ws"));
    }
    // Also by a detour.
    const { open } = redirectingNetwork({ [start]: "wss://b.example/", "wss://b.example/": "ws://c.example/" });
    await assert.rejects(open(start, { redirects: {} }), { code: "redirect-insecure" });
  });

  it("are too many, be it a loop or not", async () => {
    const { open, asked } = redirectingNetwork({ [start]: start });
    await assert.rejects(open(start, { redirects: {} }), (error: unknown) => {
      assert.ok(error instanceof RedirectError);
      assert.equal(error.code, "too-many-redirects");
      assert.deepEqual([error.observed, error.limit], [6, 5]);
      assert.deepEqual(error.urls, new Array(6).fill(start));
      assert.match(error.message, /redirects\.max: got 6, the limit is 5/u);
      return true;
    });
    assert.equal(asked.length, 6);
    const chain = (max: number) =>
      redirectingNetwork({ [start]: "/2", "ws://a.example/2": "/3" }).open(start, { redirects: { max } });
    assert.equal((await chain(2)).url, "ws://a.example/3");
    await assert.rejects(chain(1), { urls: [start, "ws://a.example/2"], limit: 1 });
  });

  it("are observed as what they are, with the limit behind it", async () => {
    const { open } = redirectingNetwork({ [start]: start });
    const told: unknown[] = [];
    const silent = { opened: undefined, received: undefined, sent: undefined, roundTrip: undefined };
    const observer: Observer = {
      ...{ ...silent, bytesReceived: undefined, bytesSent: undefined, backpressure: undefined, closed: undefined },
      refused: ({ code, status, error }) => told.push(code, status, error?.name),
      limit: ({ code, limit, section }) => told.push(code, limit, section),
    };
    await assert.rejects(open(start, { redirects: { max: 1 } }, observer));
    assert.deepEqual(told, ["too-many-redirects", 302, "RedirectError", "too-many-redirects", 1, "RFC 9110 §15.4"]);
  });
});

describe("what goes along with a redirect", () => {
  const headers = {
    Authorization: "Bearer secret",
    Cookie: "session=secret",
    "Proxy-Authorization": "Basic secret",
    "X-Api-Key": "secret",
    "X-Trace": "t-1",
    "User-Agent": "test/1",
    "Accept-Language": "en",
    Origin: "https://app.example",
  };
  const protocols = ["chat.v1", "bearer.secret"];

  /** Every header line that is the application's, as it came at each server. */
  async function along(url: string, location: string, options: ClientOptions): Promise<readonly (readonly string[])[]> {
    const { open, asked } = redirectingNetwork({ [url]: location });
    await open(url, options);
    const handshake = /^(?:host|upgrade|connection|sec-websocket-(?:key|version|extensions))$/iu;
    return asked.map(({ request: { rawHeaders } }) =>
      rawHeaders.flatMap((name, index) =>
        index % 2 === 0 && !handshake.test(name) ? [`${name.toLowerCase()}: ${rawHeaders[index + 1] ?? ""}`] : [],
      ),
    );
  }

  it("is everything within an origin", async () => {
    for (const location of ["/end", "ws://A.example:80/end", "http://a.example/end"]) {
      const [first, second] = await along(start, location, { headers, protocols, redirects: {} });
      assert.equal(first?.length, Object.keys(headers).length + 1);
      assert.deepEqual(second, first);
    }
  });

  it("is nothing secret to another origin: neither credentials, nor headers that may be some, nor a token", async () => {
    const others = [
      "ws://b.example/",
      "ws://a.example:81/",
      "wss://a.example/",
      "ws://a.example./",
      "//sub.a.example/",
    ];
    for (const location of others) {
      const [, second] = await along(start, location, { headers, protocols, redirects: {} });
      assert.deepEqual(
        [...(second ?? [])].sort(),
        ["accept-language: en", "origin: https://app.example", "sec-websocket-protocol: chat.v1", "user-agent: test/1"],
        location,
      );
    }
  });

  it("is what the application names", async () => {
    const options = { headers, redirects: { keepHeaders: ["x-TRACE"] } };
    const [, second] = await along(start, "ws://b.example/", options);
    assert.ok(second?.includes("x-trace: t-1"));
    assert.doesNotMatch(String(second), /secret/u);
  });

  it("is user name and password of the URL within an origin, and only there", async () => {
    const { open, asked } = redirectingNetwork({ [start]: "/2", "ws://a.example/2": "ws://b.example/" });
    const socket = await open("ws://ada:secret@a.example/start", { redirects: {} });
    const basic = `Basic ${btoa("ada:secret")}`;
    assert.deepEqual(
      asked.map(({ header }) => header("authorization")),
      [basic, basic, undefined],
    );
    assert.equal(asked[0]?.header("host"), "a.example");
    assert.equal(socket.url, "ws://b.example/");
  });

  it("is not taken up again by a redirect back", async () => {
    const { open, asked } = redirectingNetwork({ [start]: "ws://b.example/", "ws://b.example/": "ws://a.example/end" });
    await open(start, { headers, redirects: {} });
    assert.deepEqual(
      asked.map(({ header }) => header("authorization")),
      ["Bearer secret", undefined, undefined],
    );
    assert.equal(asked[2]?.url, "ws://a.example/end");
  });
});
