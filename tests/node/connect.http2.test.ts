import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { constants, createSecureServer } from "node:http2";
import type { AddressInfo, Socket as TcpSocket } from "node:net";
import { createServer as createTcpServer } from "node:net";
import type { Duplex } from "node:stream";
import type { TestContext } from "node:test";
import { describe, it } from "node:test";
import type { ConnectOptions } from "#src/index.js";
import { connect, Http2Error, serve, UpgradeRefusedError } from "#src/index.js";
import { accept, rejection, startBare, startServer } from "../support/http2-servers.js";
import { LineProcess } from "../support/line-process.js";
import { startConnectProxy } from "../support/proxies.js";
import { testOnlyCertificate, testOnlyKey } from "../support/test-only-certificate.js";

const serverTls = { key: testOnlyKey, cert: testOnlyCertificate };
const tls = { ca: testOnlyCertificate };

/** The sockets that this process connects from now on. */
function watchConnections(t: TestContext): ReadonlySet<unknown> {
  const sockets = new Set<unknown>();
  const add = (message: unknown): void => void sockets.add(message);
  subscribe("net.client.socket", add);
  t.after(() => unsubscribe("net.client.socket", add));
  return sockets;
}

describe("RFC 8441 connect with http2: true", () => {
  for (const secure of [false, true]) {
    it(`shares one connection among the sockets of an origin${secure ? ", over TLS" : " in clear text"}`, async (t) => {
      const server = await startServer(t, secure ? { tls: serverTls } : {});
      const connections = watchConnections(t);
      const options: ConnectOptions = { http2: true, tls };
      const sockets = await Promise.all(Array.from({ length: 20 }, () => connect(`${server.url}/chat`, options)));
      for (const [index, socket] of sockets.entries()) socket.send(`hello ${String(index)}`);
      for (const [index, socket] of sockets.entries()) {
        for await (const message of socket) {
          assert.equal(message, `hello ${String(index)}`);
          break;
        }
      }
      assert.equal(server.sockets.size, 20);
      assert.equal(connections.size, 1);
      // One is closed, the others are none the wiser.
      const [first, second] = sockets;
      const report = await first?.close(1000, "enough");
      assert.equal(report?.wasClean, true);
      second?.send("still here");
      for await (const message of second ?? []) {
        assert.equal(message, "still here");
        break;
      }
      await Promise.all(sockets.map((socket) => socket.close()));
    });
  }

  it("is one session for many, and another where the server allows no more streams", async (t) => {
    const bare = await startBare(t, accept, { enableConnectProtocol: true, maxConcurrentStreams: 2 });
    const sockets = await Promise.all(Array.from({ length: 5 }, () => connect(bare.url, { http2: true })));
    assert.equal(bare.streams.length, 5);
    assert.equal(bare.sessions.length, 3);
    for (const socket of sockets) socket.terminate();
  });

  it("shares no session between those who reach the server in different ways", async (t) => {
    const bare = await startBare(t, accept);
    const sockets = [
      await connect(bare.url, { http2: true }),
      await connect(bare.url, { http2: true, localAddress: "127.0.0.1" }),
      await connect(bare.url, { http2: true }),
    ];
    assert.equal(bare.sessions.length, 2);
    for (const socket of sockets) socket.terminate();
  });

  it("keeps no process alive by a session without a socket, which stays for the next one", async (t) => {
    const bare = await startBare(t, accept);
    const script = new URL("../support/idle-session-process.js", import.meta.url);
    const client = LineProcess.start(t, script, bare.url);
    const exited = await client.exited;
    assert.deepEqual(exited, [0, null]);
    const [session] = bare.sessions;
    assert.equal(bare.streams.length, 2);
    assert.equal(bare.sessions.length, 1);
    // It did not end by itself, which it would have told by GOAWAY.
    if (session?.closed === false) await once(session, "close");
    assert.equal(bare.goodbyes.length, 0);
  });

  it("goes through a proxy's tunnel", async (t) => {
    const server = await startServer(t);
    const proxy = await startConnectProxy(t);
    const options = { http2: true, proxy: `http://127.0.0.1:${String(proxy.port)}` } as const;
    const sockets = [await connect(server.url, options), await connect(server.url, options)];
    for (const socket of sockets) {
      socket.send("through");
      for await (const message of socket) {
        assert.equal(message, "through");
        break;
      }
      await socket.close();
    }
  });

  it("negotiates subprotocols and compression, and sends headers and credentials", async (t) => {
    let seen: Request | undefined;
    const server = await startServer(t, {
      perMessageDeflate: true,
      accept: (request: Request) => {
        seen = request;
        return { protocol: "chat.v2" };
      },
    });
    const url = server.url.replace("ws://", "ws://ann:s3cret@");
    const socket = await connect(url, {
      http2: true,
      protocols: ["chat.v1", "chat.v2"],
      perMessageDeflate: true,
      headers: { "X-Mine": "yes" },
    });
    assert.equal(socket.protocol, "chat.v2");
    assert.match(socket.extensions, /^permessage-deflate/);
    assert.equal(seen?.headers.get("x-mine"), "yes");
    assert.equal(seen?.headers.get("authorization"), "Basic YW5uOnMzY3JldA==");
    const text = "compressible ".repeat(1000);
    socket.send(text);
    for await (const message of socket) {
      assert.equal(message, text);
      break;
    }
    await socket.close();
  });

  it("rejects a refusal with its status, headers and body; the session stays for others", async (t) => {
    const bare = await startBare(t, (stream, count) => {
      if (count > 1) {
        accept(stream);
        return;
      }
      stream.respond({ ":status": 404, "x-why": "no" });
      stream.end("not here");
    });
    const error = await rejection(connect(bare.url, { http2: true }));
    assert.ok(error instanceof UpgradeRefusedError);
    assert.equal(error.status, 404);
    assert.equal(error.headers.get("x-why"), "no");
    assert.equal(new TextDecoder().decode(error.body), "not here");
    const socket = await connect(bare.url, { http2: true });
    assert.equal(bare.sessions.length, 1);
    socket.terminate();
  });

  it("cancels what is left of a refusal's body that never ends", async (t) => {
    const bare = await startBare(t, (stream) => {
      stream.respond({ ":status": 500 });
      stream.write(new Uint8Array(70_000));
    });
    const error = await rejection(connect(bare.url, { http2: true }));
    assert.ok(error instanceof UpgradeRefusedError);
    assert.equal(error.body.byteLength, 65_536);
    const [stream] = bare.streams;
    if (stream?.closed === false) await once(stream, "close");
    assert.equal(stream?.rstCode, constants.NGHTTP2_CANCEL);
  });

  it("follows redirects", async (t) => {
    const server = await startServer(t);
    const bare = await startBare(t, (stream) => {
      stream.respond({ ":status": 307, location: `${server.url}/elsewhere` }, { endStream: true });
    });
    const socket = await connect(bare.url, { http2: true, redirects: {} });
    assert.equal(socket.url, `${server.url}/elsewhere`);
    await socket.close();
  });

  it("fails for a response that breaks the protocol, and resets the stream", async (t) => {
    const bare = await startBare(t, (stream) =>
      stream.respond({ ":status": 200, "sec-websocket-protocol": "never.asked" }),
    );
    const error = await rejection(connect(bare.url, { http2: true }));
    assert.equal(error.code, "response-protocol-not-requested");
    const [stream] = bare.streams;
    if (stream?.closed === false) await once(stream, "close");
    assert.equal(stream?.rstCode, constants.NGHTTP2_CANCEL);
  });
});

