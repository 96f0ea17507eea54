/**
 * `connect` through proxies: sound ones, and such as refuse, break off or do not speak the protocol.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { Socket as TcpSocket } from "node:net";
import type { TestContext } from "node:test";
import { describe, it } from "node:test";
import type { ConnectOptions, ServeOptions, Server, Socket } from "#src/index.js";
import { ConnectError, connect, HandshakeTimeoutError, ProxyError, serve, UpgradeRefusedError } from "#src/index.js";
import { startConnectProxy, startSocksProxy } from "../support/proxies.js";
import { replying, serveRaw } from "../support/raw-http.js";
import { testOnlyCertificate, testOnlyKey } from "../support/test-only-certificate.js";

const secured = { tls: { key: testOnlyKey, cert: testOnlyCertificate } };
const ca = { ca: testOnlyCertificate };

/** Answers with what it gets, and greets first, so that octets come right behind the handshake. */
async function start(t: TestContext, options: Partial<ServeOptions> = {}): Promise<Server> {
  const server = await serve({
    port: 0,
    host: "127.0.0.1",
    hosts: ["target.example", "127.0.0.1", "localhost", "[::1]"],
    open: (socket) => void socket.send("hello"),
    message: (socket, message) => void socket.send(message),
    ...options,
  });
  t.after(() => server.close());
  return server;
}

/** Sends short and long messages there and back. */
async function exercise(socket: Socket): Promise<void> {
  const messages = socket[Symbol.asyncIterator]();
  assert.equal((await messages.next()).value, "hello");
  const long = new Uint8Array(300_000).fill(7);
  socket.send("short");
  socket.send(long);
  assert.equal((await messages.next()).value, "short");
  assert.deepEqual((await messages.next()).value, long);
  assert.equal((await socket.close()).outcome, "closed-by-us");
}

async function proxyErrorOf(url: string, options: ConnectOptions): Promise<ProxyError> {
  const error: unknown = await connect(url, options).then(
    (socket) => socket.terminate(),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ProxyError, String(error));
  return error;
}

/** A port that nobody listens on any more. */
async function portOfNobody(t: TestContext): Promise<number> {
  const server = await start(t);
  const { port } = server;
  await server.close();
  return port;
}

const transports = ["net", "auto"] as const;

