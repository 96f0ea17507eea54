/**
 * Open sockets and their end, by either version of HTTP: handlers, limits, compression, topics, rates, heartbeats, draining.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ClientSocket, CloseReport, ServeOptions, ServerSocket } from "#src/index.js";
import { deferred } from "../support/endpoints.js";
import { turns } from "../support/task-queue.js";
import { versions, visit } from "../support/versions.js";

const echo: ServeOptions["message"] = (socket, message) => void socket.send(message);

/** The next messages of a socket. */
async function take(socket: ClientSocket, count: number): Promise<unknown[]> {
  const messages: unknown[] = [];
  for await (const message of socket) if (messages.push(message) === count) break;
  return messages;
}

/** What is told of the end of the next socket. */
function nextReport(): { readonly report: Promise<CloseReport>; readonly close: NonNullable<ServeOptions["close"]> } {
  const closed = deferred<CloseReport>();
  return { report: closed.promise, close: (_socket, report) => closed.resolve(report) };
}

function causeOf({ code, cause }: CloseReport): [number, string | undefined] {
  return [code, (cause as { readonly code?: string } | undefined)?.code];
}

for (const version of versions) {
  const { name } = version;

  describe(`messages over ${name}`, () => {
    it("come whole and in order, of every size, both ways at once", async (t) => {
      const { connect } = await visit(t, version, { message: echo });
      const sockets = [await connect({ perMessageDeflate: false }), await connect()];
      const sent = ["", "hello", "é€😀", "x".repeat(70_000), new Uint8Array(300_000).fill(7), "y".repeat(1_000_000)];
      for (const socket of sockets) for (const message of sent) socket.send(message);
      for (const socket of sockets) assert.deepEqual(await take(socket, sent.length), sent);
      await Promise.all(sockets.map((socket) => socket.close()));
    });

    it("go to async handlers one after the other, and stop a peer that is ahead of them", async (t) => {
      const gate = deferred();
      const order: string[] = [];
      const { open } = await visit(t, version, {
        heartbeat: false,
        message: async (socket, message) => {
          order.push(String(message).slice(0, 5));
          await gate.promise;
          order.push("done");
          socket.send("next");
        },
      });
      const peer = await open();
      peer.sendText("one", "two");
      // More than all buffers and windows on the way take from a peer that nobody reads.
      const filler = peer.encode({ opcode: 1, payload: "z".repeat(60_000) });
      for (let count = 0; count < 300; count++) peer.sendOctets(filler);
      await turns(200);
      assert.ok(peer.unsentBytes > 0, "it was never stopped");
      assert.deepEqual(order, ["one"]);
      gate.resolve();
      await peer.untilFrames(302);
      assert.deepEqual(order.slice(0, 4), ["one", "done", "two", "done"]);
      assert.equal(peer.unsentBytes, 0);
    });

    it("end with 1011 where a handler throws, 1007 where text is none, 1002 where frames are none", async (t) => {
      const ends: [number, string | undefined][] = [];
      const { open } = await visit(t, version, {
        message: () => {
          throw new Error("mine");
        },
        error: () => undefined,
        close: (_socket, report) => void ends.push(causeOf(report)),
      });
      const [thrown, invalid, reserved] = [await open(), await open(), await open()];
      thrown.sendText("hello");
      await thrown.untilFrames(1);
      thrown.sendClose(1011);
      await thrown.untilEnded();
      invalid.send({ opcode: 1, payload: Uint8Array.of(0xff) });
      await invalid.untilEnded();
      reserved.send({ opcode: 3 });
      await reserved.untilEnded();
      const lines = [thrown, invalid, reserved].map((peer) => peer.lines[0]?.slice(0, 10));
      assert.deepEqual(lines, ["close 1011", "close 1007", "close 1002"]);
      for (const peer of [thrown, invalid, reserved]) peer.stream.end();
      while (ends.length < 3) await turns(1);
      assert.deepEqual(
        ends.map(([code]) => code),
        [1011, 1007, 1002],
      );
    });
  });

  describe(`limits over ${name}`, () => {
    it("end with 1009 what is too long, whole, in fragments and inflated", async (t) => {
      const { open, connect, server } = await visit(t, version, { limits: { maxMessageBytes: 10_000 }, message: echo });
      const whole = await open();
      whole.send({ opcode: 2, payload: new Uint8Array(10_001) });
      await whole.untilFrames(1);
      const fragments = await open();
      for (let count = 0; count < 11; count++) {
        fragments.send({ opcode: count === 0 ? 2 : 0, fin: false, payload: new Uint8Array(1000) });
      }
      await fragments.untilFrames(1);
      for (const peer of [whole, fragments]) {
        assert.match(peer.lines[0] ?? "", /^close 1009 /u);
        peer.stream.destroy();
      }
      const bomb = await connect({ perMessageDeflate: true });
      assert.match(bomb.extensions, /^permessage-deflate/u);
      bomb.send("0".repeat(1_000_000));
      assert.equal((await bomb.closed).code, 1009);
      while (server.sockets.size > 0) await turns(1);
    });

    for (const policy of ["close", "drop"] as const) {
      it(`of rates hold, with policy ${policy}`, async (t) => {
        const { report, close } = nextReport();
        let taken = 0;
        let socket: ServerSocket | undefined;
        const { open } = await visit(t, version, {
          rateLimit: { messagesPerSecond: 1, burstMessages: 5, policy },
          open: (opened) => {
            socket = opened;
          },
          message: () => {
            taken++;
          },
          close,
        });
        const peer = await open();
        peer.sendText(...Array.from({ length: 10 }, (_, index) => String(index)));
        if (policy === "close") {
          await peer.untilFrames(1);
          assert.match(peer.lines[0] ?? "", /^close 1008 /u);
          peer.stream.end();
          assert.deepEqual(causeOf(await report)[0], 1008);
        } else {
          peer.send({ opcode: 9, payload: "over" });
          await peer.untilFrames(1);
          assert.ok((socket?.droppedMessages ?? 0) >= 4);
        }
        assert.ok(taken <= 6, `${String(taken)} were taken`);
      });
    }

    it("of memory hold: a slow peer is closed, and nobody else", async (t) => {
      const { report, close } = nextReport();
      const { open, connect, server } = await visit(t, version, {
        heartbeat: false,
        maxSendBufferBytes: 1024 * 1024,
        message: echo,
        close,
      });
      const slow = await open();
      slow.stream.pause();
      const [victim] = server.sockets;
      const lively = await connect();
      // More than kernels and windows on the way take.
      for (let count = 0; count < 1000 && victim?.readyState === "open"; count++) {
        victim.send(new Uint8Array(64 * 1024));
        await turns(1);
      }
      assert.deepEqual(causeOf(await report), [1006, "slow-peer"]);
      lively.send("still here");
      assert.deepEqual(await take(lively, 1), ["still here"]);
      await lively.close();
    });
  });

  describe(`topics over ${name}`, () => {
    it("reach who subscribes, once and in order, except who is left out", async (t) => {
      const { connect, server } = await visit(t, version, {
        open: (socket) => void socket.subscribe("news"),
        message: (socket, message) => {
          socket.send("mine");
          server.publish("news", message, { except: socket });
        },
      });
      const sockets = await Promise.all(Array.from({ length: 10 }, () => connect()));
      while (server.subscriberCount("news") < 10) await turns(1);
      const [first, ...others] = sockets;
      assert.ok(first !== undefined);
      for (const text of ["a", "b", "c"]) first.send(text);
      assert.deepEqual(await take(first, 3), ["mine", "mine", "mine"]);
      for (const other of others) assert.deepEqual(await take(other, 3), ["a", "b", "c"]);
      await Promise.all(sockets.map((socket) => socket.close()));
      while (server.subscriberCount("news") > 0) await turns(1);
    });
  });

  describe(`compression over ${name}`, () => {
    it("is agreed on, and shortens what goes over the wire", async (t) => {
      const { open } = await visit(t, version, { perMessageDeflate: true, message: echo });
      const peer = await open({ "sec-websocket-extensions": "permessage-deflate; client_max_window_bits" });
      peer.sendText("compressible ".repeat(1000));
      await peer.untilFrames(1);
      const [frame] = peer.frames;
      assert.equal(frame?.rsv, 4);
      assert.ok((frame?.payload.byteLength ?? Number.POSITIVE_INFINITY) < 1000);
    });
  });

  describe(`heartbeats over ${name}`, () => {
    it("find who is silent, and leave alone who answers", async (t) => {
      const { report, close } = nextReport();
      const { open, connect } = await visit(t, version, {
        heartbeat: { intervalMs: 100, timeoutMs: 400, jitter: 0 },
        message: echo,
        close,
      });
      const lively = await connect();
      const silent = await open();
      assert.deepEqual(causeOf(await report), [1006, "heartbeat-timeout"]);
      await silent.untilClosed();
      assert.equal(lively.readyState, "open");
      await lively.close();
    });
  });

  describe(`the end over ${name}`, () => {
    it("is told with code and reason, to both sides, whoever begins", async (t) => {
      const reports: CloseReport[] = [];
      const { connect, server } = await visit(t, version, {
        message: (socket) => void socket.close(4001, "enough"),
        close: (_socket, report) => void reports.push(report),
      });
      const [mine, theirs] = [await connect(), await connect()];
      const { wasClean, code } = await mine.close(3000, "bye");
      assert.deepEqual([wasClean, code], [true, 3000]);
      theirs.send("go");
      const report = await theirs.closed;
      assert.deepEqual([report.wasClean, report.code, report.reason], [true, 4001, "enough"]);
      while (server.sockets.size > 0) await turns(1);
      assert.deepEqual(reports.map((one) => `${one.outcome} ${String(one.code)} ${one.reason}`).sort(), [
        "closed-by-peer 3000 bye",
        "closed-by-us 4001 ",
      ]);
    });

    it("is a drop where there is no Close frame, and an error where there is a reset", async (t) => {
      const reports: CloseReport[] = [];
      const { open } = await visit(t, version, {
        message: echo,
        close: (_socket, report) => void reports.push(report),
      });
      const ended = await open();
      ended.stream.end();
      while (reports.length < 1) await turns(1);
      const cut = await open();
      cut.stream.destroy();
      while (reports.length < 2) await turns(1);
      for (const { outcome, code, wasClean } of reports)
        assert.deepEqual([outcome, code, wasClean], ["dropped", 1006, false]);
    });

    it("in order waits for handlers, tells everybody, and takes nobody new", async (t) => {
      const isDone = deferred();
      const { connect, server } = await visit(t, version, {
        message: async (socket) => {
          await isDone.promise;
          socket.send("done");
        },
      });
      const sockets = await Promise.all(Array.from({ length: 30 }, () => connect()));
      for (const socket of sockets.slice(0, 5)) {
        socket.send("work");
        await socket.ping();
      }
      const draining = server.drain({ spreadMs: 0, reason: "see you" });
      await assert.rejects(connect());
      await Promise.all(sockets.slice(5).map((socket) => socket.closed));
      while (server.sockets.size > 5) await turns(1);
      assert.equal(server.sockets.size, 5);
      isDone.resolve();
      for (const socket of sockets.slice(0, 5)) assert.deepEqual(await take(socket, 1), ["done"]);
      for (const { code, reason, wasClean } of await Promise.all(sockets.map((socket) => socket.closed))) {
        assert.deepEqual([code, reason, wasClean], [1012, "see you", true]);
      }
      const { sockets: count, closed, terminated, lost } = await draining;
      assert.deepEqual([count, closed, terminated, lost], [30, 30, 0, 0]);
    });

    it("in order cuts at its deadline who does not answer", async (t) => {
      const { open, server } = await visit(t, version, { message: echo, closeTimeoutMs: 10_000 });
      await Promise.all([open(), open(), open()]);
      const { sockets, closed, terminated } = await server.drain({ deadlineMs: 100 });
      assert.deepEqual([sockets, closed, terminated], [3, 0, 3]);
      assert.equal(server.sockets.size, 0);
    });
  });
}
