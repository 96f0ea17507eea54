/**
 * Whose memory messages are in, and what happens to memory that is only lent. A stream's read buffer is played here by
 * memory that is overwritten as soon as the socket has read it.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Message, Socket } from "#src/socket/index.js";
import type { Role } from "../support/endpoints.js";
import { createEndpoint, deferred, meetRawPeer } from "../support/endpoints.js";
import { hexOf } from "../support/octets.js";
import { patternedBytes } from "../support/patterns.js";

const roles: readonly Role[] = ["server", "client"];

type Receiver = ReturnType<typeof meetRawPeer>["socket"];

/** Reads octets from memory that is used again afterwards. */
function readInto(socket: Receiver, octets: Uint8Array): ArrayBufferLike {
  const readBuffer = new Uint8Array(octets.byteLength + 100).fill(0xee);
  readBuffer.set(octets, 50);
  socket.streamReceived(readBuffer, 50, 50 + octets.byteLength);
  readBuffer.fill(0xee);
  return readBuffer.buffer;
}

const long = patternedBytes(40_000);

for (const role of roles) {
  describe(`a ${role}'s messages in memory of their own`, () => {
    it("are the default: they stay as they are, and their memory holds nothing else", async () => {
      const messages: Message[] = [];
      const { socket, peer, idle } = meetRawPeer(role, { message: (_socket, message) => messages.push(message) });
      readInto(socket, peer.encode({ opcode: 2, payload: long }));
      readInto(socket, peer.encode({ opcode: 2, payload: "short" }));
      await idle();
      const [first, second] = messages as Uint8Array[];
      assert.equal(Buffer.compare(first as Uint8Array, long), 0);
      assert.equal(first?.buffer.byteLength, long.byteLength);
      assert.equal(hexOf(second as Uint8Array), Buffer.from("short").toString("hex"));
      assert.equal(second?.buffer.byteLength, 5);
    });

    it("can be sent on as they are, also in fragments (§5.4), with nothing around them", async () => {
      const { socket, peer, idle } = meetRawPeer(role, {
        message: (self, message) => self.send((message as Uint8Array).buffer),
      });
      peer.send({ opcode: 2, payload: "ab", fin: false }, { opcode: 0, payload: "cd" });
      await idle();
      assert.deepEqual(
        peer.frames.map(({ payload }) => hexOf(payload)),
        ["61626364"],
      );
      assert.equal(socket.readyState, "open");
    });
  });

  describe(`a ${role}'s messages in lent memory`, () => {
    it("lie where they were read, and only there", () => {
      const buffers: unknown[] = [];
      const { socket, peer } = meetRawPeer(role, {
        messageMemory: "lent",
        message: (_socket, message) => {
          assert.ok(message instanceof Uint8Array);
          assert.equal(Buffer.compare(message, long), 0);
          buffers.push(message.buffer);
        },
      });
      const read = readInto(socket, peer.encode({ opcode: 2, payload: long }));
      assert.deepEqual(buffers, [read]);
    });

    for (const [name, send] of [
      ["whole", (socket: Socket, message: Uint8Array) => socket.send(message)],
      ["in part", (socket: Socket, message: Uint8Array) => socket.send(message.subarray(100, 30_000))],
      [
        "as another view",
        (socket: Socket, { buffer, byteOffset, byteLength }: Uint8Array) =>
          socket.send(new DataView(buffer, byteOffset, byteLength)),
      ],
    ] as const) {
      it(`are copied where they are sent ${name} from within the handler`, async () => {
        const { socket, peer, idle } = meetRawPeer(role, {
          messageMemory: "lent",
          message: (self, message) => send(self, message as Uint8Array),
        });
        readInto(socket, peer.encode({ opcode: 2, payload: long }));
        await idle();
        const expected = name === "in part" ? long.subarray(100, 30_000) : long;
        assert.equal(Buffer.compare(peer.frames[0]?.payload as Uint8Array, expected), 0);
      });
    }

    it("are messages of their own where they have to wait", async () => {
      const gate = deferred();
      const messages: Message[] = [];
      const { socket, peer, idle } = meetRawPeer(role, {
        messageMemory: "lent",
        message: (_socket, message) => {
          messages.push(typeof message === "string" ? message : message.slice());
          return gate.promise;
        },
      });
      readInto(socket, Buffer.concat([1, 2].map((octet) => peer.encode({ opcode: 2, payload: Uint8Array.of(octet) }))));
      gate.resolve();
      await idle();
      assert.deepEqual(messages, [Uint8Array.of(1), Uint8Array.of(2)]);
    });

    it("are messages of their own for an iterator", async () => {
      const { socket, peer } = meetRawPeer(role, { messageMemory: "lent" });
      const next = socket[Symbol.asyncIterator]().next();
      readInto(socket, peer.encode({ opcode: 2, payload: long }));
      const { value } = await next;
      assert.equal(Buffer.compare(value as Uint8Array, long), 0);
    });

    it("are no reason to copy anything else", async () => {
      const own = patternedBytes(40_000, 7);
      const { socket, peer, stream, idle } = meetRawPeer(role, {
        messageMemory: "lent",
        message: (self) => self.send(own),
      });
      const pieces: unknown[] = [];
      const write = stream.write.bind(stream);
      stream.write = (segments) => {
        pieces.push(...segments.map(({ buffer }) => buffer));
        return write(segments);
      };
      readInto(socket, peer.encode({ opcode: 2, payload: long }));
      await idle();
      // A client masks, and has to copy anyway.
      assert.equal(pieces.includes(own.buffer), role === "server");
    });
  });
}

describe("memory that one socket was lent", () => {
  it("is copied where it is sent on another", async () => {
    const receiver = meetRawPeer("server");
    const { stream, peer, idle } = meetRawPeer("client");
    const relay = createEndpoint("client", stream, receiver.platform, {
      messageMemory: "lent",
      message: (_socket, message) => receiver.socket.send(message),
    });
    relay.open();
    readInto(relay, peer.encode({ opcode: 2, payload: long }));
    await Promise.all([idle(), receiver.idle()]);
    assert.equal(Buffer.compare(receiver.peer.frames[0]?.payload as Uint8Array, long), 0);
  });

  it("may be lent within the time in which other memory is, and is copied after that, too", async () => {
    const receiver = meetRawPeer("server");
    const inner = meetRawPeer("client");
    const outer = meetRawPeer("client");
    const relayTo = (name: "inner" | "outer") => ({
      messageMemory: "lent" as const,
      message: (_socket: Socket, message: Message) => {
        if (name === "outer") readInto(second, inner.peer.encode({ opcode: 2, payload: long }));
        receiver.socket.send(message);
      },
    });
    const second = createEndpoint("client", inner.stream, receiver.platform, relayTo("inner"));
    const first = createEndpoint("client", outer.stream, receiver.platform, relayTo("outer"));
    const other = patternedBytes(20_000, 3);
    readInto(first, outer.peer.encode({ opcode: 2, payload: other }));
    await receiver.idle();
    const [one, two] = receiver.peer.frames;
    assert.equal(Buffer.compare(one?.payload as Uint8Array, long), 0);
    assert.equal(Buffer.compare(two?.payload as Uint8Array, other), 0);
    assert.equal(receiver.platform.pool.lentMemory, undefined);
  });
});
