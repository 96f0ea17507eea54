/**
 * Draining, with a clock that stands still and peers that speak frames by hand.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { InflationMemory, WindowMemory } from "#src/protocol/index.js";
import type { ServerOptions } from "#src/server/index.js";
import { ServerCore } from "#src/server/index.js";
import { prepareMessage } from "#src/socket/index.js";
import { nodeText } from "#src/transport/node/index.js";
import { NodeCompressor } from "#src/transport/node/zlib/index.js";
import { deferred } from "../support/endpoints.js";
import { createFakePlatform } from "../support/fake-platform.js";
import type { RawPeer } from "../support/raw-peer.js";
import { upgrade, upgradeHeaders } from "../support/upgrades.js";

interface Visitor {
  readonly peer: RawPeer;
  readonly idle: () => Promise<void>;
  /** Completes the closing handshake as a client does. */
  readonly leave: () => Promise<void>;
}

function createCore(options: ServerOptions = { message: () => undefined }) {
  const platform = createFakePlatform();
  const compressor = new NodeCompressor();
  const compression = {
    compressor: () => compressor,
    windows: new WindowMemory(),
    inflations: new InflationMemory(),
    spentMs: () => 0,
  };
  const core = new ServerCore<undefined>(options, { ...platform, compression });
  return { core, clock: platform.clock };
}

async function visit(
  core: ServerCore<undefined>,
  memory: Parameters<typeof upgrade>[2] = {},
  ...headers: readonly string[]
): Promise<Visitor> {
  const { idle, switchProtocols, client } = upgrade(core, { rawHeaders: upgradeHeaders(...headers) }, memory);
  await idle();
  const peer = switchProtocols();
  const leave = async (): Promise<void> => {
    peer.sendClose(1012);
    await idle();
    client.end();
    await idle();
  };
  return { peer, idle, leave };
}

const deflate = ["Sec-WebSocket-Extensions", "permessage-deflate"] as const;

