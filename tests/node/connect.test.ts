import assert from "node:assert/strict";
import { once } from "node:events";
import { networkInterfaces } from "node:os";
import type { TestContext } from "node:test";
import { describe, it } from "node:test";
import type { CloseReport, ServeOptions, Server } from "#src/index.js";
import {
  ConnectError,
  connect,
  HandshakeTimeoutError,
  serve,
  UpgradeRefusedError,
  UpgradeResponseError,
} from "#src/index.js";
import { acceptValue } from "#src/protocol/index.js";
import { deferred } from "../support/endpoints.js";
import { frame } from "../support/frames.js";
import { headerOf, replying, serveRaw } from "../support/raw-http.js";
import { testOnlyCertificate, testOnlyKey } from "../support/test-only-certificate.js";

async function start(t: TestContext, options: Partial<ServeOptions> = {}): Promise<Server> {
  const server = await serve({ port: 0, host: "127.0.0.1", ...options });
  t.after(() => server.close());
  return server;
}

/** The answer that accepts a request, with further header lines. */
function accepting(head: string, ...lines: readonly string[]): string {
  const accept = acceptValue(headerOf(head, "Sec-WebSocket-Key") ?? "");
  return [
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Accept: ${accept}`,
    ...lines,
    "\r\n",
  ].join("\r\n");
}

const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === "::1"),
);

describe("connecting", () => {
  it("gives an open socket with the subprotocol agreed on, and the peer's address", async (t) => {
    const server = await start(t, {
      accept: ({ protocols }) => ({ protocol: protocols[1] }),
      message: () => undefined,
    });
    const socket = await connect(server.url, { protocols: ["v2", "v1"] });
    assert.equal(socket.readyState, "open");
    assert.equal(socket.protocol, "v1");
    assert.equal(socket.remoteAddress, "127.0.0.1");
    assert.equal((await socket.close()).outcome, "closed-by-us");
  });

  it("sends the headers it is given, and a URL's path and query", async (t) => {
    const seen = deferred<Request>();
    const server = await start(t, {
      origins: ["https://a.b"],
      accept: (request) => {
        seen.resolve(request);
        return undefined;
      },
    });
    await connect(new URL("/a/b?c=%20d", server.url), {
      headers: { Authorization: "Bearer x", Origin: "https://a.b" },
    });
    const { url, headers } = await seen.promise;
    assert.equal(new URL(url).pathname + new URL(url).search, "/a/b?c=%20d");
    assert.equal(headers.get("Authorization"), "Bearer x");
    assert.equal(headers.get("Origin"), "https://a.b");
    assert.equal(headers.get("Host"), `127.0.0.1:${server.port}`);
  });

  it("loses nothing that came with the answer, whoever consumes it, and when", async (t) => {
    const early = Buffer.concat(["a", "b"].map((payload) => frame({ opcode: 1, payload })));
    const port = await serveRaw(
      t,
      replying((head) => accepting(head) + early.toString("latin1")),
    );
    const socket = await connect(`ws://127.0.0.1:${port}`);
    const iterator = socket[Symbol.asyncIterator]();
    assert.equal((await iterator.next()).value, "a");
    assert.equal((await iterator.next()).value, "b");
    const messages: unknown[] = [];
    const done = deferred();
    await connect(`ws://127.0.0.1:${port}`, {
      message: (_socket, message) => {
        if (messages.push(message) === 2) done.resolve();
      },
    });
    await done.promise;
    assert.deepEqual(messages, ["a", "b"]);
  });

  it("calls its handlers, which get the same socket", async (t) => {
    const server = await start(t, { message: (socket, message) => socket.send(message) });
    const closed = deferred<CloseReport>();
    const order: string[] = [];
    const socket = await connect(server.url, {
      open: (self) => {
        order.push("open");
        self.send("hello");
      },
      async message(self, message) {
        order.push(`message ${String(message)}`);
        await self.close(1000);
      },
      close: (self, report) => {
        assert.equal(self, socket);
        closed.resolve(report);
      },
    });
    // The handler waits for the close that waits for nobody: the connection ends all the same.
    await socket.closed;
    assert.equal((await closed.promise).wasClean, true);
    assert.deepEqual(order, ["open", "message hello"]);
  });

  it("measures round trips", async (t) => {
    const server = await start(t, { message: () => undefined });
    const socket = await connect(server.url);
    const began = performance.now();
    const roundTrips = await Promise.all([socket.ping(), socket.ping()]);
    const all = performance.now() - began;
    for (const roundTrip of roundTrips) assert.ok(roundTrip >= 0 && roundTrip <= all, `${roundTrip} ms of ${all}`);
  });

  it("closes when it is disposed of", async (t) => {
    const server = await start(t, { message: () => undefined });
    const socket = await connect(server.url);
    await socket[Symbol.asyncDispose]();
    assert.equal(socket.readyState, "closed");
  });

  it("reaches an IPv6 address", { skip: !hasIpv6 }, async (t) => {
    const server = await start(t, { host: "::1", message: (socket, message) => socket.send(message) });
    assert.equal(server.url, `ws://[::1]:${server.port}`);
    const socket = await connect(server.url);
    socket.send("six");
    assert.equal((await socket[Symbol.asyncIterator]().next()).value, "six");
    assert.equal(socket.remoteAddress, "::1");
  });
});

