/**
 * Messages that are sent as they come into being (RFC 6455 §5.4).
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ConnectionClosedError, type SendData, UnfinishedMessageError } from "#src/index.js";
import { createDeflateContext, FrameArena, type FramePlace, SharedMessage } from "#src/protocol/index.js";
import type { Observer } from "#src/socket/index.js";
import { createSocketContext, Endpoint, prepareMessage, resolveSocketOptions } from "#src/socket/index.js";
import type { Flushable } from "#src/transport/index.js";
import { createMemoryPair } from "#src/transport/index.js";
import { nodeText } from "#src/transport/node/index.js";
import { WatchedCompressor } from "../support/compressors.js";
import { deflateChain, JudgeInflater } from "../support/deflate.js";
import type { EndpointSetup, Role } from "../support/endpoints.js";
import { meetRawPeer } from "../support/endpoints.js";
import { createFakePlatform } from "../support/fake-platform.js";
import { hexOf, octets, utf8 } from "../support/octets.js";
import { patternedBytes } from "../support/patterns.js";
import { RawPeer } from "../support/raw-peer.js";
import { TaskQueue, turns } from "../support/task-queue.js";

const roles: readonly Role[] = ["server", "client"];
const KiB = 1024;

/** A source that a test feeds by hand, and that tells how it was treated. */
function fedSource() {
  const waiting: ((result: IteratorResult<SendData>) => void)[] = [];
  const told: string[] = [];
  let rejectNext: (error: unknown) => void = () => undefined;
  const source: AsyncIterable<SendData> = {
    [Symbol.asyncIterator]: () => ({
      next: () => {
        told.push("next");
        return new Promise((resolve, reject) => {
          waiting.push(resolve);
          rejectNext = reject;
        });
      },
      return: () => {
        told.push("return");
        return Promise.resolve({ done: true, value: undefined });
      },
    }),
  };
  const answer = async (result: IteratorResult<SendData>): Promise<void> => {
    const resolve = waiting.shift();
    assert.ok(resolve !== undefined, "nobody has asked");
    resolve(result);
    await turns(1);
  };
  return {
    source,
    told,
    isAsked: () => waiting.length > 0,
    give: (value: SendData) => answer({ done: false, value }),
    end: () => answer({ done: true, value: undefined }),
    fail: async (error: unknown) => {
      rejectNext(error);
      await turns(1);
    },
  };
}

/** What became of a promise, without waiting for it. */
function watched(promise: Promise<void>): { readonly state: () => unknown } {
  let state: unknown = "pending";
  promise.then(
    () => {
      state = "resolved";
    },
    (error: unknown) => {
      state = error;
    },
  );
  return { state: () => state };
}

async function* asyncOf(...chunks: readonly SendData[]): AsyncGenerator<SendData> {
  for (const chunk of chunks) {
    await Promise.resolve();
    yield chunk;
  }
}

function webStreamOf(...chunks: readonly SendData[]): ReadableStream<SendData> {
  return new ReadableStream<SendData>({
    start: (queue) => {
      for (const chunk of chunks) queue.enqueue(chunk);
      queue.close();
    },
  });
}

