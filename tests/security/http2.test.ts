/**
 * Attacks that HTTP/2 brings along.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { serve } from "#src/index.js";
import { answerOf, openHttp2Client } from "../support/http2-client.js";
import { testOnlyCertificate, testOnlyKey } from "../support/test-only-certificate.js";

describe("RFC 9113 §10.5 floods of a session", () => {
  it("rapid resets (CVE-2023-44487) end the session, and touch no other", async (t) => {
    let asked = 0;
    const server = await serve({
      port: 0,
      http2: true,
      // Nobody is ever let in here: what is reset in time must cost nothing that stays.
      accept: (request) => {
        asked++;
        return new URL(request.url).pathname === "/other" ? undefined : new Promise<undefined>(() => undefined);
      },
      message: (socket, message) => void socket.send(message),
    });
    const other = await openHttp2Client(t, server.url, server);
    const peer = await other.open({ ":path": "/other" });
    const { session, ask } = await openHttp2Client(t, server.url);
    const gone = new Promise((resolve) => session.once("close", resolve));
    const resets = 20_000;
    let sent = 0;
    while (sent < resets && !session.closed && !session.destroyed) {
      for (let count = 0; count < 100 && !session.closed && !session.destroyed; count++, sent++) {
        const stream = ask();
        stream.on("error", () => undefined);
        stream.close(8);
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    await gone;
    assert.ok(sent < resets, `${String(sent)} resets were taken`);
    assert.ok(asked < resets / 2, `accept was asked ${String(asked)} times`);
    peer.sendText("still here");
    await peer.untilFrames(1);
    assert.deepEqual(peer.lines, ["text still here"]);
  });

  it("more streams than maxStreamsPerSession are refused by HTTP/2, and those before them live", async (t) => {
    const server = await serve({
      port: 0,
      http2: { maxStreamsPerSession: 3 },
      message: (socket, message) => void socket.send(message),
    });
    const { session, open } = await openHttp2Client(t, server.url, server);
    assert.equal(session.remoteSettings.maxConcurrentStreams, 3);
    const peers = [await open(), await open(), await open()];
    assert.equal(server.sockets.size, 3);
    for (const peer of peers) peer.sendText("hello");
    await Promise.all(peers.map((peer) => peer.untilFrames(1)));
  });

  it("headers beyond the limits are refused, and the session lives", async (t) => {
    const server = await serve({
      port: 0,
      http2: true,
      limits: { maxHeaderCount: 20, maxHeaderBytes: 2000 },
      message: (socket, message) => void socket.send(message),
    });
    const { ask, open } = await openHttp2Client(t, server.url, server);
    const large = ask({ "x-large": "a".repeat(2100) });
    assert.equal((await answerOf(large))[":status"], 431);
    const peer = await open();
    peer.sendText("hello");
    await peer.untilFrames(1);
  });
});

describe("RFC 9113 §5.2 flow control", () => {
  it("stops the writer of a stream that nobody reads, and none of its siblings", async (t) => {
    const server = await serve({
      port: 0,
      http2: true,
      message: async (socket, message) => {
        if (socket.data === undefined && message === "stall") await new Promise(() => undefined);
        socket.send(message);
      },
    });
    const client = await openHttp2Client(t, server.url, server);
    const stalled = await client.open();
    const lively = await client.open();
    stalled.sendText("stall");
    const chunk = "x".repeat(16_000);
    // More than all windows and buffers on the way hold.
    for (let count = 0; count < 500; count++) stalled.sendText(chunk);
    for (let count = 0; count < 50; count++) {
      lively.sendText(`message ${String(count)}`);
      await lively.untilFrames(count + 1);
    }
    const [socket] = server.sockets;
    assert.ok(socket !== undefined && socket.memoryBytes < 2 * 1024 * 1024, String(socket?.memoryBytes));
  });
});

describe("a session that never asks for anything", () => {
  for (const tls of [undefined, { key: testOnlyKey, cert: testOnlyCertificate }]) {
    it(`ends at handshakeTimeoutMs${tls === undefined ? "" : ", over TLS"}`, async (t) => {
      const server = await serve({
        port: 0,
        http2: true,
        handshakeTimeoutMs: 200,
        ...(tls !== undefined && { tls }),
        message: () => undefined,
      });
      const { session } = await openHttp2Client(t, server.url, server);
      if (!session.closed) await once(session, "close");
      assert.equal(session.destroyed, true);
    });
  }
});