describe("a server that refuses", () => {
  it("rejects with the status, the headers and the body", async (t) => {
    const server = await start(t, {
      accept: () => Response.json({ why: "who are you?" }, { status: 401, headers: { "WWW-Authenticate": "Bearer" } }),
    });
    await assert.rejects(connect(server.url), (error: unknown) => {
      assert.ok(error instanceof UpgradeRefusedError);
      assert.equal(error.status, 401);
      assert.equal(error.headers.get("WWW-Authenticate"), "Bearer");
      assert.deepEqual(JSON.parse(Buffer.from(error.body).toString()), { why: "who are you?" });
      return true;
    });
  });

  it("with a redirect is not followed", async (t) => {
    const server = await start(t, { accept: () => Response.redirect("http://other.example/", 302) });
    await assert.rejects(connect(server.url), (error: unknown) => {
      return error instanceof UpgradeRefusedError && error.headers.get("Location") === "http://other.example/";
    });
  });

  it("with a body that never ends is not read to the end", async (t) => {
    const port = await serveRaw(
      t,
      replying(() => `HTTP/1.1 503 No\r\n\r\n${"x".repeat(200_000)}`),
    );
    await assert.rejects(connect(`ws://127.0.0.1:${port}`), (error: unknown) => {
      return error instanceof UpgradeRefusedError && error.body.byteLength === 64 * 1024;
    });
  });
});

describe("§4.1 a server whose answer breaks a rule", () => {
  const answers: readonly (readonly [string, string, (head: string) => string])[] = [
    [
      "accepts another key",
      "response-accept-wrong",
      (head) => accepting(head).replace(/(Sec-WebSocket-Accept: )./u, "$1!"),
    ],
    [
      "accepts no key",
      "response-accept-missing",
      (head) => accepting(head).replace(/Sec-WebSocket-Accept: .*\r\n/u, ""),
    ],
    [
      "switches to nothing",
      "response-upgrade-missing",
      (head) => accepting(head).replace("Upgrade: websocket\r\n", ""),
    ],
    [
      "does not say that it upgrades",
      "response-connection",
      (head) => accepting(head).replace("Connection: Upgrade\r\n", ""),
    ],
    ["switches to something else", "response-upgrade-other", (head) => accepting(head).replace("websocket", "h2c")],
    [
      "chooses what was not asked for",
      "response-protocol-not-requested",
      (head) => accepting(head, "Sec-WebSocket-Protocol: v9"),
    ],
    [
      "uses an extension that was not offered",
      "response-extension-not-offered",
      (head) => accepting(head, "Sec-WebSocket-Extensions: x-unknown"),
    ],
    [
      "uses an extension with parameters that were not offered",
      "response-extension-parameters",
      (head) => accepting(head, "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=15"),
    ],
    [
      "uses an extension with parameters that do not exist",
      "response-extension-parameters",
      (head) => accepting(head, "Sec-WebSocket-Extensions: permessage-deflate; window=9"),
    ],
  ];
  for (const [what, code, answer] of answers) {
    it(`and ${what} is left`, async (t) => {
      const left = deferred();
      const port = await serveRaw(t, (socket) => {
        replying(answer)(socket);
        socket.on("end", left.resolve).on("close", left.resolve);
      });
      await assert.rejects(connect(`ws://127.0.0.1:${port}`, { protocols: "v1" }), (error: unknown) => {
        assert.ok(error instanceof UpgradeResponseError, String(error));
        assert.equal(error.code, code);
        return true;
      });
      await left.promise;
    });
  }
});

