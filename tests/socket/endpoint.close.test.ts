import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { CloseReport } from "#src/protocol/index.js";
import { CloseTimeoutError } from "#src/socket/index.js";
import type { Role } from "../support/endpoints.js";
import { deferred, meetEachOther, meetRawPeer } from "../support/endpoints.js";

const roles: readonly Role[] = ["server", "client"];

for (const role of roles) {
  describe(`§7 the end of a ${role}'s connection`, () => {
    it("closed by the peer: its code and reason are reported, and its code is echoed", async () => {
      const reports: CloseReport[] = [];
      const { socket, peer, stream, idle } = meetRawPeer(role, { close: (_socket, report) => reports.push(report) });
      peer.sendClose(4001, "bye");
      await idle();
      assert.deepEqual(peer.lines, ["close 4001"]);
      peer.stream.end();
      const report = await socket.closed;
      assert.deepEqual(report, {
        outcome: "closed-by-peer",
        code: 4001,
        reason: "bye",
        wasClean: true,
        initiator: "peer",
        phase: "closing",
        rule: undefined,
        cause: undefined,
      });
      await idle();
      assert.deepEqual(reports, [report]);
      assert.equal(socket.readyState, "closed");
      assert.equal(stream.isDestroyed, false);
      assert.equal(peer.error, undefined);
    });

    it("closed by the peer without a code: 1005, and an empty Close frame for an answer", async () => {
      const { socket, peer, idle } = meetRawPeer(role);
      peer.send({ opcode: 8 });
      await idle();
      assert.deepEqual(peer.lines, ["close"]);
      peer.stream.end();
      const { code, outcome } = await socket.closed;
      assert.deepEqual([outcome, code], ["closed-by-peer", 1005]);
    });

    it("closed by us: the report has the peer's code, and says that we began", async () => {
      const { socket, peer, idle } = meetRawPeer(role);
      const closed = socket.close(3001, "done");
      assert.equal(socket.readyState, "closing");
      await idle();
      assert.deepEqual(peer.lines, ["close 3001 done"]);
      peer.sendClose(3001);
      peer.stream.end();
      assert.deepEqual(await closed, {
        outcome: "closed-by-us",
        code: 3001,
        reason: "",
        wasClean: true,
        initiator: "us",
        phase: "closing",
        rule: undefined,
        cause: undefined,
      });
      assert.equal(await socket.closed, await closed);
    });

    it("closed by both at once: clean, and only one Close frame from each", async () => {
      const { socket, peer, idle } = meetRawPeer(role);
      peer.sendClose(1001);
      void socket.close(1000);
      await idle();
      peer.stream.end();
      const report = await socket.closed;
      assert.deepEqual(peer.lines, ["close 1000"]);
      assert.deepEqual([report.wasClean, report.outcome, report.initiator], [true, "closed-by-us", "us"]);
    });

    it("failed: the violated rule is the cause, and the Close frame has its code", async () => {
      const { socket, peer, idle } = meetRawPeer(role);
      peer.send({ opcode: 3 });
      await idle();
      assert.match(peer.lines.join(), /^close 1002/);
      peer.stream.end();
      const report = await socket.closed;
      assert.deepEqual([report.outcome, report.code, report.wasClean, report.initiator], ["failed", 1002, false, "us"]);
      assert.equal((report.cause as { code?: string } | undefined)?.code, "reserved-opcode");
    });

    it("failed while it was closing by us: it is a failure all the same, without a second Close frame", async () => {
      const { socket, peer, idle } = meetRawPeer(role);
      void socket.close();
      await idle();
      peer.send({ opcode: 0xb });
      peer.stream.end();
      const report = await socket.closed;
      assert.equal(report.outcome, "failed");
      assert.deepEqual(peer.lines, ["close 1000"]);
    });

    it("dropped by a peer that cuts the stream: 1006, with the stream's error as the cause", async () => {
      const { socket, peer } = meetRawPeer(role);
      peer.stream.destroy();
      const report = await socket.closed;
      assert.deepEqual(
        [report.outcome, report.code, report.wasClean, report.initiator],
        ["dropped", 1006, false, "peer"],
      );
      assert.equal((report.cause as NodeJS.ErrnoException | undefined)?.code, "ECONNRESET");
    });

    it("dropped by a peer that ends the stream without a Close frame: 1006", async () => {
      const { socket, peer } = meetRawPeer(role);
      peer.stream.end();
      const report = await socket.closed;
      assert.deepEqual([report.outcome, report.code, report.initiator], ["dropped", 1006, "peer"]);
      assert.equal(report.cause, undefined);
    });

    it("terminated: the stream is cut at once, and the report says that it was us", async () => {
      const { socket, peer, stream, idle } = meetRawPeer(role);
      socket.send("lost");
      socket.terminate();
      assert.equal(stream.isDestroyed, true);
      assert.notEqual(socket.readyState, "open");
      assert.deepEqual(socket.send("more"), { ok: false, status: "refused", reason: "closed" });
      const report = await socket.closed;
      assert.deepEqual(
        [report.outcome, report.code, report.initiator, report.cause],
        ["dropped", 1006, "us", undefined],
      );
      await idle();
      assert.deepEqual(peer.lines, []);
      assert.equal(socket.bufferedBytes, 0);
      socket.terminate();
    });

    it("ignores what the peer sends after its Close frame", async () => {
      const messages: unknown[] = [];
      const { socket, peer, idle } = meetRawPeer(role, { message: (_socket, message) => messages.push(message) });
      peer.sendClose(1000);
      peer.sendText("late");
      peer.send({ opcode: 3 }, { opcode: 9, payload: "ping" });
      peer.sendClose(1002);
      await idle();
      peer.stream.end();
      const report = await socket.closed;
      assert.deepEqual(messages, []);
      assert.deepEqual(peer.lines, ["close 1000"]);
      assert.deepEqual([report.outcome, report.code], ["closed-by-peer", 1000]);
    });

    it("delivers what the peer sent before it answered our Close frame", async () => {
      const messages: unknown[] = [];
      const { socket, peer, idle } = meetRawPeer(role, { message: (_socket, message) => messages.push(message) });
      void socket.close();
      await idle();
      peer.sendText("still", "here");
      peer.sendClose(1000);
      peer.stream.end();
      await socket.closed;
      assert.deepEqual(messages, ["still", "here"]);
    });

    it("gives its report to whoever asks late, and before", async () => {
      const { socket, peer } = meetRawPeer(role);
      const early = socket.closed;
      peer.stream.end();
      assert.equal(await early, await socket.closed);
      assert.equal(await socket.close(), await early);
    });

    it("does nothing when close is called again, or after the end", async () => {
      const { socket, peer, idle } = meetRawPeer(role);
      void socket.close(1000);
      void socket.close(4000, "again");
      await idle();
      assert.deepEqual(peer.lines, ["close 1000"]);
      peer.sendClose(1000);
      peer.stream.end();
      await socket.closed;
      await socket.close(4000);
      assert.deepEqual(peer.lines, ["close 1000"]);
    });

    it("refuses a code or a reason that cannot be sent, and stays open", async () => {
      const { socket, peer, idle } = meetRawPeer(role);
      for (const code of [0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 1.5, Number.NaN]) {
        assert.throws(() => socket.close(code), { name: "UsageError", code: "close-code-not-sendable" });
      }
      assert.throws(() => socket.close(1000, "é".repeat(62)), { code: "close-reason-too-long" });
      assert.throws(() => socket.close("1000" as unknown as number), { code: "invalid-argument" });
      assert.throws(() => socket.close(1000, 5 as unknown as string), { code: "invalid-argument" });
      assert.equal(socket.readyState, "open");
      socket.send("alive");
      await idle();
      assert.deepEqual(peer.lines, ["text alive"]);
    });

    it("closes when it is disposed of, and waits for that", async () => {
      const { socket, peer, idle } = meetRawPeer(role);
      const disposed = socket[Symbol.asyncDispose]();
      await idle();
      assert.deepEqual(peer.lines, ["close 1000"]);
      peer.sendClose(1000);
      peer.stream.end();
      await disposed;
      assert.equal(socket.readyState, "closed");
    });

    it("cuts a peer that never answers Close, after closeTimeoutMs", async () => {
      const { socket, platform, stream, idle } = meetRawPeer(role, { closeTimeoutMs: 500 });
      const closed = socket.close();
      await idle();
      platform.clock.advance(499);
      assert.equal(stream.isDestroyed, false);
      platform.clock.advance(1);
      const report = await closed;
      assert.deepEqual([report.outcome, report.code, report.initiator], ["dropped", 1006, "us"]);
      assert.ok(report.cause instanceof CloseTimeoutError);
      assert.equal(report.cause.limit, 500);
      assert.equal(platform.clock.pendingTimers, 0);
    });

    it("cuts a peer that answers Close and never ends the stream, and calls that clean", async () => {
      const { socket, peer, platform, idle } = meetRawPeer(role, { closeTimeoutMs: 500 });
      const closed = socket.close();
      await idle();
      peer.sendClose(1000);
      await idle();
      platform.clock.advance(500);
      const report = await closed;
      assert.deepEqual([report.outcome, report.wasClean], ["closed-by-us", true]);
    });

    it("cuts a peer that failed and stays", async () => {
      const { socket, peer, platform, idle } = meetRawPeer(role, { closeTimeoutMs: 500 });
      peer.send({ opcode: 3 });
      await idle();
      platform.clock.advance(500);
      assert.equal((await socket.closed).outcome, "failed");
    });

    it("leaves no timer behind", async () => {
      const { socket, peer, platform, idle } = meetRawPeer(role);
      peer.sendClose(1000);
      await idle();
      peer.stream.end();
      await socket.closed;
      assert.equal(platform.clock.pendingTimers, 0);
    });
  });
}