describe("RFC 6455 §4.1 a tunnel by CONNECT", () => {
  for (const transport of transports) {
    for (const [name, proxyTls, targetTls] of [
      ["to ws:", false, false],
      ["to wss:", false, true],
      ["to ws: over TLS to the proxy", true, false],
      ["to wss: over TLS to the proxy", true, true],
    ] as const) {
      it(`leads ${name} (${transport})`, async (t) => {
        const server = await start(t, targetTls ? secured : {});
        const proxy = await startConnectProxy(t, { tls: proxyTls });
        const port = String(server.port);
        const socket = await connect(`${targetTls ? "wss" : "ws"}://localhost:${port}/path`, {
          proxy: { url: `${proxyTls ? "https" : "http"}://localhost:${String(proxy.port)}`, tls: ca },
          tls: ca,
          transport,
        });
        await exercise(socket);
        assert.deepEqual(proxy.asked, [`CONNECT localhost:${port} HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`]);
      });
    }
  }

  it("is made when the proxy's octets come one by one", async (t) => {
    const server = await start(t);
    const proxy = await startConnectProxy(t, { isSlow: true });
    await exercise(await connect(server.url, { proxy: `http://127.0.0.1:${String(proxy.port)}` }));
  });

  it("leaves the look-up to the proxy, and carries a target that is an IPv6 address", async (t) => {
    const server = await start(t);
    const proxy = await startConnectProxy(t);
    const lookup: ConnectOptions["lookup"] = async (hostname) => {
      assert.equal(hostname, "proxy.example");
      return "127.0.0.1";
    };
    const options = { proxy: `http://proxy.example:${String(proxy.port)}`, lookup };
    await exercise(await connect(`ws://target.example:${String(server.port)}`, options));
    assert.equal((await proxyErrorOf("ws://[2001:db8::1]:1", options).catch(() => undefined))?.code, "proxy-refused");
    assert.match(proxy.asked[1] ?? "", /^CONNECT \[2001:db8::1\]:1 HTTP\/1\.1\r\nHost: \[2001:db8::1\]:1\r\n/);
  });

  it("is asked for with user name and password out of the URL", async (t) => {
    const server = await start(t);
    const proxy = await startConnectProxy(t, { credentials: "us er:p@ss:ü" });
    const at = `127.0.0.1:${String(proxy.port)}`;
    await exercise(await connect(server.url, { proxy: `http://us%20er:p%40ss:%C3%BC@${at}` }));
    const url = new URL(`http://${at}`);
    url.username = "us er";
    url.password = "p@ss:ü";
    await exercise(await connect(server.url, { proxy: url }));
    for (const proxyUrl of [`http://${at}`, `http://us%20er:secret@${at}`]) {
      const error = await proxyErrorOf(server.url, { proxy: proxyUrl });
      assert.equal(error.code, "proxy-authentication-required");
      assert.equal(error.status, 407);
      assert.equal(error.headers?.get("Proxy-Authenticate"), 'Basic realm="tests"');
      assert.equal(error.proxy, `http://${at}`);
      assert.doesNotMatch(error.message, /secret|us er/);
    }
  });

  it("is asked for with further headers, which the server never sees, nor the proxy the server's", async (t) => {
    const seen: Headers[] = [];
    const server = await start(t, {
      accept: (request) => {
        seen.push(request.headers);
        return undefined;
      },
    });
    const proxy = await startConnectProxy(t);
    const socket = await connect(server.url, {
      headers: { Authorization: "Bearer for-the-server", Cookie: "a=1" },
      proxy: {
        url: `http://user:secret@127.0.0.1:${String(proxy.port)}`,
        headers: { "X-Team": "blue" },
      },
    });
    socket.terminate();
    assert.match(proxy.asked[0] ?? "", /^X-Team: blue\r$/imu);
    assert.doesNotMatch(proxy.asked[0] ?? "", /for-the-server|Cookie|Upgrade/iu);
    assert.equal(seen[0]?.get("Authorization"), "Bearer for-the-server");
    assert.equal(seen[0]?.get("Proxy-Authorization"), null);
    assert.equal(seen[0]?.get("X-Team"), null);
  });

  it("verifies the proxy's certificate and the server's, each by itself", async (t) => {
    const server = await start(t, secured);
    const proxy = await startConnectProxy(t, { tls: true });
    const url = `https://localhost:${String(proxy.port)}`;
    const unknown = await proxyErrorOf(server.url, { proxy: url, tls: ca });
    assert.equal(unknown.code, "proxy-unreachable");
    assert.equal((unknown.cause as NodeJS.ErrnoException).code, "DEPTH_ZERO_SELF_SIGNED_CERT");
    await assert.rejects(connect(server.url, { proxy: { url, tls: ca } }), (error: unknown) => {
      return (
        error instanceof ConnectError && (error.cause as NodeJS.ErrnoException).code === "DEPTH_ZERO_SELF_SIGNED_CERT"
      );
    });
    const tls = { ...ca, servername: "other.example" };
    await assert.rejects(connect(server.url, { proxy: { url, tls: ca }, tls }), (error: unknown) => {
      return (
        error instanceof ConnectError && (error.cause as NodeJS.ErrnoException).code === "ERR_TLS_CERT_ALTNAME_INVALID"
      );
    });
  });

  it("passes a server's refusal on as it is", async (t) => {
    const server = await start(t, { accept: () => new Response("no", { status: 403 }) });
    const proxy = await startConnectProxy(t);
    await assert.rejects(connect(server.url, { proxy: `http://127.0.0.1:${String(proxy.port)}` }), (error: unknown) => {
      return error instanceof UpgradeRefusedError && error.status === 403;
    });
  });

  it("gives the octets that came behind the proxy's head to whom they are for", async (t) => {
    // A proxy that is the server, too, and sends its answer to the upgrade before there was a request.
    const port = await serveRaw(
      t,
      replying(() => "HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 418 Teapot\r\nContent-Length: 5\r\n\r\nshort"),
    );
    await assert.rejects(connect("ws://target.example/", { proxy: `http://127.0.0.1:${String(port)}` }), (error) => {
      assert.ok(error instanceof UpgradeRefusedError);
      assert.equal(error.status, 418);
      return Buffer.from(error.body).toString() === "short";
    });
    // Behind it, TLS was due.
    const wss = connect("wss://target.example/", { proxy: `http://127.0.0.1:${String(port)}` });
    await assert.rejects(
      wss,
      (error: unknown) => error instanceof ConnectError && !(error.cause instanceof ProxyError),
    );
  });
});

