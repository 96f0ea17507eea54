/**
 * The client on Node over a real connection.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { serve } from "#src/index.js";
import { createClient } from "#src/realtime/client/node/index.js";
import { call, contract, unchecked } from "#src/realtime/contract/index.js";
import { msgpackCodec } from "#src/realtime/msgpack/index.js";
import { type Codec, clientFrames, FrameFault, jsonCodec, readMessage } from "#src/realtime/wire/index.js";

const api = contract({ calls: { double: call({ input: unchecked<number>(), output: unchecked<number>() }) } });

/** A server that doubles numbers. */
async function doubling(codec: Codec) {
  return await serve({
    port: 0,
    host: "127.0.0.1",
    accept: () => ({ protocol: codec.subprotocol }),
    message(socket, message) {
      for (const frame of readMessage(codec, message, clientFrames)) {
        assert.ok(!(frame instanceof FrameFault));
        const session = { session: "s", user: null, timeMs: Date.now(), pingMs: 25_000, maxMessageBytes: 65_536 };
        if (frame[0] === "hello") socket.send(codec.encode(["welcome", session]));
        else if (frame[0] === "ping") socket.send(codec.encode(["ok", frame[1], Date.now()]));
        else if (frame[0] === "call") socket.send(codec.encode(["ok", frame[1], Number(frame[3]) * 2]));
      }
    },
  });
}

describe("openline/realtime/client on Node", () => {
  for (const codec of [jsonCodec, msgpackCodec]) {
    it(`speaks ${codec.subprotocol} over a connection, and over the next one`, async () => {
      const server = await doubling(codec);
      const client = createClient(api, server.url, { codecs: [msgpackCodec, jsonCodec] });
      assert.equal(await client.call("double", 21), 42);
      for (const socket of server.sockets) socket.terminate();
      client.reconnectNow();
      assert.equal(await client.call("double", 4, { idempotencyKey: "k" }), 8);
      assert.ok(Math.abs((client.serverTimeMs() ?? 0) - Date.now()) < 60_000);
      assert.equal((await client.close()).why, "closed");
      await server.close();
    });
  }

  it("is over where the URL is none", async () => {
    const client = createClient("nonsense");
    const { why, loss } = await client.closed;
    assert.equal(why, "refused");
    assert.ok(loss?.kind === "attempt-failed");
    assert.equal((loss.error as { code?: unknown }).code, "url-invalid");
  });
});