describe("octets that come when nothing counts any more", () => {
  for (const role of roles) {
    it(`are read and dropped by a ${role}, so that the peer gets the Close frame and a clean end`, async () => {
      const { socket, peer, stream, idle } = meetRawPeer(role);
      peer.send({ opcode: 3 });
      for (let index = 0; index < 10; index++) peer.sendOctets(new Uint8Array(50_000));
      await idle();
      assert.equal(peer.unsentBytes, 0);
      assert.equal(stream.isPaused, false);
      peer.stream.end();
      assert.equal((await socket.closed).outcome, "failed");
      assert.equal(peer.error, undefined);
    });

    it(`are read no more by a ${role} when they go on, until the close timer cuts the stream`, async () => {
      for (const end of ["fail", "close"] as const) {
        const { socket, peer, stream, platform, idle } = meetRawPeer(role);
        if (end === "fail") peer.send({ opcode: 3 });
        else peer.sendClose(1000);
        for (let index = 0; index < 50; index++) peer.sendOctets(new Uint8Array(50_000));
        await idle();
        assert.equal(stream.isPaused, true);
        assert.ok(peer.unsentBytes > 500_000);
        assert.match(peer.lines.join(), end === "fail" ? /^close 1002/ : /^close 1000/);
        platform.clock.advance(10_000);
        assert.equal((await socket.closed).outcome, end === "fail" ? "failed" : "closed-by-peer");
      }
    });
  }
});

