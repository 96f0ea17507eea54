import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Message } from "#src/socket/index.js";
import type { Role } from "../support/endpoints.js";
import { deferred, meetEachOther, meetRawPeer } from "../support/endpoints.js";
import { seededIntegers } from "../support/patterns.js";

const roles: readonly Role[] = ["server", "client"];

for (const role of roles) {
  describe(`an async message handler at a ${role}`, () => {
    it("is awaited before the next message is delivered", async () => {
      const gates = [deferred(), deferred(), deferred()];
      const begun: string[] = [];
      const { peer, idle } = meetRawPeer(role, {
        async message(_socket, message) {
          begun.push(String(message));
          await gates[begun.length - 1]?.promise;
        },
      });
      peer.sendText("a", "b", "c");
      await idle();
      assert.deepEqual(begun, ["a"]);
      gates[0]?.resolve();
      await idle();
      assert.deepEqual(begun, ["a", "b"]);
      gates[1]?.resolve();
      await idle();
      assert.deepEqual(begun, ["a", "b", "c"]);
    });

    it("stops reading at a bounded amount while it runs, and the peer feels it", async () => {
      const gate = deferred();
      const handled: number[] = [];
      const { peer, stream, idle } = meetRawPeer(
        role,
        {
          maxInboxBytes: 10_000,
          message: (_socket, message) => {
            handled.push(message.length);
            return gate.promise;
          },
        },
        { capacityBytes: 10_000 },
      );
      for (let index = 0; index < 100; index++) peer.sendText("x".repeat(1000));
      await idle();
      assert.equal(handled.length, 1);
      assert.equal(stream.isPaused, true);
      // One at the handler, ten in the inbox, ten under way, and what was read when it paused.
      assert.ok(peer.unsentBytes > 60_000, `${peer.unsentBytes} octets are still at the peer`);
      gate.resolve();
      await idle();
      assert.equal(handled.length, 100);
      assert.equal(stream.isPaused, false);
      assert.equal(peer.unsentBytes, 0);
    });

    it("answers a ping that was held back, even where reading stops again right behind it (§5.5.2)", async () => {
      const gates = [deferred(), deferred(), deferred()];
      let begun = 0;
      const { peer, idle } = meetRawPeer(role, { maxInboxBytes: 1, message: () => gates[begun++]?.promise });
      peer.send(
        { opcode: 1, payload: "a" },
        { opcode: 1, payload: "b" },
        { opcode: 9, payload: "still there?" },
        { opcode: 1, payload: "c" },
        { opcode: 1, payload: "d" },
      );
      await idle();
      gates[0]?.resolve();
      gates[1]?.resolve();
      await idle();
      assert.equal(begun, 3);
      assert.deepEqual(
        peer.frames.map(({ opcode }) => opcode),
        [10],
      );
    });

    it("holds back the rest of a chunk, too, however many messages are in it", async () => {
      const gate = deferred();
      let handled = 0;
      const { peer, stream, idle } = meetRawPeer(role, {
        maxInboxBytes: 1000,
        message: () => {
          handled++;
          return gate.promise;
        },
      });
      peer.sendText(...Array.from({ length: 5000 }, () => ""));
      await idle();
      assert.equal(handled, 1);
      assert.equal(stream.isPaused, true);
      gate.resolve();
      await idle();
      assert.equal(handled, 5000);
    });

    it("does not stop reading for messages that no handler is late with", async () => {
      let handled = 0;
      const { peer, stream, idle } = meetRawPeer(role, { maxInboxBytes: 0, message: () => ++handled });
      peer.sendText(...Array.from({ length: 1000 }, () => "message"));
      await idle();
      assert.equal(handled, 1000);
      assert.equal(stream.isPaused, false);
    });
  });
}