/** What a hostile proxy does with a connection, and what the client makes of it. */
const hostile: Readonly<Record<string, readonly [answer: string | ((socket: TcpSocket) => void), code: string]>> = {
  "refuses with a body without end": [
    (socket) => {
      const flood = (): void => {
        while (socket.writable && socket.write("x".repeat(65_536)));
      };
      socket.write("HTTP/1.1 403 Forbidden\r\n\r\n");
      socket.on("drain", flood);
      flood();
    },
    "proxy-refused",
  ],
  "never ends its head": [
    (socket) => {
      const flood = (): void => {
        while (socket.writable && socket.write("X-Long: x\r\n".repeat(1000)));
      };
      socket.write("HTTP/1.1 200 OK\r\n");
      socket.on("drain", flood);
      flood();
    },
    "proxy-response-too-long",
  ],
  "sends a line without end": ["HTTP/1.1 200 ".padEnd(20_000, "x"), "proxy-response-too-long"],
  "speaks something else": ["220 smtp.example ESMTP\r\n\r\n", "proxy-response-malformed"],
  "sends binary": ["\x15\x03\x01\x00\x02\x02\x0a\n", "proxy-response-malformed"],
  "closes at once": [(socket) => socket.end(), "proxy-closed"],
  "closes midway": [(socket) => socket.end("HTTP/1.1 200 OK\r\n"), "proxy-closed"],
  resets: [(socket) => socket.resetAndDestroy(), "proxy-closed"],
  redirects: ["HTTP/1.1 302 Found\r\nLocation: http://elsewhere/\r\n\r\n", "proxy-refused"],
  "switches protocols": ["HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n", "proxy-refused"],
};

describe("a proxy for CONNECT that is none", () => {
  for (const [name, [answer, code]] of Object.entries(hostile)) {
    it(`${name}: ${code}, and its connection is cut`, async (t) => {
      const closed: Promise<unknown>[] = [];
      const port = await serveRaw(t, (socket) => {
        closed.push(new Promise((resolve) => socket.once("close", resolve)));
        socket.on("end", () => socket.end());
        socket.once("data", () => {
          if (typeof answer === "string") socket.write(Buffer.from(answer, "latin1"));
          else answer(socket);
        });
      });
      const error = await proxyErrorOf("wss://target.example/", { proxy: `http://127.0.0.1:${String(port)}` });
      assert.equal(error.code, code);
      await Promise.all(closed);
    });
  }

  it("is not there: proxy-unreachable, with the system's error", async (t) => {
    const port = await serveRaw(t, () => undefined);
    const error = await proxyErrorOf(`ws://127.0.0.1:${String(port)}`, {
      proxy: `http://user:secret@127.0.0.1:${String(await portOfNobody(t))}`,
    });
    assert.equal(error.code, "proxy-unreachable");
    assert.equal((error.cause as NodeJS.ErrnoException).code, "ECONNREFUSED");
    assert.doesNotMatch(error.message, /secret/);
  });

  it("says nothing: it is given up after handshakeTimeoutMs, and cut", async (t) => {
    const closed: Promise<unknown>[] = [];
    const port = await serveRaw(t, (socket) => {
      socket.on("end", () => socket.end()).resume();
      closed.push(once(socket, "close"));
    });
    for (const scheme of ["http", "https", "socks5", "socks5h"]) {
      const proxy = `${scheme}://127.0.0.1:${String(port)}`;
      const connecting = connect("ws://127.0.0.1/", { proxy, handshakeTimeoutMs: 30 });
      await assert.rejects(connecting, HandshakeTimeoutError, scheme);
    }
    await Promise.all(closed);
  });
});