describe("§7.1.1 who ends the stream", () => {
  it("is the server, once both Close frames have passed", async () => {
    const { peer, stream, idle } = meetRawPeer("server");
    peer.sendClose(1000);
    await idle();
    assert.equal(stream.isEnded, true);
    assert.equal(peer.hasEnded, true);
  });

  it("is not the client, who waits for the server", async () => {
    const { peer, stream, idle } = meetRawPeer("client");
    peer.sendClose(1000);
    await idle();
    assert.equal(stream.isEnded, false);
    peer.stream.end();
    await idle();
    assert.equal(stream.isEnded, true);
  });

  it("is whoever fails the connection, without waiting", async () => {
    const { peer, stream, idle } = meetRawPeer("client");
    peer.send({ opcode: 3 });
    await idle();
    assert.equal(stream.isEnded, true);
  });
});

describe("§5.5.1 the answer to a Close frame", () => {
  it("comes after the pending handler and those whose messages wait, with what they send before it", async () => {
    const gates = [deferred(), deferred()];
    const { socket, peer, idle } = meetRawPeer("server", {
      async message(self, message) {
        await gates[Number(message)]?.promise;
        self.send(`answer ${String(message)}`);
      },
    });
    peer.sendText("0", "1");
    peer.sendClose(1000);
    await idle();
    assert.deepEqual(peer.lines, []);
    assert.equal(socket.readyState, "closing");
    gates[0]?.resolve();
    await idle();
    assert.deepEqual(peer.lines, ["text answer 0"]);
    gates[1]?.resolve();
    await idle();
    assert.deepEqual(peer.lines, ["text answer 0", "text answer 1", "close 1000"]);
  });

  it("comes after the pending open handler", async () => {
    const gate = deferred();
    const { peer, idle } = meetRawPeer("server", { open: () => gate.promise, message: () => undefined });
    peer.sendClose(1000);
    await idle();
    assert.deepEqual(peer.lines, []);
    gate.resolve();
    await idle();
    assert.deepEqual(peer.lines, ["close 1000"]);
  });

  it("comes at once where messages are pulled: whoever pulls may never come back", async () => {
    const { peer, idle } = meetRawPeer("server");
    peer.sendText("unread");
    peer.sendClose(1000);
    await idle();
    assert.deepEqual(peer.lines, ["close 1000"]);
  });

  it("comes after closeTimeoutMs where a handler never ends, and the stream ends by itself", async () => {
    const reports: unknown[] = [];
    const { socket, peer, platform, idle } = meetRawPeer("server", {
      closeTimeoutMs: 300,
      message: () => new Promise(() => undefined),
      close: (_socket, report) => reports.push(report),
    });
    peer.sendText("stuck");
    peer.sendClose(1000);
    await idle();
    platform.clock.advance(299);
    await idle();
    assert.deepEqual(peer.lines, []);
    platform.clock.advance(1);
    await idle();
    assert.deepEqual(peer.lines, ["close 1000"]);
    peer.stream.end();
    const report = await socket.closed;
    assert.deepEqual([report.outcome, report.wasClean], ["closed-by-peer", true]);
    // All its messages have not been handled, and never will be.
    assert.deepEqual(reports, []);
    assert.equal(platform.clock.pendingTimers, 0);
  });

  it("may be given by the handler itself, with a code of its own", async () => {
    const gate = deferred();
    const { socket, peer, idle } = meetRawPeer("server", {
      async message(self) {
        await gate.promise;
        void self.close(4002, "mine");
      },
    });
    peer.sendText("a");
    peer.sendClose(1000);
    await idle();
    gate.resolve();
    await idle();
    assert.deepEqual(peer.lines, ["close 4002 mine"]);
    peer.stream.end();
    const report = await socket.closed;
    assert.deepEqual([report.outcome, report.code, report.initiator], ["closed-by-peer", 1000, "peer"]);
  });
});

