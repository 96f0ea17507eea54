import assert from "node:assert/strict";
import { once } from "node:events";
import type { Server as HttpServer } from "node:http";
import { createServer } from "node:http";
import { connect as connectHttp2, createSecureServer } from "node:http2";
import type { Server as HttpsServer } from "node:https";
import { createServer as createHttpsServer } from "node:https";
import type { Socket } from "node:net";
import type { TestContext } from "node:test";
import { describe, it } from "node:test";
import { connect as connectTls } from "node:tls";
import { ConnectionDeadlines } from "#src/node/connection-deadlines.js";
import { Deadline } from "#src/transport/index.js";
import { FakeClock } from "../support/fake-clock.js";
import { listen, requestText } from "../support/raw-http.js";
import { turns } from "../support/task-queue.js";
import { testOnlyCertificate, testOnlyKey } from "../support/test-only-certificate.js";
import { TextClient } from "../support/text-client.js";

const handshakeTimeoutMs = 1000;

/** A server whose connections have their time, which stands still. */
async function start(t: TestContext, http: HttpServer | HttpsServer) {
  const clock = new FakeClock();
  const deadlines = new ConnectionDeadlines(clock, handshakeTimeoutMs);
  deadlines.watch(http);
  const port = await listen(http);
  t.after(() => {
    // A server of HTTP/2 has no such method; its sessions end with their clients.
    if ("closeAllConnections" in http) http.closeAllConnections();
    http.close();
  });
  return { clock, deadlines, port };
}

/** Connects; returns the server's side, too. */
async function visit(t: TestContext, http: HttpServer | HttpsServer, port: number) {
  const accepted = once(http, "connection") as Promise<[Socket]>;
  const client = await TextClient.connect(t, port);
  const [socket] = await accepted;
  return { client, socket };
}

describe("the time of a connection", () => {
  it("ends one that has not asked for anything, with 408 (RFC 9110 §15.5.9)", async (t) => {
    const http = createServer();
    const { clock, port } = await start(t, http);
    const { client, socket } = await visit(t, http, port);
    clock.advance(handshakeTimeoutMs - 1);
    assert.equal(socket.destroyed, false);
    clock.advance(1);
    assert.equal(await client.untilEnd(), "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n");
    assert.equal(clock.pendingTimers, 0);
  });

  it("is over with an ordinary request, and with the connection", async (t) => {
    const http = createServer((_request, response) => response.end("<page>"));
    const { clock, deadlines, port } = await start(t, http);
    const { client, socket } = await visit(t, http, port);
    assert.equal(clock.pendingTimers, 1);
    client.write(requestText(["Host", "a"], "GET / HTTP/1.1"));
    await client.until(/<page>/u);
    assert.equal(clock.pendingTimers, 0);
    assert.equal(deadlines.take(socket), undefined);
    const other = await visit(t, http, port);
    assert.equal(clock.pendingTimers, 1);
    other.client.socket.resetAndDestroy();
    while (clock.pendingTimers > 0) await turns(1);
  });

  it("goes on with whoever takes it", async (t) => {
    const http = createServer();
    const { clock, deadlines, port } = await start(t, http);
    const { socket } = await visit(t, http, port);
    clock.advance(400);
    const deadline = deadlines.take(socket) ?? assert.fail();
    let isOver = false;
    deadline.expired = () => {
      isOver = true;
    };
    assert.equal(deadlines.take(socket), undefined);
    socket.destroy();
    clock.advance(599);
    assert.equal(isOver, false);
    clock.advance(1);
    assert.equal(isOver, true);
  });

  it("may be another than it began with; a connection that is gone has none", async (t) => {
    const http = createServer();
    const { clock, deadlines, port } = await start(t, http);
    const { client, socket } = await visit(t, http, port);
    deadlines.begin(socket, new Deadline(clock, 10, () => undefined));
    assert.equal(clock.pendingTimers, 1);
    clock.advance(10);
    assert.match(await client.untilEnd(), /^HTTP\/1\.1 408 /u);
    socket.destroy();
    deadlines.begin(socket, new Deadline(clock, 10, () => undefined));
    assert.equal(clock.pendingTimers, 0);
  });

  it("goes through the handshake of TLS: it ends one that has not shaken hands, and goes on with one that has", async (t) => {
    const http = createHttpsServer({ key: testOnlyKey, cert: testOnlyCertificate });
    const { clock, port } = await start(t, http);
    const { client } = await visit(t, http, port);
    const shaking = await visit(t, http, port);
    clock.advance(400);
    const secured = once(http, "secureConnection");
    const secure = connectTls({ socket: shaking.client.socket, host: "localhost", ca: testOnlyCertificate });
    secure.on("error", () => undefined);
    await secured;
    assert.equal(clock.pendingTimers, 2);
    clock.advance(599);
    const answer = once(secure, "data") as Promise<[Buffer]>;
    clock.advance(1);
    assert.equal(await client.untilEnd(), "");
    assert.match(String((await answer)[0]), /^HTTP\/1\.1 408 /u);
    secure.destroy();
  });

  it("is found by the end that a session of HTTP/2 names, in clear text and through TLS", async (t) => {
    const http = createServer();
    const plain = await start(t, http);
    const { socket } = await visit(t, http, plain.port);
    const { remoteAddress, remotePort } = socket;
    const deadline = plain.deadlines.takeFrom({ remoteAddress, remotePort });
    assert.ok(deadline !== undefined);
    assert.equal(plain.deadlines.takeFrom({ remoteAddress, remotePort }), undefined);
    deadline.cancel();

    const secure = createSecureServer({ key: testOnlyKey, cert: testOnlyCertificate });
    const { clock, deadlines, port } = await start(t, secure as unknown as HttpsServer);
    let left: Deadline | undefined;
    secure.on("session", (session) => {
      left = deadlines.takeFrom(session.socket);
    });
    const accepted = once(secure, "connection");
    const shaking = await TextClient.connect(t, port);
    await accepted;
    clock.advance(400);
    const secured = once(secure, "session");
    const session = connectHttp2("https://localhost", {
      createConnection: () =>
        connectTls({ socket: shaking.socket, host: "localhost", ca: testOnlyCertificate, ALPNProtocols: ["h2"] }),
    });
    t.after(() => session.destroy());
    session.on("error", () => undefined);
    await secured;
    let isOver = false;
    (left ?? assert.fail()).expired = () => {
      isOver = true;
    };
    clock.advance(599);
    assert.equal(isOver, false);
    clock.advance(1);
    assert.equal(isOver, true);
    assert.equal(clock.pendingTimers, 0);
  });
});
