import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { connect, serve } from "openline";
import { WebSocket, WebSocketServer } from "ws";
import { Inbox } from "../support/inbox.js";

const timeout = 30_000;
const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;
const highWaterMarkBytes = 64 * kibibyte;
const messageBytes = 64 * kibibyte;
const message = new Uint8Array(messageBytes).fill(0x2a);

/** Lets the loop turn once. */
const turn = () => new Promise(setImmediate);

/** Sends while `isWanted`, letting what can leave do so. */
async function sendWhile(isWanted, send) {
  let sent = 0;
  for (; isWanted(); sent++) {
    send();
    await turn();
  }
  return sent;
}

/** Resolves when `socket` of ws has received `count` messages. */
function receive(socket, count) {
  return new Promise((resolve) => {
    let left = count;
    socket.on("message", () => {
      if (--left === 0) resolve(undefined);
    });
  });
}

/** An openline server and a paused ws client of it. */
async function withPausedWsClient(test, options) {
  const sockets = new Inbox();
  const server = await serve({ port: 0, host: "127.0.0.1", open: (socket) => sockets.push(socket), ...options });
  const client = new WebSocket(server.url, { perMessageDeflate: false });
  test.after(async () => {
    client.terminate();
    await server.close();
  });
  await once(client, "open");
  client.pause();
  return { client, socket: await sockets.next() };
}

describe("a peer that does not read: ws client, openline server", { timeout }, () => {
  it("an echo server stops reading, holds a bounded amount, and loses nothing", async (test) => {
    let mostBuffered = 0;
    let isFull = false;
    const { client } = await withPausedWsClient(test, {
      message(socket, received) {
        const result = socket.send(received);
        isFull ||= result.ok && result.status === "buffered";
        mostBuffered = Math.max(mostBuffered, socket.bufferedBytes);
      },
    });
    const untilFull = await sendWhile(
      () => !isFull,
      () => client.send(message),
    );
    // More than the kernel's buffers hold: it waits in the client, not in the server.
    const further = (32 * mebibyte) / messageBytes;
    for (let index = 0; index < further; index++) client.send(message);
    const all = receive(client, untilFull + further);
    client.resume();
    await all;
    // What was over the mark, and at most one read's worth of messages before reading stopped.
    assert.ok(mostBuffered <= highWaterMarkBytes + 4 * messageBytes, `${mostBuffered} octets were buffered`);
  });

  it("send says buffered, ready() waits, drain is called, and all arrives", async (test) => {
    let drains = 0;
    const { client, socket } = await withPausedWsClient(test, { drain: () => drains++ });
    let result;
    const sent = await sendWhile(
      () => result?.status !== "buffered",
      () => (result = socket.send(message)),
    );
    let isReady = false;
    const ready = socket.ready().then(() => (isReady = true));
    await turn();
    assert.ok(!isReady && drains === 0);
    const all = receive(client, sent);
    client.resume();
    await ready;
    await all;
    assert.ok(socket.bufferedBytes <= highWaterMarkBytes);
    assert.equal(drains, 1);
  });

  it("with slowPeer refuse, send refuses at the limit, and takes messages again later", async (test) => {
    const { client, socket } = await withPausedWsClient(test, { slowPeer: "refuse", maxSendBufferBytes: mebibyte });
    let result;
    const attempts = await sendWhile(
      () => result?.ok !== false,
      () => (result = socket.send(message)),
    );
    assert.deepEqual(result, { ok: false, status: "refused", reason: "buffer-full" });
    assert.ok(socket.bufferedBytes <= mebibyte + messageBytes + kibibyte);
    const all = receive(client, attempts - 1);
    client.resume();
    await all;
    assert.equal(socket.send(message).ok, true);
  });

  it("by default it is dropped at the limit, and the report says why", async (test) => {
    const { client, socket } = await withPausedWsClient(test, { maxSendBufferBytes: mebibyte });
    const atClient = once(client, "close");
    await sendWhile(
      () => socket.readyState === "open",
      () => socket.send(message),
    );
    const report = await socket.closed;
    assert.deepEqual([report.outcome, report.code, report.initiator], ["dropped", 1006, "us"]);
    assert.equal(report.cause?.code, "slow-peer");
    client.resume();
    assert.equal((await atClient)[0], 1006);
  });
});

describe("a peer that does not read: openline client, ws server", { timeout }, () => {
  it("send says buffered, ready() waits, drain is called, and all arrives", async (test) => {
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    test.after(() => server.close());
    await once(server, "listening");
    const connection = once(server, "connection");
    let drains = 0;
    const socket = await connect(`ws://127.0.0.1:${server.address().port}`, { drain: () => drains++, message() {} });
    const [peer] = await connection;
    peer.pause();
    let result;
    const sent = await sendWhile(
      () => result?.status !== "buffered",
      () => (result = socket.send(message)),
    );
    let isReady = false;
    const ready = socket.ready().then(() => (isReady = true));
    await turn();
    assert.ok(!isReady && drains === 0);
    const all = receive(peer, sent);
    peer.resume();
    await ready;
    await all;
    assert.equal(drains, 1);
    await socket.close();
  });

  it("a client that is not asked for messages stops reading, and loses none", async (test) => {
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    test.after(() => server.close());
    await once(server, "listening");
    const connection = once(server, "connection");
    const socket = await connect(`ws://127.0.0.1:${server.address().port}`);
    const [peer] = await connection;
    // Only when the client has stopped reading does this much pile up in the server.
    const sent = await sendWhile(
      () => peer.bufferedAmount < 8 * mebibyte,
      () => peer.send(message),
    );
    peer.close(1000);
    let received = 0;
    for await (const each of socket) {
      assert.equal(each.length, messageBytes);
      received++;
    }
    assert.equal(received, sent);
    assert.equal((await socket.closed).outcome, "closed-by-peer");
  });
});
