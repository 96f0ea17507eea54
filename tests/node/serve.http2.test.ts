import assert from "node:assert/strict";
import { once } from "node:events";
import { createSecureServer, createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { connect, serve } from "#src/index.js";
import { answerOf, openHttp2Client } from "../support/http2-client.js";
import { testOnlyCertificate, testOnlyKey } from "../support/test-only-certificate.js";

const tls = { key: testOnlyKey, cert: testOnlyCertificate };

for (const transport of ["net", "handle"] as const) {
  describe(`RFC 8441 HTTP/2 in clear text over the ${transport} transport`, () => {
    it("carries WebSockets of one session, beside those of HTTP/1.1 on the same port", async (t) => {
      const server = await serve({ port: 0, http2: true, transport, message: (socket, m) => void socket.send(m) });
      const client = await openHttp2Client(t, server.url, server);
      const peers = await Promise.all([client.open(), client.open({ ":path": "/other" })]);
      for (const [index, peer] of peers.entries()) {
        peer.sendText(`hello ${String(index)}`);
        await peer.untilFrames(1);
        assert.deepEqual(peer.lines, [`text hello ${String(index)}`]);
      }
      const socket = await connect(server.url);
      socket.send("over HTTP/1.1");
      for await (const message of socket) {
        assert.equal(message, "over HTTP/1.1");
        break;
      }
      assert.equal(server.sockets.size, 3);
      const page = await fetch(server.url.replace("ws:", "http:"));
      assert.equal(page.status, 426);
      await page.text();
      await socket.close();
    });
  });
}

describe("RFC 8441 HTTP/2 over TLS", () => {
  it("is chosen by ALPN, and HTTP/1.1 is for the others", async (t) => {
    const server = await serve({ port: 0, http2: true, tls, message: (socket, m) => void socket.send(m) });
    const client = await openHttp2Client(t, server.url, server);
    assert.equal(client.session.alpnProtocol, "h2");
    const peer = await client.open();
    peer.sendText("hello");
    await peer.untilFrames(1);
    assert.deepEqual(peer.lines, ["text hello"]);
    const socket = await connect(server.url, { tls: { ca: testOnlyCertificate } });
    socket.send("over HTTP/1.1");
    for await (const message of socket) {
      assert.equal(message, "over HTTP/1.1");
      break;
    }
    await socket.close();
  });

  it("tells accept that it is secure", async (t) => {
    let url = "";
    const server = await serve({
      port: 0,
      http2: true,
      tls,
      accept: (request) => {
        url = request.url;
        return undefined;
      },
      message: () => undefined,
    });
    const client = await openHttp2Client(t, server.url, server);
    await client.open({ ":path": "/chat?room=1" });
    assert.equal(url, `${server.url.replace("wss:", "https:")}/chat?room=1`);
  });
});

describe("RFC 8441 refusals", () => {
  it("come as a status on the stream, and the session goes on", async (t) => {
    const server = await serve({
      port: 0,
      http2: true,
      accept: (request) =>
        new URL(request.url).pathname === "/"
          ? undefined
          : new Response("no", { status: 403, headers: { "X-Why": "no" } }),
      message: (socket, m) => void socket.send(m),
    });
    const client = await openHttp2Client(t, server.url, server);
    const refused = client.ask({ ":path": "/other" });
    const answer = await answerOf(refused);
    assert.equal(answer[":status"], 403);
    assert.equal(answer["x-why"], "no");
    refused.setEncoding("utf8");
    let body = "";
    refused.on("data", (chunk: string) => {
      body += chunk;
    });
    await once(refused, "end");
    assert.equal(body, "no");
    refused.end();
    assert.equal((await answerOf(client.ask({ ":protocol": "other" })))[":status"], 501);
    assert.equal((await answerOf(client.ask({ "sec-websocket-version": "8" })))[":status"], 400);
    const foreign = await answerOf(client.ask({ origin: "https://evil.example" }));
    assert.equal(foreign[":status"], 403);
    const peer = await client.open();
    peer.sendText("still here");
    await peer.untilFrames(1);
  });

  it("answers an ordinary request and an ordinary CONNECT with 405", async (t) => {
    const server = await serve({ port: 0, http2: true, message: () => undefined });
    const { session } = await openHttp2Client(t, server.url, server);
    const ordinary = await answerOf(session.request({ ":path": "/" }));
    assert.equal(ordinary[":status"], 405);
  });
});

describe("an HTTP/2 server of the application's", () => {
  for (const withListener of [false, true]) {
    it(`gives its extended CONNECTs${withListener ? ", and keeps its requests" : ""}`, async (t) => {
      const http = createServer();
      if (withListener) {
        http.on("request", (_request, response) => {
          response.end("mine");
        });
      }
      const server = await serve({ server: http, message: (socket, m) => void socket.send(m) });
      http.listen({ port: 0, host: "127.0.0.1" });
      await once(http, "listening");
      t.after(() => void http.close());
      const client = await openHttp2Client(t, `ws://127.0.0.1:${String((http.address() as AddressInfo).port)}`, server);
      const peer = await client.open();
      peer.sendText("hello");
      await peer.untilFrames(1);
      assert.deepEqual(peer.lines, ["text hello"]);
      if (withListener) {
        assert.equal((await answerOf(client.session.request({ ":path": "/" })))[":status"], 200);
        assert.equal(
          (await answerOf(client.ask({ ":protocol": undefined, ":scheme": undefined, ":path": undefined })))[":status"],
          405,
        );
      }
      const closed = server.close();
      await peer.untilFrames(2);
      peer.sendClose(1001);
      peer.stream.end();
      await closed;
      assert.equal(server.sockets.size, 0);
    });
  }

  it("may speak both versions over TLS", async (t) => {
    const http = createSecureServer({ ...tls, allowHTTP1: true });
    const server = await serve({ server: http, message: (socket, m) => void socket.send(m) });
    http.listen({ port: 0, host: "127.0.0.1" });
    await once(http, "listening");
    t.after(() => void http.close());
    const url = `wss://localhost:${String((http.address() as AddressInfo).port)}`;
    const socket = await connect(url, { tls: { ca: testOnlyCertificate } });
    socket.send("hello");
    for await (const message of socket) {
      assert.equal(message, "hello");
      break;
    }
    const client = await openHttp2Client(t, url, server);
    const peer = await client.open();
    peer.sendText("hello");
    await peer.untilFrames(1);
    await socket.close();
  });
});

describe("the end of a server that speaks HTTP/2", () => {
  for (const withTls of [false, true]) {
    it(`closes WebSockets, then sessions${withTls ? ", over TLS" : ""}`, async (t) => {
      const server = await serve({ port: 0, http2: true, ...(withTls ? { tls } : {}), message: () => undefined });
      const client = await openHttp2Client(t, server.url, server);
      const peer = await client.open();
      const idle = await openHttp2Client(t, server.url, server);
      const closed = server.close();
      await peer.untilFrames(1);
      assert.deepEqual(peer.lines, ["close 1001"]);
      peer.sendClose(1001);
      peer.stream.end();
      await closed;
      assert.equal(client.session.closed || client.session.destroyed, true);
      assert.equal(idle.session.closed || idle.session.destroyed, true);
    });
  }
});