describe("a tunnel by SOCKS 5", () => {
  for (const transport of transports) {
    for (const isSecure of [false, true]) {
      it(`leads to ${isSecure ? "wss:" : "ws:"} (${transport})`, async (t) => {
        const server = await start(t, isSecure ? secured : {});
        const proxy = await startSocksProxy(t, { isSlow: isSecure });
        const url = `${isSecure ? "wss" : "ws"}://localhost:${String(server.port)}/`;
        const options = { proxy: `socks5h://127.0.0.1:${String(proxy.port)}`, tls: ca, transport };
        await exercise(await connect(url, options));
        assert.deepEqual(proxy.asked, [`localhost:${String(server.port)}`]);
      });
    }
  }

  it("sends the name for socks5h, and looks it up for socks5", async (t) => {
    const server = await start(t);
    const proxy = await startSocksProxy(t);
    const names: string[] = [];
    const lookup: ConnectOptions["lookup"] = async (hostname) => {
      names.push(hostname);
      return ["127.0.0.1"];
    };
    const url = `ws://target.example:${String(server.port)}`;
    const at = `127.0.0.1:${String(proxy.port)}`;
    await exercise(await connect(url, { proxy: `socks5h://${at}`, lookup }));
    assert.deepEqual(names, []);
    await exercise(await connect(url, { proxy: `socks5://${at}`, lookup }));
    assert.deepEqual(names, ["target.example"]);
    const [byName, byAddress] = proxy.asked;
    assert.equal(byName, `target.example:${String(server.port)}`);
    assert.equal(byAddress, `127.0.0.1:${String(server.port)}`);
  });

  it("is asked for with the next address where the proxy does not reach one", async (t) => {
    const server = await start(t);
    const proxy = await startSocksProxy(t);
    const lookup: ConnectOptions["lookup"] = async () => ["127.0.0.2", "127.0.0.3", "127.0.0.1"];
    const url = `ws://target.example:${String(server.port)}`;
    await exercise(await connect(url, { proxy: `socks5://127.0.0.1:${String(proxy.port)}`, lookup }));
    assert.deepEqual(
      proxy.asked.map((asked) => asked.split(":")[0]),
      ["127.0.0.2", "127.0.0.3", "127.0.0.1"],
    );
  });

  it("is asked for with user name and password where the server wants them", async (t) => {
    const server = await start(t);
    const proxy = await startSocksProxy(t, { credentials: "us er:p@ss", isSlow: true });
    const at = `127.0.0.1:${String(proxy.port)}`;
    await exercise(await connect(server.url, { proxy: `socks5://us%20er:p%40ss@${at}` }));
    const wrong = await proxyErrorOf(server.url, { proxy: `socks5://us%20er:secret@${at}` });
    assert.equal(wrong.code, "socks-authentication-failed");
    assert.equal(wrong.section, "RFC 1929 §2");
    assert.doesNotMatch(wrong.message, /secret/);
    assert.equal((await proxyErrorOf(server.url, { proxy: `socks5://${at}` })).code, "socks-no-acceptable-method");
  });

  it("fails with the reason that the proxy gives", async (t) => {
    const url = `ws://127.0.0.1:${String(await portOfNobody(t))}`;
    const proxy = await startSocksProxy(t);
    const error = await proxyErrorOf(url, { proxy: `socks5://127.0.0.1:${String(proxy.port)}` });
    assert.equal(error.code, "socks-connection-refused");
    assert.equal(error.observed, 5);
    assert.equal(error.proxy, `socks5://127.0.0.1:${String(proxy.port)}`);
  });

  const answers: Readonly<Record<string, readonly [octets: readonly number[] | undefined, code: string]>> = {
    "speaks version 4": [[0, 90], "socks-version"],
    "speaks HTTP": [[...Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n")], "socks-version"],
    "chooses what was not offered": [[5, 2], "socks-method-not-offered"],
    "says everything at once, and fails": [[5, 0, 5, 2, 0, 1], "socks-not-allowed"],
    "ends midway": [undefined, "proxy-closed"],
  };
  for (const [name, [octets, code]] of Object.entries(answers)) {
    it(`is none where the server ${name}: ${code}`, async (t) => {
      const port = await serveRaw(t, (socket) => {
        socket.on("end", () => socket.end());
        socket.once("data", () => {
          if (octets === undefined) socket.end(Buffer.of(5, 0, 5));
          else socket.write(Buffer.from(octets));
        });
      });
      const error = await proxyErrorOf("ws://127.0.0.1/", { proxy: `socks5://127.0.0.1:${String(port)}` });
      assert.equal(error.code, code);
    });
  }
});

describe("which proxy it is", () => {
  it("is chosen by a function of the URL, at once or later", async (t) => {
    const server = await start(t);
    const proxy = await startConnectProxy(t);
    const seen: string[] = [];
    const at = `http://127.0.0.1:${String(proxy.port)}`;
    const choose = (url: URL): string | undefined => {
      seen.push(url.href);
      return url.pathname === "/through" ? at : undefined;
    };
    await exercise(await connect(`${server.url}/through?a=1`, { proxy: choose }));
    await exercise(await connect(`${server.url}/past`, { proxy: async (url) => choose(url) }));
    assert.deepEqual(seen, [`${server.url}/through?a=1`, `${server.url}/past`]);
    assert.equal(proxy.asked.length, 1);
  });

  it("may be no choice at all: what the function throws is told, and what makes no sense", async () => {
    const reason = new Error("no idea");
    const failing = connect("ws://127.0.0.1:1", {
      proxy: () => {
        throw reason;
      },
    });
    await assert.rejects(failing, (error: unknown) => error instanceof ConnectError && error.cause === reason);
    await assert.rejects(connect("ws://127.0.0.1:1", { proxy: () => "socks4://a" }), { code: "invalid-argument" });
  });

  it("is waited for no longer than the connection's time", async () => {
    const never = new Promise<undefined>(() => undefined);
    const connecting = connect("ws://127.0.0.1:1", { proxy: () => never, handshakeTimeoutMs: 20 });
    await assert.rejects(connecting, HandshakeTimeoutError);
  });
});