for (const role of roles) {
  describe(`a message that a ${role} streams`, () => {
    it("is one frame where all of it comes within a turn, whatever its source", async () => {
      const { socket, peer, idle } = meetRawPeer(role);
      await socket.sendStream(["a", "bc"]);
      await socket.sendStream(asyncOf("d", "ef"));
      await socket.sendStream(webStreamOf("g", "hi"));
      await socket.sendStream([octets("01"), octets("02").buffer, new DataView(octets("03").buffer)]);
      await socket.sendStream(new Set(["x"]));
      await idle();
      assert.deepEqual(peer.lines, ["text abc", "text def", "text ghi", "binary 3", "text x"]);
    });

    it("is an empty binary one, or a text where that was said, when its source is empty", async () => {
      const { socket, peer, idle } = meetRawPeer(role);
      await socket.sendStream([]);
      await socket.sendStream([], { type: "text" });
      await socket.sendStream(asyncOf("", ""));
      await idle();
      assert.deepEqual(peer.lines, ["binary 0", "text", "text"]);
    });

    it("leaves as it comes: what a source yields waits for nothing", async () => {
      const { socket, peer, idle } = meetRawPeer(role);
      const { source, give, end } = fedSource();
      const streamed = socket.sendStream(source);
      for (const chunk of ["one", "two"]) {
        await give(chunk);
        await idle();
      }
      assert.deepEqual(peer.lines, ["text+ one", "continuation+ 74776f"]);
      await end();
      await streamed;
      await idle();
      assert.deepEqual(peer.lines.slice(2), ["continuation"]);
    });

    it("may be a text in octets, cut anywhere, and mixed with strings (§5.6)", async () => {
      const { socket, peer, idle } = meetRawPeer(role);
      await socket.sendStream([octets("e2"), octets("82"), octets("ac"), "and ", "\ud83d", "\ude00"], { type: "text" });
      await idle();
      assert.deepEqual(peer.lines, ["text €and 😀"]);
    });

    it("is cut into fragments of no more than maxFragmentBytes", async () => {
      const { socket, peer, idle } = meetRawPeer(role);
      const bytes = patternedBytes(150 * KiB);
      await socket.sendStream([bytes]);
      await socket.sendStream([bytes], { maxFragmentBytes: 100 * KiB });
      await idle();
      const lengths = peer.frames.map(({ payload }) => payload.byteLength / KiB);
      assert.deepEqual(lengths, [32, 32, 32, 32, 22, 0, 100, 50, 0]);
      assert.deepEqual(
        peer.frames.map(({ opcode, fin }) => `${String(opcode)}${fin ? "" : "+"}`),
        ["2+", "0+", "0+", "0+", "0+", "0", "2+", "0+", "0"],
      );
      assert.equal(hexOf(Buffer.concat(peer.frames.slice(0, 6).map(({ payload }) => payload))), hexOf(bytes));
    });

    it("is kept safe from a source that uses its memory again", async () => {
      const { socket, peer, idle } = meetRawPeer(role, {}, { capacityBytes: 10_000, retainsWrites: true });
      const buffer = new Uint8Array(30 * KiB);
      let count = 0;
      const source = function* () {
        for (; count < 20; count++) {
          buffer.fill(count);
          yield buffer.subarray(0, count % 2 === 0 ? buffer.length : 100);
        }
        buffer.fill(0xee);
      };
      await socket.sendStream(source());
      await idle();
      const whole = Buffer.concat(peer.frames.map(({ payload }) => payload));
      const expected = Buffer.concat(
        Array.from({ length: 20 }, (_, index) => Buffer.alloc(index % 2 === 0 ? buffer.length : 100, index)),
      );
      assert.equal(whole.equals(expected), true);
    });

    it("lets pings, pongs and the heartbeat through between its fragments (§5.4)", async () => {
      const { socket, peer, platform, idle } = meetRawPeer(role);
      const { source, give, end } = fedSource();
      const streamed = socket.sendStream(source);
      await give("a");
      peer.send({ opcode: 9, payload: "?" });
      const roundTrip = socket.ping();
      await idle();
      assert.deepEqual(
        peer.frames.map(({ opcode }) => opcode),
        [1, 9, 10],
      );
      peer.send({ opcode: 10, payload: peer.frames[1]?.payload ?? "" });
      await roundTrip;
      platform.clock.advance(40_000);
      await idle();
      assert.equal(peer.frames.at(-1)?.opcode, 9);
      await end();
      await streamed;
    });
  });

  describe(`what a ${role} sends while a message is streamed`, () => {
    it("waits, in the order of the calls, counts as buffered, and leaves when it is complete", async () => {
      const drained: string[] = [];
      const { socket, peer, idle } = meetRawPeer(role, { drain: () => void drained.push("drain") });
      const first = fedSource();
      const second = fedSource();
      const streams = [watched(socket.sendStream(first.source))];
      await first.give("begun ");
      const short = utf8("short");
      const results = [socket.send("text"), socket.send(short)];
      short.fill(0);
      results.push(socket.send(prepareMessage("prepared", nodeText)));
      streams.push(watched(socket.sendStream(second.source)));
      results.push(socket.send("last"));
      assert.ok(results.every((result) => result.ok && result.status === "buffered"));
      assert.equal(socket.bufferedBytes, 4 + 5 + 8 + 4);
      await idle();
      assert.deepEqual(peer.lines, ["text+ begun"]);
      assert.deepEqual(drained, ["drain"], "room for more there is");
      assert.deepEqual(second.told, [], "its turn has not come");
      await first.give("ended");
      await first.end();
      await idle();
      assert.deepEqual(
        peer.lines.slice(1),
        ["continuation+ 656e646564", "continuation", "text text", "binary 5", "text prepared"].slice(0, 5),
      );
      assert.equal(Buffer.from(peer.frames[4]?.payload ?? []).toString(), "short");
      assert.deepEqual(
        streams.map(({ state }) => state()),
        ["resolved", "pending"],
      );
      await second.give("second");
      await second.end();
      await idle();
      assert.deepEqual(peer.lines.slice(6), ["text+ second", "continuation", "text last"]);
      assert.equal(streams[1]?.state(), "resolved");
      assert.equal(socket.bufferedBytes, 0);
    });

    it("makes `ready` wait beyond the high-water mark, but not the stream, which would wait for ever", async () => {
      let drains = 0;
      const { socket, peer, idle } = meetRawPeer(role, { highWaterMarkBytes: 100, drain: () => ++drains });
      const { source, give, end } = fedSource();
      const streamed = socket.sendStream(source);
      await give("a");
      socket.send("x".repeat(200));
      const ready = watched(socket.ready());
      await idle();
      assert.deepEqual([ready.state(), drains], ["pending", 0]);
      await give("b");
      await give("c");
      await end();
      await streamed;
      await idle();
      assert.deepEqual([ready.state(), drains], ["resolved", 1]);
      assert.equal(peer.frames.length, 5);
    });

    it("is refused at maxSendBufferBytes, with its overhead, or ends the socket, as slowPeer says", async () => {
      const { socket } = meetRawPeer(role, { maxSendBufferBytes: 100_000, slowPeer: "refuse" });
      const { source, give } = fedSource();
      void socket.sendStream(source);
      await give("a");
      let accepted = 0;
      while (socket.send("").ok) accepted++;
      assert.ok(accepted > 100 && accepted < 1000, `${String(accepted)} empty messages`);
      assert.deepEqual(socket.send("x"), { ok: false, status: "refused", reason: "buffer-full" });
      assert.ok(socket.memoryBytes >= 100_000);

      const other = meetRawPeer(role, { maxSendBufferBytes: 1000 });
      const fed = fedSource();
      void other.socket.sendStream(fed.source);
      await fed.give("a");
      other.socket.send("x".repeat(1000));
      other.socket.send("one more");
      const report = await other.socket.closed;
      assert.equal(report.rule?.code, "slow-peer");
      await other.idle();
      assert.ok(fed.told.includes("return"));
    });

    it("does not keep the arena alive that a short published message lies in", async () => {
      const { socket, peer, idle } = meetRawPeer(role);
      const { source, give, end } = fedSource();
      const streamed = socket.sendStream(source);
      await give("a");
      const arena = new FrameArena(nodeText, (byteLength) => new Uint8Array(byteLength));
      const place: FramePlace = { lay: (_version, type, reserved, data) => arena.layDown(data, type, reserved) };
      for (const payload of ["little", octets("010203")]) {
        const message = new SharedMessage(payload, {}, place, nodeText);
        assert.equal(socket.sendShared(message).status, "buffered");
        // Whoever still sends from there is found out.
        message.plain.shared.bytes.fill(0xee);
      }
      await end();
      await streamed;
      await idle();
      assert.deepEqual(peer.lines.slice(-2), ["text little", "binary 3"]);
      assert.equal(hexOf(peer.frames.at(-1)?.payload ?? octets("")), "010203");
    });
  });

  describe(`backpressure of a message that a ${role} streams`, () => {
    it("bounds what is pulled from a source when the peer does not read, and goes on when it does", async () => {
      const { socket, peer, idle } = meetRawPeer(role, {}, { capacityBytes: 64 * KiB });
      peer.stream.pause();
      let pulled = 0;
      const source = function* () {
        for (; pulled < 1000; pulled++) yield patternedBytes(10 * KiB);
      };
      const streamed = watched(socket.sendStream(source()));
      await idle();
      assert.ok(pulled < 30, `${String(pulled)} chunks were pulled`);
      assert.ok(socket.bufferedBytes < 300 * KiB, `${String(socket.bufferedBytes)} octets are buffered`);
      peer.stream.resume();
      await idle();
      assert.equal(streamed.state(), "resolved");
      assert.equal(
        peer.frames.reduce((sum, { payload }) => sum + payload.byteLength, 0),
        10_000 * KiB,
      );
    });

    it("bounds what a single long chunk becomes at once", async () => {
      const { socket, peer, idle } = meetRawPeer(role, {}, { capacityBytes: 64 * KiB });
      peer.stream.pause();
      const streamed = watched(socket.sendStream(["x".repeat(5_000_000)]));
      await idle();
      assert.ok(socket.bufferedBytes < 300 * KiB, `${String(socket.bufferedBytes)} octets are buffered`);
      peer.stream.resume();
      await idle();
      assert.equal(streamed.state(), "resolved");
    });

    it("leaves others their turn while the peer takes nothing, and more waits behind it than there is room for", async () => {
      const setup: EndpointSetup = { highWaterMarkBytes: 100 };
      const { socket, peer, platform, idle } = meetRawPeer(role, setup, { capacityBytes: 10 });
      const schedule = platform.turns.schedule.bind(platform.turns);
      let scheduled = 0;
      Object.assign(platform.turns, {
        schedule: (flushable: Flushable): void => {
          // A turn that asks for another one for ever never ends: nothing could end this test then.
          if (++scheduled <= 100) schedule(flushable);
        },
      });
      const fed = fedSource();
      const streamed = watched(socket.sendStream(fed.source));
      await idle();
      peer.stream.pause();
      await fed.give("x".repeat(40));
      await idle();
      assert.equal(socket.send("y".repeat(400)).status, "buffered");
      const pong = watched(socket.ping().then(() => undefined));
      await idle();
      assert.ok(scheduled <= 20, `${String(scheduled)} turns were asked for`);
      peer.stream.resume();
      await fed.end();
      await idle();
      assert.equal(streamed.state(), "resolved");
      assert.deepEqual(
        peer.frames.map(({ opcode }) => opcode),
        [1, 9, 0, 1],
      );
      peer.send({ opcode: 10, payload: peer.frames[1]?.payload ?? "" });
      await idle();
      assert.equal(pong.state(), "resolved");
    });

    it("leaves others their turn, however fast source and peer are", async () => {
      const { socket, peer, platform, idle } = meetRawPeer(role, {}, { capacityBytes: 1e9 });
      let resumes: (() => void)[] = [];
      Object.assign(platform, { afterReading: (callback: () => void) => resumes.push(callback) });
      let pulled = 0;
      const source = function* () {
        for (; pulled < 5000; pulled++) yield "";
        yield "end";
      };
      const streamed = watched(socket.sendStream(source()));
      await idle();
      assert.ok(pulled > 100 && pulled < 3000, `${String(pulled)} chunks in one go`);
      while (resumes.length > 0) {
        const due = resumes;
        resumes = [];
        for (const resume of due) resume();
        await turns(1);
      }
      assert.equal(streamed.state(), "resolved");
      await idle();
      assert.deepEqual(peer.lines, ["text end"]);
    });
  });

  describe(`a streamed message that a ${role} cannot finish`, () => {
    const wrong: Readonly<Record<string, readonly unknown[]>> = {
      "a number": [1],
      undefined: [undefined],
      "an object": [{}],
    };
    for (const [name, chunks] of Object.entries(wrong)) {
      it(`harms nothing where ${name} comes before anything has been sent`, async () => {
        const { socket, peer, idle } = meetRawPeer(role);
        const rejected = assert.rejects(socket.sendStream(chunks as SendData[]), { code: "invalid-argument" });
        socket.send("after");
        await rejected;
        await idle();
        assert.deepEqual(peer.lines, ["text after"]);
        assert.equal(socket.readyState, "open");
      });
    }

    it("harms nothing where its source fails first, at once or later, or answers with no result", async () => {
      const { socket, peer, idle } = meetRawPeer(role);
      const error = new Error("no such file");
      const failing = function* (): Generator<string> {
        yield "gathered, but not sent";
        throw error;
      };
      await assert.rejects(socket.sendStream(failing()), error);
      const { source, fail } = fedSource();
      const rejected = assert.rejects(socket.sendStream(source), error);
      await fail(error);
      await rejected;
      const none = { [Symbol.iterator]: () => ({ next: () => null as unknown as IteratorResult<string> }) };
      await assert.rejects(socket.sendStream(none), TypeError);
      await assert.rejects(socket.sendStream(["a", octets("ff")], { type: "text" }), { code: "text-not-utf8" });
      await assert.rejects(socket.sendStream([octets("01"), "a"]), { code: "invalid-argument" });
      await assert.rejects(socket.sendStream(["a"], { type: "binary" }), { code: "invalid-argument" });
      socket.send("still there");
      await idle();
      assert.deepEqual(peer.lines, ["text still there"]);
    });

    it("closes the connection with 1011 where a part has been sent; the report tells the cause", async () => {
      const { socket, peer, idle } = meetRawPeer(role);
      const error = new Error("the disk is gone");
      const { source, give, fail } = fedSource();
      const rejected = assert.rejects(socket.sendStream(source), error);
      await give("begun");
      const behind = fedSource();
      const dropped = watched(socket.sendStream(behind.source));
      socket.send("behind");
      await fail(error);
      await rejected;
      await idle();
      assert.deepEqual(peer.lines, ["text+ begun", "close 1011"]);
      assert.deepEqual(socket.send("late"), { ok: false, status: "refused", reason: "closing" });
      assert.deepEqual(behind.told, ["return"]);
      peer.sendClose(1011);
      peer.stream.end();
      const report = await socket.closed;
      const { cause } = report;
      assert.ok(cause instanceof UnfinishedMessageError);
      assert.equal(cause.cause, error);
      assert.deepEqual(report.rule, {
        code: "message-unfinished",
        section: "RFC 6455 §5.4",
        observed: 5,
        limit: undefined,
      });
      await turns(1);
      assert.ok(dropped.state() instanceof ConnectionClosedError);
      assert.equal(socket.bufferedBytes, 0);
    });

    it("is refused where its octets turn out to be no UTF-8 after all", async () => {
      const { socket, peer, idle } = meetRawPeer(role);
      const { source, give, told } = fedSource();
      const rejected = assert.rejects(socket.sendStream(source, { type: "text" }), { code: "text-not-utf8" });
      await give(octets("41f0"));
      await give(octets("41"));
      await rejected;
      await idle();
      assert.deepEqual(peer.lines, ["text+ A", "close 1011"]);
      assert.equal(told.at(-1), "return");
    });

    it("is refused at its end, too, in the middle of a code point", async () => {
      const { socket, peer, idle } = meetRawPeer(role);
      await assert.rejects(socket.sendStream([octets("e282")], { type: "text" }), { code: "text-not-utf8" });
      const { source, give, end } = fedSource();
      const rejected = assert.rejects(socket.sendStream(source, { type: "text" }), { code: "text-not-utf8" });
      await give(octets("41e2"));
      await end();
      await rejected;
      await idle();
      assert.deepEqual(peer.lines, ["text+ A", "close 1011"]);
    });

    it("takes no wrong arguments, and leaves the source alone then", async () => {
      const { socket, peer, idle } = meetRawPeer(role);
      const { source, told } = fedSource();
      for (const options of [{ type: "json" }, { maxFragmentBytes: 1023 }, { maxFragmentBytes: 2 ** 25 }, null]) {
        await assert.rejects(socket.sendStream(source, options as object));
      }
      for (const none of ["text", octets("01"), undefined]) {
        await assert.rejects(socket.sendStream(none as never), { code: "invalid-argument" });
      }
      assert.deepEqual(told, []);
      socket.send("still there");
      await idle();
      assert.deepEqual(peer.lines, ["text still there"]);
    });
  });

  describe(`the signal of a message that a ${role} streams`, () => {
    const reason = new Error("not wanted any more");

    it("keeps it from beginning, also where it waits for its turn", async () => {
      const { socket, peer, idle } = meetRawPeer(role);
      const early = fedSource();
      await assert.rejects(socket.sendStream(early.source, { signal: AbortSignal.abort(reason) }), reason);
      const first = fedSource();
      const streamed = socket.sendStream(first.source);
      const controller = new AbortController();
      const waiting = fedSource();
      const rejected = assert.rejects(socket.sendStream(waiting.source, { signal: controller.signal }), reason);
      controller.abort(reason);
      await rejected;
      const asked = fedSource();
      const other = new AbortController();
      await first.end();
      await streamed;
      const stalled = assert.rejects(socket.sendStream(asked.source, { signal: other.signal }), reason);
      socket.send("after");
      other.abort(reason);
      await stalled;
      await idle();
      assert.deepEqual(peer.lines, ["binary 0", "text after"]);
      assert.deepEqual([early.told, waiting.told, asked.told], [["return"], ["return"], ["next", "return"]]);
      // What a source says after it was told counts for nothing.
      await asked.give("late");
      await idle();
      assert.equal(peer.frames.length, 2);
    });

    it("closes with 1011 where a part has been sent, and cancels a web stream with the reason", async () => {
      const { socket, peer, idle } = meetRawPeer(role);
      const controller = new AbortController();
      const reasons: unknown[] = [];
      const source = new ReadableStream<string>({
        start: (queue) => queue.enqueue("begun"),
        cancel: (given) => void reasons.push(given),
      });
      const rejected = assert.rejects(socket.sendStream(source, { signal: controller.signal }), reason);
      await idle();
      controller.abort(reason);
      controller.abort();
      await rejected;
      await idle();
      assert.deepEqual(peer.lines, ["text+ begun", "close 1011"]);
      assert.deepEqual(reasons, [reason]);
      peer.stream.destroy();
      const { cause } = await socket.closed;
      assert.equal(cause instanceof UnfinishedMessageError && cause.cause, reason);
    });

    it("is let go of when the message is complete", async () => {
      const { socket } = meetRawPeer(role);
      const controller = new AbortController();
      let listeners = 0;
      const { signal } = controller;
      const add = signal.addEventListener.bind(signal);
      const remove = signal.removeEventListener.bind(signal);
      Object.assign(signal, {
        addEventListener: (...call: Parameters<typeof add>) => {
          listeners++;
          add(...call);
        },
        removeEventListener: (...call: Parameters<typeof remove>) => {
          listeners--;
          remove(...call);
        },
      });
      await socket.sendStream(asyncOf("a", "b"), { signal });
      assert.equal(listeners, 0);
      controller.abort();
      await turns(1);
      assert.equal(socket.readyState, "open");
    });
  });

  describe(`the end of a connection on which a ${role} streams a message`, () => {
    it("close() does not wait for it: the source is told at once, and it rejects with the report", async () => {
      const { socket, peer, idle } = meetRawPeer(role);
      const reasons: unknown[] = [];
      const source = new ReadableStream<string>({
        start: (queue) => queue.enqueue("begun"),
        cancel: (given) => void reasons.push(given),
      });
      const first = watched(socket.sendStream(source));
      const behind = fedSource();
      const second = watched(socket.sendStream(behind.source));
      await idle();
      void socket.close(1000, "enough");
      await idle();
      assert.deepEqual(peer.lines, ["text+ begun", "close 1000 enough"]);
      assert.ok(reasons[0] instanceof UnfinishedMessageError);
      assert.deepEqual(behind.told, ["return"]);
      const late = fedSource();
      const third = watched(socket.sendStream(late.source));
      await idle();
      assert.deepEqual(late.told, ["return"]);
      assert.deepEqual([first.state(), second.state(), third.state()], ["pending", "pending", "pending"]);
      peer.sendClose(1000);
      peer.stream.end();
      await idle();
      for (const { state } of [first, second, third]) {
        const error = state();
        assert.ok(error instanceof ConnectionClosedError);
        assert.equal(error.report.wasClean, true);
      }
      await assert.rejects(socket.sendStream(["later"]), ConnectionClosedError);
    });

    it("is met the same way where the peer, the network or we cut it", async () => {
      for (const cut of ["peer", "terminate", "violation"] as const) {
        const { socket, peer, idle } = meetRawPeer(role);
        const { source, give, told } = fedSource();
        const streamed = watched(socket.sendStream(source));
        await give("begun");
        if (cut === "peer") peer.stream.destroy();
        else if (cut === "terminate") socket.terminate();
        else peer.sendOctets(Uint8Array.of(0xff, 0xff));
        await idle();
        if (cut === "violation") peer.stream.destroy();
        await idle();
        assert.ok(streamed.state() instanceof ConnectionClosedError, cut);
        assert.equal(told.at(-1), "return");
        await give("late");
        await idle();
      }
    });

    it("comes when the peer closes, unless a handler is at work that may finish it (§5.5.1)", async () => {
      const { source, give, end, told } = fedSource();
      const { socket, peer, idle } = meetRawPeer(role, { message: (self) => self.sendStream(source) });
      peer.sendText("send me something");
      await idle();
      await give("some");
      peer.sendClose(1000);
      await idle();
      await give("thing");
      await end();
      await idle();
      assert.deepEqual(peer.lines, ["text+ some", "continuation+ 7468696e67", "continuation", "close 1000"]);
      assert.ok(!told.includes("return"));

      const other = meetRawPeer(role, { message: () => undefined });
      const fed = fedSource();
      const streamed = watched(other.socket.sendStream(fed.source));
      await fed.give("some");
      other.peer.sendClose(1000);
      await other.idle();
      assert.deepEqual(other.peer.lines, ["text+ some", "close 1000"]);
      assert.equal(fed.told.at(-1), "return");
      other.peer.stream.end();
      await other.idle();
      assert.ok(streamed.state() instanceof ConnectionClosedError);
      assert.equal(socket.readyState, role === "client" ? "closing" : "closing");
    });

    it("may come from the source itself, and from within a chunk", async () => {
      const { socket, peer, idle } = meetRawPeer(role);
      const source = function* (): Generator<string> {
        yield "x".repeat(100 * KiB);
        void socket.close(1001);
        yield "late";
      };
      const streamed = watched(socket.sendStream(source()));
      await idle();
      assert.equal(peer.lines.at(-1), "close 1001");
      peer.stream.destroy();
      await idle();
      assert.ok(streamed.state() instanceof ConnectionClosedError);
    });

    it("has no effect on messages that a source sends while it is asked: they wait", async () => {
      const { socket, peer, idle } = meetRawPeer(role);
      const results: string[] = [];
      const source = function* (): Generator<string> {
        results.push(socket.send("from within").status);
        yield "streamed";
      };
      await socket.sendStream(source());
      await idle();
      assert.deepEqual(results, ["buffered"]);
      assert.deepEqual(peer.lines, ["text streamed", "text from within"]);
    });

    it("ends in time by `leave`, which waits for it, and for what waits behind it", async () => {
      const { socket, peer, idle } = meetRawPeer(role);
      const { source, give, end } = fedSource();
      const streamed = watched(socket.sendStream(source));
      await give("a");
      socket.send("behind");
      socket.leave(1012, "restart");
      await idle();
      await give("b");
      await idle();
      assert.deepEqual(peer.lines, ["text+ a", "continuation+ 62"]);
      await end();
      await idle();
      assert.equal(streamed.state(), "resolved");
      assert.deepEqual(peer.lines.slice(2), ["continuation", "text behind", "close 1012 restart"]);

      const other = meetRawPeer(role);
      const fed = fedSource();
      const controller = new AbortController();
      const aborted = watched(other.socket.sendStream(fed.source, { signal: controller.signal }));
      other.socket.leave(1012, "");
      await other.idle();
      assert.deepEqual(other.peer.lines, []);
      controller.abort();
      await other.idle();
      assert.deepEqual(other.peer.lines, ["close 1012"]);
      assert.notEqual(aborted.state(), "pending");
    });
  });

  describe(`permessage-deflate of a message that a ${role} streams (RFC 7692 §7.2.1)`, () => {
    function meet(setup: EndpointSetup = {}) {
      const compressor = new WatchedCompressor();
      const chain = deflateChain(createDeflateContext(compressor), role);
      const meeting = meetRawPeer(role, { chain, ...setup }, { capacityBytes: 1e9 });
      const judge = (): JudgeInflater => new JudgeInflater({ windowBits: 15, takesOver: true });
      const received = async () =>
        (await judge().messages(meeting.peer.frames)).map((message) => Buffer.from(message).toString());
      /** Until what works on another thread is done, too. */
      const settle = async (): Promise<void> => {
        do await meeting.idle();
        while (meeting.socket.bufferedBytes > 0);
      };
      return { ...meeting, compressor, received, settle };
    }

    it("compresses its fragments on the way, and keeps the order with others", async () => {
      const { socket, peer, received, settle } = meet();
      const long = JSON.stringify(Array.from({ length: 20_000 }, (_, id) => ({ id, state: "open" })));
      const streamed = socket.sendStream(asyncOf(long.slice(0, 100), long.slice(100), "."));
      socket.send("in one piece ".repeat(10));
      socket.send(utf8(long));
      await streamed;
      await settle();
      assert.deepEqual(await received(), [`${long}.`, "in one piece ".repeat(10), long]);
      assert.equal(peer.frames[0]?.rsv, 4);
      assert.ok(peer.frames.reduce((sum, { payload }) => sum + payload.byteLength, 0) < long.length / 2);
    });

    it("leaves it as it is where that is asked for", async () => {
      const { socket, peer, settle } = meet();
      await socket.sendStream(asyncOf("plain ".repeat(100)), { compress: false });
      await settle();
      assert.ok(peer.frames.every(({ rsv }) => rsv === 0));
    });
  });
}