describe("a peer that closes and ends its side before it has read everything", () => {
  for (const role of ["server", "client"] as const) {
    it(`gets what a ${role} had sent it, and the answer to its Close frame, before the stream ends (§5.5.1)`, async () => {
      const { socket, peer, stream, idle } = meetRawPeer(role, {}, { capacityBytes: 1 });
      peer.stream.pause();
      socket.send("1");
      await idle();
      socket.send("2");
      peer.sendClose(1000);
      peer.stream.end();
      await idle();
      assert.equal(stream.isEnded, false);
      peer.stream.resume();
      await idle();
      assert.deepEqual(peer.lines, ["text 1", "text 2", "close 1000"]);
      const { outcome, wasClean } = await socket.closed;
      assert.deepEqual([outcome, wasClean], ["closed-by-peer", true]);
    });
  }
});

describe("the close handler", () => {
  it("comes after every message has been handled, even when the peer is long gone", async () => {
    const order: string[] = [];
    const gate = deferred();
    const { socket, peer, idle } = meetRawPeer("server", {
      async message(_socket, message) {
        await gate.promise;
        order.push(String(message));
      },
      close: () => void order.push("close"),
    });
    peer.sendText("1", "2");
    peer.stream.end();
    await socket.closed;
    await idle();
    assert.deepEqual(order, []);
    gate.resolve();
    await idle();
    assert.deepEqual(order, ["1", "2", "close"]);
  });

  it("is called once, and the socket is closed by then", async () => {
    const states: string[] = [];
    const { peer, idle } = meetRawPeer("server", { close: (socket) => void states.push(socket.readyState) });
    peer.sendClose(1000);
    await idle();
    peer.stream.end();
    await idle();
    assert.deepEqual(states, ["closed"]);
  });
});

describe("two of our own", () => {
  for (const closer of ["server", "client"] as const) {
    it(`close cleanly when the ${closer} begins`, async () => {
      const { server, client } = meetEachOther({});
      const [ours, theirs] = closer === "server" ? [server, client] : [client, server];
      const report = await ours.close(3333, "enough");
      const other = await theirs.closed;
      assert.deepEqual([report.outcome, report.code, report.initiator], ["closed-by-us", 3333, "us"]);
      assert.deepEqual([other.outcome, other.code, other.reason], ["closed-by-peer", 3333, "enough"]);
    });
  }

  it("close cleanly when both begin at once, and both say that it was them", async () => {
    const { server, client } = meetEachOther({});
    const reports = await Promise.all([server.close(1001), client.close(1000)]);
    assert.deepEqual(
      reports.map(({ outcome, wasClean, code }) => [outcome, wasClean, code]),
      [
        ["closed-by-us", true, 1000],
        ["closed-by-us", true, 1001],
      ],
    );
  });
});
