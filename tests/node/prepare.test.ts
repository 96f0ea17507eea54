import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Message, Socket } from "#src/index.js";
import { connect, prepare, serve } from "#src/index.js";

async function take(socket: Socket, count: number): Promise<Message[]> {
  const messages: Message[] = [];
  for await (const message of socket) {
    messages.push(message);
    if (messages.length === count) break;
  }
  return messages;
}

describe("prepare()", () => {
  it("makes a message that servers and clients send, and that a server publishes", async (t) => {
    const text = prepare("tëxt");
    const octets = Uint8Array.from({ length: 100_000 }, (_, index) => index % 251);
    const binary = prepare(octets);
    const expected = ["tëxt", octets.slice()];
    octets.fill(0);
    const received: Message[] = [];
    const server = await serve({
      port: 0,
      host: "127.0.0.1",
      open(socket) {
        socket.subscribe("news");
        for (const message of [text, binary]) socket.send(message);
      },
      message: (_socket, message) => {
        received.push(message);
        if (received.length < 2) return;
        for (const again of [text, binary]) server.publish("news", again);
      },
    });
    t.after(() => server.close());
    const socket = await connect(server.url);
    assert.deepEqual(await take(socket, 2), expected);
    for (const message of [text, binary]) assert.equal(socket.send(message).ok, true);
    assert.deepEqual(await take(socket, 2), expected);
    assert.deepEqual(received, expected);
    await socket.close();
  });

  it("takes what can be sent, and nothing else", () => {
    assert.deepEqual([prepare("").type, prepare("").byteLength], ["text", 0]);
    assert.equal(prepare(new ArrayBuffer(3)).type, "binary");
    assert.throws(() => prepare(5 as unknown as string), { name: "UsageError", code: "invalid-argument" });
  });
});