describe("RFC 8441 §3 the setting", () => {
  it('is waited for: "Upon receipt […] with a value of 1, a client MAY use the Extended CONNECT"', async (t) => {
    const bare = await startBare(t, accept, {});
    const error = await rejection(connect(bare.url, { http2: true }));
    assert.ok(error instanceof Http2Error);
    assert.equal(error.code, "http2-setting-missing");
    assert.equal(bare.streams.length, 0);
  });

  it("may come late", async (t) => {
    // The frames of a server that takes its time: SETTINGS with ENABLE_CONNECT_PROTOCOL (8) of 1, in three parts.
    const frame = Uint8Array.of(0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 1);
    let asked = 0;
    const server = createTcpServer((socket) => {
      socket.on("error", () => undefined);
      socket.once("data", (octets: Uint8Array) => {
        asked = octets.byteLength;
        socket.write(frame.subarray(0, 5));
        setImmediate(() => socket.write(frame.subarray(5, 14)));
        setImmediate(() => setImmediate(() => socket.write(frame.subarray(14))));
        socket.on("data", (more: Uint8Array) => {
          // A HEADERS frame: answered with GOAWAY, which is all this server knows.
          if (more[3] === 1 || more.includes(1, 9)) socket.destroy();
        });
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    t.after(() => server.close());
    const url = `ws://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    const error = await rejection(connect(url, { http2: true }));
    assert.equal(error.code, "http2-session-lost");
    assert.ok(asked > 0);
  });

  it("is not waited for longer than handshakeTimeoutMs, nor after an abort", async (t) => {
    const accepted: TcpSocket[] = [];
    const server = createTcpServer((socket) => {
      accepted.push(socket);
      socket.on("error", () => undefined);
      socket.resume();
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    t.after(() => server.close());
    const url = `ws://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    const late = await rejection(connect(url, { http2: true, handshakeTimeoutMs: 50 }));
    assert.equal(late.code, "handshake-timeout");
    const controller = new AbortController();
    const aborted = rejection(connect(url, { http2: true, signal: controller.signal }));
    while (accepted.length < 2) await once(server, "connection");
    controller.abort(new Error("never mind"));
    assert.equal((await aborted).message, "never mind");
    for (const socket of accepted) if (!socket.closed) await once(socket, "close");
  });
});

describe("RFC 8441 what ends sockets of one session", () => {
  it("is a reset for one of them, and nothing for the others", async (t) => {
    const bare = await startBare(t, accept);
    const [one, other] = await Promise.all([connect(bare.url, { http2: true }), connect(bare.url, { http2: true })]);
    bare.streams[0]?.close(constants.NGHTTP2_CANCEL);
    const report = await Promise.race([one.closed, other.closed]);
    assert.equal(report.code, 1006);
    const states = [one.readyState, other.readyState].sort();
    assert.deepEqual(states, ["closed", "open"]);
    one.terminate();
    other.terminate();
    assert.equal(bare.sessions.length, 1);
  });

  it("is the loss of the session for all, with a cause that says so", async (t) => {
    const bare = await startBare(t, accept);
    const sockets = await Promise.all([connect(bare.url, { http2: true }), connect(bare.url, { http2: true })]);
    for (const connection of bare.connections) connection.destroy();
    for (const socket of sockets) {
      const { code, cause } = await socket.closed;
      assert.equal(code, 1006);
      assert.ok(cause instanceof Http2Error, String(cause));
      assert.equal(cause.code, "http2-session-lost");
    }
  });

  it("is an error that the server tells by GOAWAY, likewise", async (t) => {
    const bare = await startBare(t, accept);
    const socket = await connect(bare.url, { http2: true });
    for (const session of bare.sessions) session.destroy(new Error("mine"), constants.NGHTTP2_ENHANCE_YOUR_CALM);
    const { cause } = await socket.closed;
    assert.ok(cause instanceof Http2Error, String(cause));
    assert.equal(cause.code, "http2-session-lost");
    assert.ok(cause.cause instanceof Error);
  });

  it("is not a GOAWAY without an error: sockets stay, and new ones get a session of their own", async (t) => {
    const bare = await startBare(t, accept);
    const socket = await connect(bare.url, { http2: true });
    const [session] = bare.sessions;
    session?.close();
    const other = await connect(bare.url, { http2: true });
    // It may have come before the GOAWAY, and then has been refused and asked for again.
    assert.equal(bare.sessions.length, 2);
    assert.equal(socket.readyState, "open");
    socket.terminate();
    other.terminate();
  });

  it("is an abort before the answer, for the one that was aborted: RST_STREAM with CANCEL", async (t) => {
    const bare = await startBare(t, (stream, count) => {
      if (count !== 2) accept(stream);
    });
    const first = await connect(bare.url, { http2: true });
    const controller = new AbortController();
    const second = rejection(connect(bare.url, { http2: true, signal: controller.signal }));
    await bare.untilStreams(2);
    controller.abort(new Error("never mind"));
    assert.equal((await second).message, "never mind");
    const stream = bare.streams[1];
    if (stream?.closed === false) await once(stream, "close");
    assert.equal(stream?.rstCode, constants.NGHTTP2_CANCEL);
    assert.equal(first.readyState, "open");
    const third = await connect(bare.url, { http2: true });
    assert.equal(bare.sessions.length, 1);
    first.terminate();
    third.terminate();
  });
});

describe("RFC 9113 §8.7 a refused stream", () => {
  it("is asked for again, once, over another session", async (t) => {
    const bare = await startBare(t, (stream, count) => {
      if (count === 1) stream.close(constants.NGHTTP2_REFUSED_STREAM);
      else accept(stream);
    });
    const socket = await connect(bare.url, { http2: true });
    assert.equal(bare.streams.length, 2);
    assert.equal(bare.sessions.length, 2);
    socket.terminate();
  });

  it("is not asked for for ever", async (t) => {
    const bare = await startBare(t, (stream) => stream.close(constants.NGHTTP2_REFUSED_STREAM));
    const error = await rejection(connect(bare.url, { http2: true }));
    assert.equal(error.code, "http2-stream-reset");
    assert.equal(bare.streams.length, 2);
  });

  it("is not one that was reset for another reason", async (t) => {
    const bare = await startBare(t, (stream) => stream.close(constants.NGHTTP2_INTERNAL_ERROR));
    const error = await rejection(connect(bare.url, { http2: true }));
    assert.equal(error.code, "http2-stream-reset");
    assert.equal(bare.streams.length, 1);
  });

  it("is the server's last word where it allows no stream at all", async (t) => {
    const bare = await startBare(t, accept, { enableConnectProtocol: true, maxConcurrentStreams: 0 });
    const error = await rejection(connect(bare.url, { http2: true }));
    assert.equal(error.code, "http2-no-streams");
  });
});

describe("connect where there is no HTTP/2", () => {
  it("rejects in clear text, with what the session failed of", async (t) => {
    const server = await startServer(t, { http2: false });
    const error = await rejection(connect(server.url, { http2: true }));
    assert.equal(error.code, "http2-session-failed");
  });

  it('rejects where TLS chooses HTTP/1.1, and takes that for "auto"', async (t) => {
    const server = await startServer(t, { http2: false, tls: serverTls });
    const error = await rejection(connect(server.url, { http2: true, tls }));
    assert.equal(error.code, "http2-not-chosen");
    const sockets = await Promise.all([1, 2, 3].map(() => connect(server.url, { http2: "auto", tls })));
    for (const socket of sockets) {
      socket.send("hello");
      for await (const message of socket) {
        assert.equal(message, "hello");
        break;
      }
      await socket.close();
    }
  });

  it('falls back for "auto" where the setting is absent, and remembers it', async (t) => {
    let sessions = 0;
    const http = createSecureServer({ ...serverTls, allowHTTP1: true });
    http.on("session", () => sessions++);
    const server = await serve({ noServer: true, message: (socket, message) => void socket.send(message) });
    http.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Uint8Array) =>
      server.handleUpgrade(request, socket, head),
    );
    http.listen(0, "127.0.0.1");
    await once(http, "listening");
    t.after(async () => {
      await server.close();
      http.close();
    });
    const url = `wss://localhost:${String((http.address() as AddressInfo).port)}`;
    for (let count = 0; count < 3; count++) {
      const socket = await connect(url, { http2: "auto", tls });
      await socket.close();
    }
    assert.equal(sessions, 1);
  });

  it('is HTTP/1.1 for "auto" in clear text, always', async (t) => {
    const versions: (string | null)[] = [];
    const server = await startServer(t, {
      accept: (request: Request) => {
        versions.push(request.headers.get("sec-websocket-key"));
        return undefined;
      },
    });
    const auto = await connect(server.url, { http2: "auto" });
    const only = await connect(server.url, { http2: true });
    assert.equal(typeof versions[0], "string");
    assert.equal(versions[1], null);
    await auto.close();
    await only.close();
  });

  it('is HTTP/2 for "auto" where TLS chooses it', async (t) => {
    const server = await startServer(t, { tls: serverTls });
    const sockets = await Promise.all([1, 2].map(() => connect(server.url, { http2: "auto", tls })));
    for (const socket of sockets) await socket.close();
  });

  it("is a misuse to want anything else", async () => {
    await assert.rejects(connect("ws://localhost", { http2: "yes" as unknown as boolean }), {
      code: "invalid-argument",
    });
  });
});
