import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Message } from "#src/socket/index.js";
import { meetRawPeer } from "../support/endpoints.js";

describe("iterating over a socket", () => {
  it("yields what arrived before the iterator was attached, and then what comes", async () => {
    const { socket, peer, idle } = meetRawPeer("server");
    peer.sendText("a", "b");
    await idle();
    const messages: Message[] = [];
    const iterating = (async () => {
      for await (const message of socket) messages.push(message);
    })();
    await idle();
    peer.sendText("c");
    await idle();
    assert.deepEqual(messages, ["a", "b", "c"]);
    peer.sendClose(1000);
    peer.stream.end();
    await iterating;
  });

  it("stops reading at a bounded amount while nobody takes messages", async () => {
    const { socket, peer, stream, idle } = meetRawPeer("server", { maxInboxBytes: 5000 }, { capacityBytes: 5000 });
    for (let index = 0; index < 100; index++) peer.sendText(String(index).padEnd(1000));
    await idle();
    assert.equal(stream.isPaused, true);
    assert.ok(peer.unsentBytes > 70_000);
    let count = 0;
    for await (const message of socket) {
      assert.equal(String(message).trimEnd(), String(count));
      count++;
      if (count === 100) break;
    }
    await idle();
    assert.equal(stream.isPaused, false);
  });

  it("leaves the connection open when the loop is left, and another loop goes on where it stopped", async () => {
    const { socket, peer, idle } = meetRawPeer("server");
    peer.sendText("a", "b", "c");
    await idle();
    for await (const message of socket) {
      assert.equal(message, "a");
      break;
    }
    assert.equal(socket.readyState, "open");
    await idle();
    for await (const message of socket) {
      assert.equal(message, "b");
      break;
    }
    const iterator = socket[Symbol.asyncIterator]();
    assert.deepEqual(await iterator.next(), { done: false, value: "c" });
  });

  it("is for one at a time", () => {
    const { socket } = meetRawPeer("server");
    socket[Symbol.asyncIterator]();
    assert.throws(() => socket[Symbol.asyncIterator](), { name: "UsageError", code: "already-consumed" });
  });

  it("is not for sockets with a message handler", () => {
    const { socket } = meetRawPeer("server", { message: () => undefined });
    assert.throws(() => socket[Symbol.asyncIterator](), { name: "UsageError", code: "already-consumed" });
  });

  it("ends when the connection does, after everything that came before", async () => {
    const { socket, peer, idle } = meetRawPeer("server");
    peer.sendText("a", "b");
    peer.sendClose(1000);
    peer.stream.end();
    await socket.closed;
    await idle();
    const messages: Message[] = [];
    for await (const message of socket) messages.push(message);
    assert.deepEqual(messages, ["a", "b"]);
    for await (const message of socket) assert.fail(String(message));
  });

  it("ends when the connection fails or drops, too", async () => {
    for (const how of ["fail", "drop", "terminate"] as const) {
      const { socket, peer, idle } = meetRawPeer("server");
      const iterator = socket[Symbol.asyncIterator]();
      const pending = iterator.next();
      if (how === "fail") peer.send({ opcode: 3 });
      else if (how === "drop") peer.stream.destroy();
      else socket.terminate();
      await idle();
      if (how === "fail") peer.stream.end();
      assert.deepEqual(await pending, { done: true, value: undefined });
      assert.deepEqual(await iterator.next(), { done: true, value: undefined });
    }
  });

  it("serves several calls of next at once, in their order", async () => {
    const { socket, peer } = meetRawPeer("server");
    const iterator = socket[Symbol.asyncIterator]();
    const results = [iterator.next(), iterator.next(), iterator.next(), iterator.next()];
    peer.sendText("a", "b", "c");
    peer.stream.end();
    assert.deepEqual(
      (await Promise.all(results)).map(({ value }) => value),
      ["a", "b", "c", undefined],
    );
  });

  it("leaves nobody waiting, and takes no message any more, when the iterator was returned", async () => {
    const { socket, peer, idle } = meetRawPeer("server");
    const iterator = socket[Symbol.asyncIterator]();
    const pending = iterator.next();
    await iterator.return?.();
    assert.deepEqual(await pending, { done: true, value: undefined });
    peer.sendText("a");
    await idle();
    assert.deepEqual(await iterator.next(), { done: true, value: undefined });
    const second = socket[Symbol.asyncIterator]();
    await iterator.return?.();
    assert.deepEqual(await second.next(), { done: false, value: "a" });
  });

  it("lets the peer's Close frame be answered whether or not messages were taken", async () => {
    const { socket, peer, idle } = meetRawPeer("server");
    peer.sendText("a");
    peer.sendClose(1000);
    await idle();
    assert.deepEqual(peer.lines, ["close 1000"]);
    assert.equal(socket.send("late").ok, false);
  });
});