describe("the order of messages", () => {
  it("is exact, whatever the handlers' delays, the pieces they arrive in and the bounds", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          texts: fc.array(fc.string({ maxLength: 300 }), { minLength: 1, maxLength: 60 }),
          seed: fc.nat(),
          maxInboxBytes: fc.constantFrom(0, 200, 1000, 65_536),
          maxChunk: fc.constantFrom(1, 7, 100, 65_536),
          role: fc.constantFrom<Role>("server", "client"),
          endsAbruptly: fc.boolean(),
        }),
        async ({ texts, seed, maxInboxBytes, maxChunk, role, endsAbruptly }) => {
          const integer = seededIntegers(seed);
          const handled: Message[] = [];
          let running = 0;
          let closedAfter = -1;
          const { peer, platform, idle } = meetRawPeer(
            role,
            {
              maxInboxBytes,
              message: (_socket, message) => {
                assert.equal(running, 0, "two handlers at once");
                const delayMs = integer(0, 3) - 1;
                const done = (): void => void handled.push(message);
                if (delayMs < 0) {
                  done();
                  return undefined;
                }
                running++;
                return new Promise<void>((resolve) => {
                  platform.clock.setTimer(() => {
                    running--;
                    done();
                    resolve();
                  }, delayMs);
                });
              },
              close: () => {
                closedAfter = handled.length;
              },
            },
            { nextChunkBytes: () => integer(1, maxChunk), capacityBytes: integer(1, 2000) },
          );
          for (const text of texts) peer.sendText(text);
          while (handled.length < texts.length) {
            await idle();
            if (endsAbruptly && peer.unsentBytes === 0) peer.stream.end();
            platform.clock.advance(1);
          }
          assert.deepEqual(
            handled,
            texts.map((text) => Buffer.from(text).toString()),
          );
          if (!endsAbruptly) return;
          peer.stream.end();
          await idle();
          assert.equal(closedAfter, texts.length);
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe("a server and a peer that does not read", () => {
  it("does not read on, and goes on when the peer does", async () => {
    let handled = 0;
    const { peer, stream, socket, idle } = meetRawPeer(
      "server",
      {
        highWaterMarkBytes: 1000,
        message: (self, message) => {
          handled++;
          self.send(message);
        },
      },
      { capacityBytes: 5000 },
    );
    peer.stream.pause();
    const count = 500;
    for (let index = 0; index < count; index++) peer.sendText("x".repeat(100));
    await idle();
    assert.equal(stream.isPaused, true);
    assert.ok(handled < count / 2, `${handled} of ${count} were handled`);
    assert.ok(socket.bufferedBytes < 30_000, `${socket.bufferedBytes} octets are buffered`);
    peer.stream.resume();
    await idle();
    assert.equal(handled, count);
    assert.equal(peer.frames.length, count);
    assert.equal(stream.isPaused, false);
    assert.equal(socket.bufferedBytes, 0);
  });

  it("does not read on either where each answer is small, or comes later", async () => {
    let handled = 0;
    const { peer, stream, idle } = meetRawPeer(
      "server",
      {
        highWaterMarkBytes: 1000,
        async message(self, message) {
          handled++;
          await Promise.resolve();
          self.send(message);
        },
      },
      { capacityBytes: 500, nextChunkBytes: (available) => Math.min(available, 50) },
    );
    peer.stream.pause();
    for (let index = 0; index < 500; index++) peer.sendText("x".repeat(40));
    await idle();
    assert.equal(stream.isPaused, true);
    assert.ok(handled < 100, `${handled} were handled`);
    peer.stream.resume();
    await idle();
    assert.equal(handled, 500);
    assert.equal(peer.frames.length, 500);
  });

  it("owes it only the latest pong (§5.5.3)", async () => {
    const { peer, socket, idle } = meetRawPeer("server", { highWaterMarkBytes: 1_000_000 }, { capacityBytes: 10 });
    peer.stream.pause();
    socket.send("stuck");
    socket.send("stuck");
    await idle();
    const before = socket.bufferedBytes;
    for (let index = 0; index < 1000; index++) peer.send({ opcode: 9, payload: String(index) });
    await idle();
    assert.ok(socket.bufferedBytes - before < 200, `${socket.bufferedBytes - before} octets of pongs`);
    peer.stream.resume();
    await idle();
    assert.equal(peer.lines.at(-1), `pong ${Buffer.from("999").toString("hex")}`);
  });
});

describe("two ends that flood each other", () => {
  const count = 400;
  const text = "x".repeat(500);

  for (const echo of [false, true]) {
    it(`both get everything${echo ? ", and all of it echoed" : ""}, though each waits for room`, async () => {
      const received = { server: 0, client: 0 };
      const setup = (name: "server" | "client") => ({
        highWaterMarkBytes: 1000,
        maxInboxBytes: 1000,
        message: () => ++received[name],
      });
      const { server, client } = meetEachOther(
        {
          server: {
            ...setup("server"),
            message: (socket, message) => {
              received.server++;
              if (echo) socket.send(message);
            },
          },
          client: setup("client"),
        },
        { capacityBytes: 3000 },
      );
      const flood = async (socket: typeof server): Promise<void> => {
        for (let index = 0; index < count; index++) {
          assert.equal(socket.send(text).ok, true);
          await socket.ready();
        }
      };
      await Promise.all([flood(server), flood(client)]);
      await client.close();
      assert.deepEqual(received, { server: count, client: echo ? count * 2 : count });
      assert.equal(server.bufferedBytes, 0);
      assert.equal(client.bufferedBytes, 0);
    });
  }
});