describe("who observes", () => {
  it("is told once of a streamed message, at its end, with all its octets", async () => {
    const told: string[] = [];
    const observer = {
      sent: (_socket: unknown, type: string, byteLength: number) => told.push(`${type} ${String(byteLength)}`),
      backpressure: (_socket: unknown, isOn: boolean) => told.push(isOn ? "waits" : "roomy"),
    } as unknown as Observer;
    const tasks = new TaskQueue();
    const platform = createFakePlatform();
    const [ours, theirs] = createMemoryPair({ defer: tasks.defer });
    const context = createSocketContext("server", platform, resolveSocketOptions({}), {}, observer);
    const socket = new Endpoint<undefined>(context, ours, { protocol: "", data: undefined });
    const peer = new RawPeer(theirs, "client");
    socket.open();
    const { source, give, end } = fedSource();
    const streamed = socket.sendStream(source);
    await give("a€");
    socket.send("behind");
    await tasks.idle();
    assert.deepEqual(told, ["waits", "roomy"]);
    await give("b");
    await end();
    await streamed;
    await tasks.idle();
    assert.deepEqual(told.slice(2), ["text 5", "text 6"]);
    assert.equal(peer.frames.length, 4);
  });
});

describe("a streamed message and the deadlines", () => {
  it("counts as activity while it goes on, and not while its source stalls", async () => {
    const { socket, peer, platform, idle } = meetRawPeer("server", { idleTimeoutMs: 10_000, heartbeat: false });
    const { source, give, told } = fedSource();
    const streamed = watched(socket.sendStream(source));
    for (let count = 0; count < 5; count++) {
      platform.clock.advance(6000);
      await give("tick");
    }
    await idle();
    assert.equal(socket.readyState, "open");
    platform.clock.advance(13_000);
    await idle();
    assert.equal(peer.lines.at(-1), "close 1001");
    assert.equal(told.at(-1), "return");
    peer.stream.destroy();
    await idle();
    assert.ok(streamed.state() instanceof ConnectionClosedError);
  });

  it("is cut by sendTimeoutMs where the peer takes nothing", async () => {
    const { socket, peer, platform, idle } = meetRawPeer("server", { sendTimeoutMs: 10_000 }, { capacityBytes: 1000 });
    peer.stream.pause();
    const streamed = watched(socket.sendStream(Array.from({ length: 100 }, () => "x".repeat(10 * KiB))));
    await idle();
    platform.clock.advance(15_000);
    await idle();
    const error = streamed.state();
    assert.ok(error instanceof ConnectionClosedError);
    assert.equal(error.report.rule?.code, "send-timeout");
  });
});

