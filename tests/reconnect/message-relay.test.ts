import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Message } from "#src/socket/index.js";
import { script } from "./scripted.js";

describe("messages over many connections", () => {
  it("come to one iterator in order, those of a lost connection before those of the next", async () => {
    const { socket, clock, last } = await script();
    const seen: Message[] = [];
    let isDone = false;
    const reading = (async () => {
      for await (const message of socket) {
        seen.push(message);
        await clock.sleep(10_000);
      }
      isDone = true;
    })();
    last().open();
    for (const text of ["1", "2"]) last().receive(text);
    last().end();
    await clock.advance(500);
    last().open();
    last().receive("3");
    await clock.settle();
    assert.deepEqual(seen, ["1"]);
    await clock.advance(20_000);
    assert.deepEqual(seen, ["1", "2", "3"]);
    last().receive("4");
    void socket.close();
    last().end();
    await clock.advance(20_000);
    await reading;
    assert.deepEqual(seen, ["1", "2", "3", "4"]);
    assert.ok(isDone);
  });

  it("have one consumer; a loop that was left can be gone on with", async () => {
    const { socket, clock, last } = await script();
    last().open();
    for (const text of ["1", "2", "3"]) last().receive(text);
    for await (const message of socket) {
      assert.equal(message, "1");
      break;
    }
    const iterator = socket[Symbol.asyncIterator]();
    assert.throws(() => socket[Symbol.asyncIterator](), { code: "already-consumed" });
    assert.equal((await iterator.next()).value, "2");
    const [third, fourth] = [iterator.next(), iterator.next()];
    assert.equal((await third).value, "3");
    await clock.settle();
    await iterator.return?.();
    assert.equal((await fourth).done, true);
    assert.equal((await iterator.next()).done, true);
    const handled = await script({ message: () => undefined });
    assert.throws(() => handled.socket[Symbol.asyncIterator](), { code: "already-consumed" });
  });

  it("ends an iterator when it is over for good, and one that comes later, too", async () => {
    const { socket } = await script();
    const iterator = socket[Symbol.asyncIterator]();
    const next = iterator.next();
    await socket.close();
    assert.equal((await next).done, true);
    assert.equal((await iterator.next()).done, true);
  });

  it("of which nobody takes any are kept for two connections, and dropped then", async () => {
    const { socket, clock, last } = await script();
    for (const name of ["a", "b", "c"]) {
      last().open();
      last().receive(`${name}1`);
      last().receive(`${name}2`);
      last().end();
      await clock.advance(4000);
    }
    last().open();
    const seen: Message[] = [];
    void (async () => {
      for await (const message of socket) seen.push(message);
    })();
    await clock.settle();
    assert.deepEqual(seen, ["c1", "c2"]);
  });

  it("that a consumer is at work on hold up the connection after the next, and no other", async () => {
    const { socket, clock, last, attempts } = await script();
    const iterator = socket[Symbol.asyncIterator]();
    for (const name of ["a", "b"]) {
      last().open();
      last().receive(`${name}1`);
      last().end();
      await clock.advance(4000);
    }
    assert.equal(attempts.length, 2);
    assert.equal(socket.state.name, "connecting");
    assert.equal((await iterator.next()).value, "a1");
    await clock.settle();
    assert.equal(attempts.length, 3);
    assert.equal((await iterator.next()).value, "b1");
  });

  it("wait, where there is a handler, until that of the connection before has had its messages", async () => {
    const { clock, last, attempts } = await script({ message: () => undefined });
    last().open();
    const first = last();
    first.end();
    await clock.advance(500);
    last().open();
    let mayDeliver = false;
    void Promise.resolve(last().opening).then(() => {
      mayDeliver = true;
    });
    await clock.settle();
    assert.equal(mayDeliver, false);
    last().end();
    await clock.advance(1000);
    assert.equal(attempts.length, 2);
    first.handled();
    await clock.settle();
    assert.equal(mayDeliver, true);
    assert.equal(attempts.length, 3);
  });

  it("are handed to the handler with the socket that reconnects, and `close` comes after the last", async () => {
    const seen: unknown[] = [];
    const { socket, clock, last } = await script({
      message(self, message) {
        seen.push(self, message);
        return "its result";
      },
      close: (_self, { why }) => seen.push(why),
    });
    last().open();
    assert.equal(last().options.message?.(last(), "hello"), "its result");
    void socket.close();
    last().end();
    await socket.closed;
    assert.deepEqual(seen, [socket, "hello"]);
    last().handled();
    await clock.settle();
    assert.deepEqual(seen, [socket, "hello", "closed"]);
  });
});