describe("a server that drains", () => {
  it("closes its sockets with 1012, the oldest first, at equal distances", async () => {
    const { core, clock } = createCore();
    const visitors = [await visit(core), await visit(core), await visit(core), await visit(core)];
    const drain = core.drain({ spreadMs: 4000, reason: "restart" });
    const told = (): number[] => visitors.map(({ peer }) => peer.lines.length);
    await visitors[0]?.idle();
    assert.deepEqual(told(), [1, 0, 0, 0]);
    assert.deepEqual(visitors[0]?.peer.lines, ["close 1012 restart"]);
    clock.advance(999);
    await visitors[0]?.idle();
    assert.deepEqual(told(), [1, 0, 0, 0]);
    clock.advance(1);
    await visitors[0]?.idle();
    assert.deepEqual(told(), [1, 1, 0, 0]);
    clock.advance(2000);
    await visitors[0]?.idle();
    assert.deepEqual(told(), [1, 1, 1, 1]);
    for (const { leave } of visitors) await leave();
    assert.deepEqual(await drain.finish(), {
      sockets: 4,
      closed: 4,
      terminated: 0,
      lost: 0,
      refused: 0,
      tookMs: 3000,
    });
    assert.equal(clock.pendingTimers, 0);
  });

  it("closes some at a time where there are many", async () => {
    const { core, clock } = createCore();
    const visitors: Visitor[] = [];
    for (let count = 0; count < 100; count++) visitors.push(await visit(core));
    core.drain({ spreadMs: 100 });
    let timers = 0;
    for (; visitors.some(({ peer }) => peer.lines.length === 0); timers++) {
      clock.advance(10);
      await visitors[0]?.idle();
    }
    assert.ok(timers <= 10, String(timers));
  });

  it("takes a millisecond for each socket by default, and at most half of the deadline", async () => {
    const { core, clock } = createCore();
    const visitors: Visitor[] = [];
    for (let count = 0; count < 30; count++) visitors.push(await visit(core));
    core.drain({ deadlineMs: 40 });
    const told = (): number => visitors.filter(({ peer }) => peer.lines.length > 0).length;
    clock.advance(10);
    await visitors[0]?.idle();
    assert.equal(told(), 16);
    clock.advance(10);
    await visitors[0]?.idle();
    assert.equal(told(), 30);
  });

  it("refuses who comes now, and who is being decided about, with 503 and when to come again", async () => {
    const { core, clock } = createCore({ message: () => undefined, accept: () => new Promise(() => {}) });
    const pending = upgrade(core);
    await pending.idle();
    const drain = core.drain({});
    const late = upgrade(core);
    await late.idle();
    for (const { reply } of [pending, late]) {
      assert.equal(reply().status, 503);
      assert.equal(reply().headers.get("Retry-After"), "5");
    }
    for (const { client, idle } of [pending, late]) {
      client.end();
      await idle();
    }
    assert.deepEqual(await drain.finish(), {
      sockets: 0,
      closed: 0,
      terminated: 0,
      lost: 0,
      refused: 1,
      tookMs: 0,
    });
    assert.equal(core.sockets.size, 0);
    assert.equal(clock.pendingTimers, 0);
  });

  it("does not let in whoever is accepted only then", async () => {
    const decision = deferred<undefined>();
    const { core } = createCore({ message: () => undefined, accept: () => decision.promise });
    const { idle, reply, client } = upgrade(core);
    await idle();
    const drain = core.drain({});
    decision.resolve(undefined);
    await idle();
    assert.equal(reply().status, 503);
    assert.equal(core.sockets.size, 0);
    client.end();
    await drain.finish();
  });

  it("lets a handler finish, and answer, and those whose messages have come", async () => {
    const work = [deferred(), deferred()];
    const seen: string[] = [];
    const { core } = createCore({
      async message(socket, message) {
        await work[seen.push(String(message)) - 1]?.promise;
        socket.send(`done ${String(message)}`);
      },
    });
    const { peer, idle, leave } = await visit(core);
    peer.sendText("one", "two");
    await idle();
    const drain = core.drain({});
    await idle();
    // What is sent from now on is not begun any more.
    peer.sendText("three");
    await idle();
    assert.deepEqual(peer.lines, []);
    work[0]?.resolve();
    await idle();
    assert.deepEqual(peer.lines, ["text done one"]);
    work[1]?.resolve();
    await idle();
    assert.deepEqual(peer.lines, ["text done one", "text done two", "close 1012"]);
    await leave();
    assert.equal((await drain.finish()).closed, 1);
  });

  it("closes a socket from whose own handler it was called when that has returned", async () => {
    let drained: Promise<unknown> | undefined;
    const { core } = createCore({
      message(socket) {
        drained = core.drain({}).finish();
        socket.send("last words");
      },
    });
    const { peer, idle, leave } = await visit(core);
    peer.sendText("stop");
    await idle();
    assert.deepEqual(peer.lines, ["text last words", "close 1012"]);
    await leave();
    await drained;
  });

  it("does not wait for whoever pulls messages", async () => {
    const { core } = createCore({ open: () => new Promise(() => {}) });
    const { peer, idle } = await visit(core);
    peer.sendText("unread");
    await idle();
    core.drain({});
    await idle();
    assert.deepEqual(peer.lines, ["close 1012"]);
  });

  it("closes after four fifths of the deadline where handlers are still at work, and cuts at the deadline", async () => {
    const { core, clock } = createCore({ message: () => new Promise(() => {}) });
    const { peer, idle } = await visit(core);
    peer.sendText("work");
    await idle();
    const drain = core.drain({ deadlineMs: 1000 });
    clock.advance(799);
    await idle();
    assert.deepEqual(peer.lines, []);
    clock.advance(1);
    await idle();
    assert.deepEqual(peer.lines, ["close 1012"]);
    clock.advance(199);
    await idle();
    assert.equal(peer.isClosed, false);
    clock.advance(1);
    await idle();
    assert.equal(peer.isClosed, true);
    const { closed, terminated, lost, tookMs } = await drain.finish();
    assert.deepEqual([closed, terminated, lost, tookMs], [0, 1, 0, 1000]);
    assert.equal(clock.pendingTimers, 0);
  });

  it("waits for a peer that reads slowly, for longer than closeTimeoutMs, and loses nothing of what was sent", async () => {
    const { core, clock } = createCore({
      message: () => undefined,
      closeTimeoutMs: 100,
      open: (socket) => socket.subscribe("news"),
    });
    const { peer, idle, leave } = await visit(core, { capacityBytes: 1000 });
    peer.stream.pause();
    const [socket] = core.sockets;
    socket?.send("x".repeat(5000));
    await idle();
    socket?.send("sent");
    core.topics.publish("news", "published");
    socket?.send(prepareMessage("prepared", nodeText));
    const drain = core.drain({});
    clock.advance(10_000);
    await idle();
    assert.deepEqual(peer.lines, []);
    assert.equal(socket?.readyState, "open");
    peer.stream.resume();
    await idle();
    assert.deepEqual(peer.lines.slice(1), ["text sent", "text published", "text prepared", "close 1012"]);
    await leave();
    assert.equal((await drain.finish()).closed, 1);
  });

  it("cuts a peer that reads nothing at the deadline", async () => {
    const { core, clock } = createCore();
    const { peer, idle } = await visit(core, { capacityBytes: 1000 });
    peer.stream.pause();
    const [socket] = core.sockets;
    socket?.send("x".repeat(5000));
    await idle();
    const drain = core.drain({ deadlineMs: 1000 });
    clock.advance(1000);
    await idle();
    const { closed, terminated } = await drain.finish();
    assert.deepEqual([closed, terminated], [0, 1]);
    assert.equal(core.sockets.size, 0);
  });

  it("sends what is still being compressed", async () => {
    const { core } = createCore();
    const { peer, idle, leave } = await visit(core, {}, ...deflate);
    const [socket] = core.sockets;
    assert.match(socket?.extensions ?? "", /permessage-deflate/u);
    // Long enough to be compressed on another thread.
    const text = "all of it ".repeat(400_000);
    socket?.send(text);
    socket?.send("and what waits behind it");
    assert.ok((socket?.bufferedBytes ?? 0) > 0);
    const drain = core.drain({});
    await peer.untilFrames(3);
    assert.deepEqual(
      peer.frames.map(({ opcode, rsv }) => [opcode, rsv]),
      [
        [1, 4],
        [1, 0],
        [8, 0],
      ],
    );
    await idle();
    await leave();
    assert.equal((await drain.finish()).closed, 1);
  });

  it("tells apart who was closed, who was cut and who was lost", async () => {
    const { core, clock } = createCore({ message: () => undefined, closeTimeoutMs: 500 });
    const visitors = [await visit(core), await visit(core), await visit(core)];
    const drain = core.drain({ spreadMs: 0 });
    await visitors[0]?.idle();
    await visitors[0]?.leave();
    visitors[1]?.peer.stream.destroy();
    await visitors[1]?.idle();
    clock.advance(500);
    await visitors[2]?.idle();
    const { sockets, closed, terminated, lost, tookMs } = await drain.finish();
    assert.deepEqual([sockets, closed, terminated, lost, tookMs], [3, 1, 1, 1, 500]);
  });

  it("is ended early by close", async () => {
    const { core, clock } = createCore({ message: () => new Promise(() => {}) });
    const visitors = [await visit(core), await visit(core)];
    visitors[0]?.peer.sendText("work");
    await visitors[0]?.idle();
    const drain = core.drain({ spreadMs: 10_000 });
    await visitors[0]?.idle();
    const closed = core.close(1001, "now");
    await visitors[0]?.idle();
    for (const { peer, leave } of visitors) {
      assert.deepEqual(peer.lines, ["close 1001 now"]);
      await leave();
    }
    await closed;
    assert.equal((await drain.finish()).closed, 2);
    assert.equal(clock.pendingTimers, 0);
  });

  it("sets a deadline to what close has begun", async () => {
    const { core, clock } = createCore();
    const { peer, idle } = await visit(core);
    const closed = core.close(1001, "");
    const drain = core.drain({ deadlineMs: 1000 });
    await idle();
    assert.deepEqual(peer.lines, ["close 1001"]);
    clock.advance(1000);
    await idle();
    await closed;
    assert.equal((await drain.finish()).terminated, 1);
  });

  it("cuts those who were refused and do not go at the deadline", async () => {
    const { core, clock } = createCore({ message: () => undefined, accept: () => new Promise(() => {}) });
    const { idle } = upgrade(core);
    await idle();
    let isExpired = false;
    const drain = core.drain({ deadlineMs: 1000 }, () => {
      isExpired = true;
    });
    clock.advance(999);
    assert.equal(isExpired, false);
    clock.advance(1);
    assert.equal(isExpired, true);
    await drain.finish();
    assert.equal(clock.pendingTimers, 0);
  });

  it("throws for what makes no sense, with everything as it was", async () => {
    const { core, clock } = createCore();
    const { peer, idle } = await visit(core);
    const timers = clock.pendingTimers;
    assert.throws(() => core.drain({ deadlineMs: -1 }), { code: "invalid-limit" });
    assert.throws(() => core.drain({ deadlineMs: 10, spreadMs: 11 }), { code: "invalid-limit", limit: 10 });
    assert.throws(() => core.drain({ code: 1006 }), { code: "close-code-not-sendable" });
    assert.throws(() => core.drain({ reason: "x".repeat(124) }), { code: "close-reason-too-long" });
    await idle();
    assert.equal(core.isClosing, false);
    assert.deepEqual(peer.lines, []);
    assert.equal(clock.pendingTimers, timers);
  });
});
