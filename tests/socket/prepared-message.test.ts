import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { PreparedMessage, prepareMessage } from "#src/socket/index.js";
import { nodeText } from "#src/transport/node/index.js";
import type { Role } from "../support/endpoints.js";
import { meetRawPeer } from "../support/endpoints.js";
import { hexOf } from "../support/octets.js";
import { patternedBytes } from "../support/patterns.js";

const roles: readonly Role[] = ["server", "client"];

describe("a prepared message", () => {
  it("tells what it will be received as, and how long it is", () => {
    const text = prepareMessage("tëxt", nodeText);
    assert.ok(text instanceof PreparedMessage);
    assert.deepEqual([text.type, text.byteLength], ["text", 5]);
    const binary = prepareMessage(new Uint8Array(70_000), nodeText);
    assert.deepEqual([binary.type, binary.byteLength], ["binary", 70_000]);
  });

  it("is made of what can be sent, and of nothing else", () => {
    const { buffer } = Uint8Array.of(1, 2, 3, 4);
    for (const data of [buffer, new DataView(buffer, 1, 3), new Uint16Array(buffer)]) {
      assert.equal(prepareMessage(data, nodeText).byteLength, data.byteLength);
    }
    for (const wrong of [5, null, undefined, {}, ["a"], prepareMessage("a", nodeText)]) {
      assert.throws(() => prepareMessage(wrong as string, nodeText), { name: "UsageError", code: "invalid-argument" });
    }
  });
});

for (const role of roles) {
  describe(`a prepared message sent by a ${role}`, () => {
    it("is the same as if it had been sent as it was, in order with everything else", async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(
            fc.tuple(
              fc.boolean(),
              fc.oneof(
                fc.string({ unit: "grapheme" }),
                fc.uint8Array({ maxLength: 300 }),
                fc.integer({ min: 0, max: 70_000 }).map((length) => patternedBytes(length, length)),
              ),
            ),
            { maxLength: 12 },
          ),
          async (messages) => {
            const { socket, peer, idle } = meetRawPeer(role);
            for (const [isPrepared, data] of messages) socket.send(isPrepared ? prepareMessage(data, nodeText) : data);
            await idle();
            assert.deepEqual(
              peer.frames.map(({ opcode, payload }) => [opcode, hexOf(payload)]),
              messages.map(([, data]) => [typeof data === "string" ? 1 : 2, hexOf(Buffer.from(data))]),
            );
            assert.ok(peer.frames.every(({ isMasked }) => isMasked === (role === "client")));
          },
        ),
        { numRuns: 30 },
      );
    });

    it("is what it was when it was prepared, any number of times", async () => {
      const data = patternedBytes(20_000);
      const before = data.slice();
      const message = prepareMessage(data, nodeText);
      data.fill(0);
      const { socket, peer, idle } = meetRawPeer(role);
      for (let count = 0; count < 3; count++) assert.deepEqual(socket.send(message), { ok: true, status: "sent" });
      await idle();
      assert.equal(peer.frames.length, 3);
      for (const { payload } of peer.frames) assert.equal(Buffer.compare(payload, before), 0);
      const keys = new Set(peer.frames.map(({ key }) => (key === undefined ? "none" : hexOf(key))));
      // §5.3: a client masks each frame with a new key.
      assert.equal(keys.size, role === "client" ? 3 : 1);
    });

    it("is refused as any other is", async () => {
      const { socket } = meetRawPeer(role);
      void socket.close();
      assert.deepEqual(socket.send(prepareMessage("late", nodeText)), {
        ok: false,
        status: "refused",
        reason: "closing",
      });
      socket.terminate();
      await socket.closed;
      assert.deepEqual(socket.send(prepareMessage("later", nodeText)), {
        ok: false,
        status: "refused",
        reason: "closed",
      });
    });
  });
}
