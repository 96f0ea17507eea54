import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { prepare } from "#src/index.js";
import { UsageError } from "#src/protocol/index.js";
import { script } from "./scripted.js";

const buffered = { ok: true, status: "buffered" };
const full = { ok: false, status: "refused", reason: "outbox-full" };

describe("the outbox", () => {
  it("keeps what is sent before the first connection, and sends it in order, before what is sent later", async () => {
    const { socket, last } = await script({
      open(self, connection) {
        self.send("third");
        connection.send("hello");
      },
    });
    assert.deepEqual(socket.send("first"), buffered);
    assert.deepEqual(socket.send("second"), buffered);
    last().open();
    assert.deepEqual(socket.send("fourth"), { ok: true, status: "sent" });
    assert.deepEqual(last().sent, ["hello", "first", "second", "third", "fourth"]);
    assert.equal(socket.bufferedBytes, 0);
  });

  it("waits for what the open handler returns, and is not sent where that fails", async () => {
    let settle: { resolve(): void; reject(error: Error): void } | undefined;
    const { socket, clock, last } = await script({
      open: () => new Promise<void>((resolve, reject) => (settle = { resolve, reject })),
    });
    socket.send("first");
    last().open();
    socket.send("second");
    const { opening } = last();
    settle?.reject(new Error("not welcome"));
    await assert.rejects(opening as Promise<unknown>, /not welcome/);
    assert.deepEqual(last().sent, []);
    last().end();
    await clock.advance(500);
    last().open();
    settle?.resolve();
    await clock.settle();
    assert.deepEqual(last().sent, ["first", "second"]);
  });

  it("sends nothing twice: what a connection had taken is gone with it", async () => {
    const { socket, clock, last, attempts } = await script();
    socket.send("first");
    last().open();
    socket.send("second");
    last().end();
    await clock.advance(500);
    last().open();
    assert.deepEqual(attempts[0]?.sent, ["first", "second"]);
    assert.deepEqual(last().sent, []);
  });

  it("keeps what a connection refuses that is about to be lost", async () => {
    const { socket, clock, last } = await script();
    last().open();
    last().answer = { ok: false, status: "refused", reason: "closing" };
    assert.deepEqual(socket.send("first"), buffered);
    last().answer = { ok: false, status: "refused", reason: "closed" };
    assert.deepEqual(socket.send("second"), buffered);
    last().end();
    await clock.advance(500);
    last().open();
    assert.deepEqual(last().sent, ["first", "second"]);
  });

  it("passes on that a connection's buffer is full", async () => {
    const { socket, last } = await script();
    last().open();
    last().answer = { ok: false, status: "refused", reason: "buffer-full" };
    assert.deepEqual(socket.send("much"), { ok: false, status: "refused", reason: "buffer-full" });
    assert.equal(socket.bufferedBytes, 0);
  });

  it("stops where the connection has no room, goes on when it has, and tells `drain` at the end", async () => {
    let drains = 0;
    const { socket, clock, last } = await script({ drain: () => drains++ });
    for (const text of ["a", "b", "c", "d"]) socket.send(text);
    last().answer = { ok: true, status: "buffered" };
    last().open();
    assert.deepEqual(last().sent, ["a"]);
    assert.deepEqual(socket.send("e"), buffered);
    last().answer = { ok: false, status: "refused", reason: "buffer-full" };
    last().drain();
    last().answer = { ok: false, status: "refused", reason: "buffer-full" };
    await clock.settle();
    assert.deepEqual(last().sent, ["a"]);
    assert.equal(drains, 0);
    last().drain();
    await clock.settle();
    assert.deepEqual(last().sent, ["a", "b", "c", "d", "e"]);
    assert.equal(drains, 1);
    last().drain();
    assert.equal(drains, 2);
  });

  it("stops where the connection is closing, without turning in circles", async () => {
    const { socket, clock, last } = await script();
    socket.send("a");
    last().answer = { ok: false, status: "refused", reason: "closing" };
    last().open();
    await clock.settle();
    assert.equal(socket.bufferedBytes, 1);
    last().end();
    await clock.advance(500);
    last().open();
    assert.deepEqual(last().sent, ["a"]);
  });

  it("drops a message that a connection cannot take, tells of it, and sends the others", async () => {
    const { socket, last, printed } = await script();
    socket.send("poison");
    socket.send("good");
    const attempt = last();
    const send = attempt.send.bind(attempt);
    attempt.send = (data) => {
      if (data === "poison") throw new Error("no");
      return send(data);
    };
    attempt.open();
    assert.deepEqual(attempt.sent, ["good"]);
    assert.deepEqual(printed, ["send: Error: no"]);
  });

  it("refuses what goes beyond maxMessages or maxBytes", async () => {
    const { socket } = await script({ outbox: { maxMessages: 3, maxBytes: 10 } });
    assert.deepEqual(socket.send("12345678"), buffered);
    assert.deepEqual(socket.send("123"), full);
    assert.deepEqual(socket.send("1"), buffered);
    assert.deepEqual(socket.send("1"), buffered);
    assert.deepEqual(socket.send(""), full);
    assert.equal(socket.bufferedBytes, 10);
  });

  it("drops the oldest where that is asked for, and tells of each", async () => {
    const gone: unknown[] = [];
    const { socket, last } = await script({
      outbox: { maxMessages: 2, maxBytes: 10, whenFull: "drop-oldest" },
      dropped: (_self, data, reason) => void gone.push([data, reason]),
    });
    assert.deepEqual(socket.send("12345678901"), full);
    for (const text of ["a", "b", "c", "123456789"]) assert.deepEqual(socket.send(text), buffered);
    assert.deepEqual(gone, [
      ["a", "outbox-full"],
      ["b", "outbox-full"],
    ]);
    last().open();
    assert.deepEqual(last().sent, ["c", "123456789"]);
    const none = await script({ outbox: { maxMessages: 0, whenFull: "drop-oldest" } });
    assert.deepEqual(none.socket.send(""), full);
  });

  it("drops what is older than maxAgeMs, and what waits when it is over", async () => {
    const gone: unknown[] = [];
    const { socket, clock, last } = await script({
      outbox: { maxAgeMs: 100, maxMessages: 2 },
      dropped: (_self, data, reason) => void gone.push([data, reason]),
    });
    socket.send("old");
    await clock.advance(60);
    socket.send("newer");
    await clock.advance(41);
    assert.deepEqual(socket.send("newest"), buffered);
    await clock.advance(60);
    last().open();
    assert.deepEqual(last().sent, ["newest"]);
    last().end();
    await clock.settle();
    socket.send("never");
    await socket.close();
    assert.deepEqual(gone, [
      ["old", "too-old"],
      ["newer", "too-old"],
      ["never", "closed"],
    ]);
    assert.equal(socket.bufferedBytes, 0);
  });

  it("takes all that a socket takes, as copies, and nothing else", async () => {
    const { socket, last } = await script();
    const octets = new Uint8Array([1, 2, 3, 4]);
    const prepared = prepare("ready");
    assert.ok(socket.send(octets.subarray(1, 3)).ok);
    assert.ok(socket.send(octets.buffer).ok);
    assert.ok(socket.send(new DataView(octets.buffer, 2)).ok);
    assert.ok(socket.send(Buffer.from(octets.buffer, 0, 1)).ok);
    assert.ok(socket.send(new SharedArrayBuffer(1)).ok);
    assert.ok(socket.send(prepared).ok);
    assert.equal(socket.bufferedBytes, 2 + 4 + 2 + 1 + 1 + 5);
    octets.fill(9);
    for (const wrong of [undefined, null, 7, {}, [1], { byteLength: 3 }]) {
      assert.throws(() => socket.send(wrong as unknown as string), UsageError);
    }
    last().open();
    const [a, b, c, d, e, f] = last().sent;
    assert.deepEqual(
      [a, b, c, d],
      [[2, 3], [1, 2, 3, 4], [3, 4], [1]].map((list) => new Uint8Array(list)),
    );
    assert.deepEqual(e, new Uint8Array(1));
    assert.equal(f, prepared);
  });
});