describe("a platform without memory", () => {
  const noMemory = new RangeError("Array buffer allocation failed");

  function meet() {
    const { platform, ...meeting } = meetRawPeer("server");
    const acquire = platform.pool.acquire.bind(platform.pool);
    const loseMemory = (): void => {
      Object.assign(platform.pool, {
        acquire: (minBytes: number) => {
          if (minBytes < 10_000) return acquire(minBytes);
          throw noMemory;
        },
      });
    };
    return { ...meeting, loseMemory };
  }

  it("ends a connection rather than a streamed message in its middle", async () => {
    const { socket, peer, loseMemory, idle } = meet();
    const { source, give } = fedSource();
    const streamed = watched(socket.sendStream(source));
    await give("begun");
    loseMemory();
    await give("x".repeat(20_000));
    assert.equal(streamed.state(), noMemory);
    await idle();
    assert.equal(peer.lines.at(-1), "close 1011");
    peer.stream.destroy();
    const { cause } = await socket.closed;
    assert.equal(cause instanceof UnfinishedMessageError && cause.cause, noMemory);
  });

  it("ends it rather than let go of a message that waited behind one", async () => {
    const { socket, peer, loseMemory, idle } = meet();
    const { source, give, end } = fedSource();
    const streamed = watched(socket.sendStream(source));
    await give("begun");
    socket.send("x".repeat(100_000));
    socket.send("and another");
    await idle();
    loseMemory();
    await end();
    await idle();
    assert.equal(streamed.state(), "resolved");
    assert.deepEqual(peer.lines, ["text+ begun", "continuation", "close 1011"]);
    assert.equal(socket.bufferedBytes, 0);
    peer.stream.destroy();
    assert.equal((await socket.closed).cause, noMemory);
  });
});
