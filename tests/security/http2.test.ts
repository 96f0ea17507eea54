/**
 * Attacks that HTTP/2 brings along.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { TestContext } from "node:test";
import { describe, it } from "node:test";
import { connect, serve } from "#src/index.js";
import { answerOf, openHttp2Client } from "../support/http2-client.js";
import {
  connectFields,
  endHeaders,
  FrameReader,
  fieldBlock,
  frameType,
  http2Frame,
  preface,
  settingsFrame,
} from "../support/http2-frames.js";
import { connectRaw } from "../support/raw-http.js";
import { testOnlyCertificate, testOnlyKey } from "../support/test-only-certificate.js";
import { writeAll } from "../support/victim.js";

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

describe("RFC 9113 §10.5 floods by hand", () => {
  /** Makes a connection whose octets the test writes itself, and a WebSocket beside it that must not notice. */
  async function attack(t: TestContext) {
    let asked = 0;
    const server = await serve({
      port: 0,
      host: "127.0.0.1",
      http2: true,
      accept: () => {
        asked++;
        return undefined;
      },
      message: (socket, message) => void socket.send(message),
    });
    const innocent = await openHttp2Client(t, server.url, server);
    const peer = await innocent.open();
    const socket = await connectRaw(t, server.port);
    socket.on("error", () => socket.destroy());
    socket.write(Buffer.concat([preface, settingsFrame()]));
    /** Sends the same octets until the server has enough of it, or `bytes` are sent. */
    const flood = async (octets: Uint8Array, bytes: number): Promise<number> => {
      let sent = 0;
      while (sent < bytes && (await writeAll(socket, octets))) {
        sent += octets.byteLength;
        await new Promise((resolve) => setImmediate(resolve));
      }
      return sent;
    };
    const assertServes = async (): Promise<void> => {
      peer.sendText("still here");
      await peer.untilFrames(1);
      assert.deepEqual(peer.lines, ["text still here"]);
      assert.equal(server.sockets.size, 1);
    };
    return { server, socket, flood, assertServes, asked: () => asked };
  }

  const mebibyte = 1024 * 1024;
  const many = (octets: Uint8Array, count: number): Buffer =>
    Buffer.concat(Array.from({ length: count }, () => octets));
  const ping = http2Frame(frameType.ping, 0, 0, new Uint8Array(8));
  const emptyData = http2Frame(frameType.data, 0, 1);
  const request = http2Frame(frameType.headers, endHeaders, 1, connectFields());
  const field = fieldBlock({ "x-more": "a".repeat(50) });

  const floods: readonly (readonly [what: string, first: Uint8Array, again: Uint8Array, readsAnswers: boolean])[] = [
    [
      "CONTINUATION frames without an end (CVE-2024-27983, CVE-2024-28182)",
      http2Frame(frameType.headers, 0, 1, connectFields()),
      many(http2Frame(frameType.continuation, 0, 1, field), 100),
      true,
    ],
    ["empty DATA frames (CVE-2019-9518)", request, many(emptyData, 1000), true],
    ["SETTINGS that nobody reads the answers of (CVE-2019-9515)", request, many(settingsFrame(), 1000), false],
    ["PINGs that nobody reads the answers of (CVE-2019-9512)", request, many(ping, 1000), false],
  ];
  for (const [what, first, again, readsAnswers] of floods) {
    it(`${what} end the session, and touch no other`, async (t) => {
      const { socket, flood, assertServes } = await attack(t);
      if (readsAnswers) socket.resume();
      socket.write(first);
      const sent = await flood(again, 64 * mebibyte);
      assert.ok(sent < 64 * mebibyte, `${String(sent)} octets were taken`);
      await assertServes();
    });
  }

  it("a list of fields beyond the limits is refused or reset, and the session lives", async (t) => {
    const { server, socket, assertServes } = await attack(t);
    const reader = new FrameReader();
    const fields = (count: number): Buffer => Buffer.concat([connectFields(), many(fieldBlock({ x: "y" }), count)]);
    const counts = [1, 150, 300, 3000];
    const answers = new Map<number, string>();
    for (const [index, count] of counts.entries()) {
      const streamId = 2 * index + 1;
      const block = fields(count);
      const half = Math.min(block.byteLength, 16_000);
      socket.write(
        http2Frame(frameType.headers, half === block.byteLength ? endHeaders : 0, streamId, block.subarray(0, half)),
      );
      if (half < block.byteLength) {
        socket.write(http2Frame(frameType.continuation, endHeaders, streamId, block.subarray(half)));
      }
    }
    for await (const chunk of socket) {
      for (const { type, streamId } of reader.push(chunk as Buffer)) {
        if (answers.has(streamId)) continue;
        if (type === frameType.headers) answers.set(streamId, "an answer");
        if (type === frameType.reset) answers.set(streamId, "a reset");
      }
      if (answers.size === counts.length) break;
    }
    // The first is let in, the next two get 431, the last has more than HTTP/2 itself takes here.
    const inOrder = counts.map((_, index) => answers.get(2 * index + 1));
    assert.deepEqual(inOrder, ["an answer", "an answer", "an answer", "a reset"]);
    socket.destroy();
    while (server.sockets.size > 1) await new Promise((resolve) => setImmediate(resolve));
    await assertServes();
  });
});

describe("RFC 9113 §5.2 flow control towards a client", () => {
  it("stops a server's writer for a socket that nobody reads, and none of its siblings", async (t) => {
    const server = await serve({
      port: 0,
      http2: true,
      heartbeat: false,
      message: async (socket, message) => {
        if (message !== "flood") {
          socket.send(message);
          return;
        }
        for (let count = 0; count < 1000; count++) {
          socket.send(new Uint8Array(16 * 1024));
          await socket.ready();
        }
        socket.send("over");
      },
    });
    t.after(() => server.close());
    const options = { http2: true, heartbeat: false } as const;
    const [slow, lively] = [await connect(server.url, options), await connect(server.url, options)];
    slow.send("flood");
    const messages = lively[Symbol.asyncIterator]();
    for (let count = 0; count < 100; count++) {
      lively.send(`message ${String(count)}`);
      assert.equal((await messages.next()).value, `message ${String(count)}`);
    }
    // Both ends hold what windows and buffers do, and no more: 16 MiB are to come.
    const held = [slow, ...server.sockets].map(({ memoryBytes }) => memoryBytes);
    assert.ok(Math.max(...held) < 2 * 1024 * 1024, held.join());
    let bytes = 0;
    for await (const message of slow) {
      if (message === "over") break;
      bytes += (message as Uint8Array).byteLength;
    }
    assert.equal(bytes, 1000 * 16 * 1024);
    await Promise.all([slow.close(), lively.close()]);
  });

  it("is no reason to refuse others a stream, however much waits for a socket that nobody reads", async (t) => {
    const server = await serve({
      port: 0,
      http2: true,
      heartbeat: false,
      message: (socket, message) => {
        if (message !== "flood") socket.send(message);
        else for (let count = 0; count < 30; count++) socket.send(new Uint8Array(1024 * 1024));
      },
    });
    const { session, open } = await openHttp2Client(t, server.url, server);
    const slow = await open();
    slow.sendText("flood");
    await slow.until(() => slow.frames.length > 0);
    slow.stream.pause();
    // More than Node lets a session have in memory by default, and still take streams.
    const others = [await open(), await open()];
    for (const other of others) {
      other.sendText("hello");
      await other.untilFrames(1);
    }
    assert.equal(session.destroyed, false);
    slow.stream.destroy();
    for (const other of others) other.stream.destroy();
  });
});
