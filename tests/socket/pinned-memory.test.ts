import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ProtocolError } from "#src/protocol/index.js";
import { memoryWatchOf } from "#src/socket/memory-watch.js";
import { createMemoryPair } from "#src/transport/index.js";
import { CountingStream } from "../support/counting-stream.js";
import { createEndpoint, deferred, type EndpointSetup, meetRawPeer } from "../support/endpoints.js";
import { createFakePlatform } from "../support/fake-platform.js";
import { RawPeer } from "../support/raw-peer.js";
import { TaskQueue } from "../support/task-queue.js";

const kib = 1024;
const noDeadlines = { heartbeat: false, messageTimeoutMs: false, sendTimeoutMs: false } as const;

describe("the memory of a socket", () => {
  it("is that of its objects while it holds nothing", async () => {
    const { socket, peer, platform, idle } = meetRawPeer("server", { ...noDeadlines, message: () => {} });
    const idleBytes = socket.memoryBytes;
    assert.ok(idleBytes > 1000);
    peer.sendText("handled at once");
    await idle();
    assert.equal(socket.memoryBytes, idleBytes);
    assert.equal(memoryWatchOf(platform).heldBytes, 0);
    assert.equal(platform.clock.pendingTimers, 0);
  });

  it("grows with an unfinished message, with messages that wait, and with output that waits", async () => {
    const gate = deferred();
    const setup: EndpointSetup = { ...noDeadlines, maxInboxBytes: 1024 * kib, message: () => gate.promise };
    const { socket, peer, platform, idle } = meetRawPeer("server", setup, { capacityBytes: 100 * kib });
    const idleBytes = socket.memoryBytes;
    peer.send({ opcode: 2, payload: "" }, { opcode: 2, payload: new Uint8Array(50 * kib) });
    await idle();
    const withInbox = socket.memoryBytes;
    assert.ok(withInbox >= idleBytes + 50 * kib);
    peer.send({ opcode: 2, fin: false, payload: new Uint8Array(20 * kib) });
    await idle();
    const withMessage = socket.memoryBytes;
    assert.ok(withMessage >= withInbox + 20 * kib);
    peer.stream.pause();
    socket.send(new Uint8Array(200 * kib));
    socket.send("x".repeat(30 * kib));
    await idle();
    assert.ok(socket.memoryBytes >= withMessage + 230 * kib);
    assert.equal(memoryWatchOf(platform).heldBytes > 0, true);
    peer.stream.resume();
    gate.resolve();
    peer.send({ opcode: 0, payload: "" });
    await idle();
    platform.clock.advance(2000);
    assert.equal(memoryWatchOf(platform).heldBytes, 0);
    assert.equal(socket.memoryBytes, idleBytes);
    assert.equal(platform.clock.pendingTimers, 0);
  });

  it("is limited: beyond maxSocketMemoryBytes the connection is closed with 1008", async () => {
    const setup = { ...noDeadlines, maxSocketMemoryBytes: 70 * kib };
    const { socket, peer, idle } = meetRawPeer("server", setup);
    peer.send({ opcode: 2, fin: false, payload: new Uint8Array(40 * kib) });
    await idle();
    assert.equal(socket.readyState, "open");
    peer.send({ opcode: 0, fin: false, payload: new Uint8Array(40 * kib) });
    await idle();
    assert.deepEqual(peer.lines, ["close 1008 socket-memory"]);
    peer.stream.end();
    const { cause } = await socket.closed;
    assert.ok(cause instanceof ProtocolError);
    assert.equal(cause.limit, 70 * kib);
    assert.ok((cause.observed ?? 0) > 70 * kib);
  });

  it("is not limited by that in what we send at once", async () => {
    const setup = { ...noDeadlines, maxSendBufferBytes: 10 * kib, maxSocketMemoryBytes: 100 * kib };
    const { socket, idle } = meetRawPeer("server", setup, { capacityBytes: 10 });
    socket.send(new Uint8Array(300 * kib));
    await idle();
    assert.equal(socket.readyState, "open");
  });

  it("counts no more when the connection is gone, whatever waits", async () => {
    const setup: EndpointSetup = { ...noDeadlines, maxInboxBytes: 100, message: () => new Promise(() => {}) };
    const { socket, peer, platform, idle } = meetRawPeer("server", setup);
    peer.sendText("one", "x".repeat(200), "three");
    peer.send({ opcode: 1, fin: false, payload: "four" });
    await idle();
    peer.stream.destroy();
    await socket.closed;
    assert.equal(memoryWatchOf(platform).heldBytes, 0);
    assert.equal(platform.clock.pendingTimers, 0);
  });
});

describe("the memory of all sockets", () => {
  /** Sockets on one platform, each with a peer. */
  function meet(count: number, setup: EndpointSetup) {
    const tasks = new TaskQueue();
    const platform = createFakePlatform();
    const all = Array.from({ length: count }, () => {
      const [ours, theirs] = createMemoryPair({ defer: tasks.defer, capacityBytes: 10 * kib });
      const stream = new CountingStream(ours);
      const peer = new RawPeer(theirs, "client");
      const socket = createEndpoint("server", stream, platform, setup);
      socket.open();
      return { socket, peer, stream };
    });
    return { all, platform, idle: () => tasks.idle() };
  }

  it("is kept below maxMemoryBytes: first nothing more is read from the heaviest", async () => {
    const { all, platform, idle } = meet(3, { ...noDeadlines, maxMemoryBytes: 400 * kib, message: () => undefined });
    for (const [index, size] of [60, 90, 160].entries()) {
      all[index]?.peer.send({ opcode: 2, fin: false, payload: new Uint8Array(size * kib) });
      await idle();
    }
    assert.deepEqual(
      all.map(({ stream, socket }) => [stream.isPaused, socket.readyState]),
      [
        [false, "open"],
        [false, "open"],
        [true, "open"],
      ],
    );
    platform.clock.advance(1000);
    all[0]?.peer.stream.destroy();
    await idle();
    platform.clock.advance(1000);
    assert.equal(all[2]?.stream.isPaused, false);
  });

  it("is kept below it by closing the heaviest with 1013; the others go on", async () => {
    const { all, idle } = meet(2, { ...noDeadlines, maxMemoryBytes: 200 * kib });
    all[0]?.peer.send({ opcode: 2, fin: false, payload: new Uint8Array(20 * kib) });
    await idle();
    all[1]?.peer.send({ opcode: 2, payload: new Uint8Array(1000 * kib) });
    await idle();
    assert.deepEqual(all[1]?.peer.lines, ["close 1013 process-memory"]);
    assert.equal(all[0]?.socket.readyState, "open");
    all[1].peer.stream.end();
    const { code, cause } = await all[1].socket.closed;
    assert.equal(code, 1013);
    assert.ok(cause instanceof ProtocolError);
    assert.equal(cause.limit, 200 * kib);
  });

  it("is freed at once where a peer takes nothing: a Close frame would stand behind what it does not take", async () => {
    const { all, platform, idle } = meet(1, { ...noDeadlines, maxMemoryBytes: 200 * kib });
    const [first] = all;
    assert.ok(first !== undefined);
    first.peer.stream.pause();
    first.socket.send(new Uint8Array(500 * kib));
    await idle();
    platform.clock.advance(1000);
    const { outcome, code, cause } = await first.socket.closed;
    assert.deepEqual([outcome, code], ["failed", 1013]);
    assert.ok(cause instanceof ProtocolError && cause.code === "process-memory");
    assert.equal(first.stream.isDestroyed, true);
  });
});