describe("a server that cannot be reached", () => {
  it("rejects with the system's error as the cause", async (t) => {
    const server = await start(t);
    const { url } = server;
    await server.close();
    await assert.rejects(connect(url), (error: unknown) => {
      return error instanceof ConnectError && (error.cause as NodeJS.ErrnoException).code === "ECONNREFUSED";
    });
  });

  it("names the limit where the head of the answer is longer than maxHeaderBytes, whatever the status", async (t) => {
    for (const status of [101, 302, 403]) {
      const port = await serveRaw(
        t,
        replying(() => `HTTP/1.1 ${String(status)} x\r\nX: ${"y".repeat(100_000)}\r\n\r\n`),
      );
      await assert.rejects(connect(`ws://127.0.0.1:${String(port)}`, { redirects: {} }), {
        name: "UpgradeResponseError",
        code: "response-header-bytes",
        limit: 16_384,
      });
    }
  });

  it("or speaks something else, rejects", async (t) => {
    const port = await serveRaw(t, (socket) => socket.end("220 smtp.example ESMTP\r\n"));
    await assert.rejects(connect(`ws://127.0.0.1:${port}`), ConnectError);
  });

  it("or never answers, is given up after handshakeTimeoutMs, and the connection is cut", async (t) => {
    const closed: Promise<unknown>[] = [];
    const port = await serveRaw(t, (socket) => {
      socket.on("end", () => socket.end()).resume();
      closed.push(once(socket, "close"));
    });
    // The deadline's timer does not keep the process alive; the connection does.
    await assert.rejects(connect(`ws://127.0.0.1:${port}`, { handshakeTimeoutMs: 30 }), (error: unknown) => {
      return error instanceof HandshakeTimeoutError && error.limit === 30;
    });
    assert.equal(closed.length, 1);
    await Promise.all(closed);
  });

  it("is given up when the signal is aborted, before or meanwhile", async (t) => {
    const asked = deferred();
    const port = await serveRaw(t, (socket) => socket.once("data", () => asked.resolve()));
    const reason = new Error("changed my mind");
    await assert.rejects(connect(`ws://127.0.0.1:${port}`, { signal: AbortSignal.abort(reason) }), reason);
    const controller = new AbortController();
    const connecting = connect(`ws://127.0.0.1:${port}`, { signal: controller.signal });
    await Promise.all([asked.promise.then(() => controller.abort(reason)), assert.rejects(connecting, reason)]);
  });
});

describe("TLS", () => {
  it("is verified: a certificate that nobody vouches for is refused, unless it is named", async (t) => {
    const server = await start(t, {
      host: "127.0.0.1",
      tls: { key: testOnlyKey, cert: testOnlyCertificate },
      message: (socket, message) => socket.send(message),
    });
    await assert.rejects(connect(server.url), (error: unknown) => {
      return (
        error instanceof ConnectError && (error.cause as NodeJS.ErrnoException).code === "DEPTH_ZERO_SELF_SIGNED_CERT"
      );
    });
    for (const tls of [{ ca: testOnlyCertificate }, { rejectUnauthorized: false }]) {
      const socket = await connect(server.url, { tls });
      socket.send("secret");
      assert.equal((await socket[Symbol.asyncIterator]().next()).value, "secret");
      assert.equal((await socket.close()).wasClean, true);
    }
  });
});

describe("URLs and options that make no sense", () => {
  it("reject, and nothing is connected to", async () => {
    const urls = ["nonsense", "ftp://127.0.0.1/", "ws://127.0.0.1/#a", "ws://user@/"];
    for (const url of urls) await assert.rejects(connect(url), { name: "UsageError" }, url);
    await assert.rejects(connect("ws://127.0.0.1:1/", { headers: { "X-A": "a\r\nX-B: b" } }), TypeError);
    await assert.rejects(connect("ws://127.0.0.1:1/", { headers: { Upgrade: "x" } }), { code: "header-not-allowed" });
    await assert.rejects(connect("ws://127.0.0.1:1/", { protocols: ["a b"] }), { code: "protocol-invalid" });
    await assert.rejects(connect("ws://127.0.0.1:1/", { handshakeTimeoutMs: 1.5 }), { code: "invalid-limit" });
  });
});
