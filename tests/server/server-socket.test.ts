import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ServerOptions, ServerSocket } from "#src/server/index.js";
import { ServerCore } from "#src/server/index.js";
import { deferred } from "../support/endpoints.js";
import { createFakePlatform } from "../support/fake-platform.js";
import { upgrade } from "../support/upgrades.js";

async function meet(options: ServerOptions = {}) {
  const core = new ServerCore<undefined>({ message: () => undefined, ...options }, createFakePlatform());
  const { idle, switchProtocols } = upgrade(core);
  await idle();
  const [socket] = core.sockets;
  assert.ok(socket !== undefined);
  return { core, socket, idle, peer: switchProtocols() };
}

describe("a server's socket", () => {
  it("subscribes to the topics of its server, and tells which", async () => {
    const { core, socket, peer, idle } = await meet();
    assert.deepEqual([...socket.topics], []);
    assert.equal(socket.subscribe("a"), true);
    assert.equal(socket.subscribe("b"), true);
    assert.equal(socket.subscribe("a"), false);
    assert.deepEqual([...socket.topics], ["a", "b"]);
    core.topics.publish("a", "hello", undefined);
    assert.equal(socket.unsubscribe("a"), true);
    assert.equal(socket.unsubscribe("a"), false);
    core.topics.publish("a", "too late", undefined);
    await idle();
    assert.deepEqual(peer.lines, ["text hello"]);
    assert.deepEqual([...socket.topics], ["b"]);
  });

  it("may end its subscriptions while it goes through them", async () => {
    const { core, socket } = await meet();
    for (const topic of ["a", "b", "c"]) socket.subscribe(topic);
    for (const topic of socket.topics) socket.unsubscribe(topic);
    assert.deepEqual([...socket.topics], []);
    assert.equal(core.topics.subscriberCount("b"), 0);
  });

  it("subscribes to no more than maxTopicsPerSocket", async () => {
    const { socket } = await meet({ maxTopicsPerSocket: 1 });
    socket.subscribe("a");
    assert.throws(() => socket.subscribe("b"), { code: "too-many-topics", limit: 1 });
  });

  it("subscribes to no name longer than maxTopicLength", async () => {
    const { socket } = await meet({ maxTopicLength: 1 });
    assert.throws(() => socket.subscribe("ab"), { code: "topic-too-long", limit: 1 });
    assert.equal(socket.subscribe("a"), true);
  });

  it("subscribes to nothing that is no string", async () => {
    const { socket } = await meet();
    assert.throws(() => socket.subscribe(5 as unknown as string), { code: "invalid-argument" });
  });

  it("has nothing to do with the topics of another server", async () => {
    const [one, other] = [await meet(), await meet()];
    one.socket.subscribe("a");
    assert.deepEqual(other.core.topics.publish("a", "hello", undefined), { delivered: 0, refused: 0 });
  });

  it("is left out of every topic when it is over, by whichever end, and cannot subscribe any more", async () => {
    for (const end of ["terminate", "peer", "close"] as const) {
      const topicsAtClose: string[][] = [];
      const again: boolean[] = [];
      const { core, socket, peer, idle } = await meet({
        close: (self) => {
          topicsAtClose.push([...self.topics]);
          again.push(self.subscribe("a"));
        },
      });
      socket.subscribe("a");
      if (end === "terminate") {
        socket.terminate();
      } else if (end === "peer") {
        peer.stream.destroy();
      } else {
        void socket.close();
        // Until the connection is over it may still be subscribed; nothing is sent to it.
        assert.equal(socket.subscribe("b"), true);
        await idle();
        peer.sendClose();
        peer.stream.end();
      }
      await idle();
      assert.deepEqual(topicsAtClose, [[]]);
      assert.deepEqual(again, [false]);
      assert.equal(core.topics.subscriberCount("a"), 0);
      assert.equal(core.topics.subscriberCount("b"), 0);
      assert.equal(socket.subscribe("a"), false);
      assert.equal(socket.unsubscribe("a"), false);
      assert.equal(core.sockets.size, 0);
    }
  });

  it("cannot come back to a topic by messages that are handled after its end", async () => {
    const subscribed: boolean[] = [];
    const gate = deferred();
    const { core, peer, idle } = await meet({
      message: async (socket: ServerSocket, message) => {
        subscribed.push(socket.subscribe(String(message)));
        await gate.promise;
      },
    });
    peer.sendText("first", "second");
    await idle();
    peer.stream.destroy();
    await idle();
    gate.resolve();
    await idle();
    assert.deepEqual(subscribed, [true, false]);
    assert.equal(core.topics.subscriberCount("first"), 0);
    assert.equal(core.topics.subscriberCount("second"), 0);
  });
});
