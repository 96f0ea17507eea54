/**
 * Streamed messages over real connections.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectNet } from "node:net";
import { describe, it } from "node:test";
import type { Message } from "#src/index.js";
import { connect, serve } from "#src/index.js";
import { LineProcess } from "../support/line-process.js";
import { patternedBytes } from "../support/patterns.js";

const MiB = 1024 * 1024;
// `STREAMED_MIB=4096 npm test -- tests/node/serve.send-stream` for more.
const streamedMebibytes = Number(process.env["STREAMED_MIB"] ?? 256);

const request = [
  "GET / HTTP/1.1",
  "Host: 127.0.0.1",
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "Sec-WebSocket-Version: 13",
  "",
  "",
].join("\r\n");

describe("a message of any size", () => {
  it("takes no memory of the server that streams it to a slow reader", async (t) => {
    const script = new URL("../support/send-stream-process.js", import.meta.url);
    const server = LineProcess.start(t, script, String(streamedMebibytes));
    const { port } = await server.next("port");
    const client = connectNet(Number(port), "127.0.0.1");
    await once(client, "connect");
    client.write(request);
    let received = 0;
    let fragments = 0;
    // A reader that stops after each piece, and lets a turn pass.
    client.on("data", (piece) => {
      received += piece.byteLength;
      fragments++;
      client.pause();
      setImmediate(() => client.resume());
    });
    const { grownBytes } = await server.next("grownBytes");
    while (received < streamedMebibytes * MiB) await once(client, "data");
    client.destroy();
    assert.ok(fragments > 100);
    assert.ok(Number(grownBytes) < 48 * MiB, `${String(grownBytes)} octets more were resident`);
  });

  it("comes through compression and masking, with others in order around it, over every transport", async () => {
    const bytes = patternedBytes(3 * MiB);
    const chunks = function* (): Generator<Uint8Array> {
      for (let at = 0; at < bytes.byteLength; at += 100_000) yield bytes.subarray(at, at + 100_000);
    };
    for (const transport of ["auto", "net"] as const) {
      const received: Message[] = [];
      let done: () => void = () => undefined;
      const complete = new Promise<void>((resolve) => (done = resolve));
      const server = await serve({
        port: 0,
        transport,
        message: async (socket, message) => {
          // Back again, as a stream.
          await socket.sendStream(typeof message === "string" ? [message] : [message]);
        },
      });
      const socket = await connect(server.url, {
        message: (_socket, message) => {
          received.push(message);
          if (received.length === 3) done();
        },
      });
      socket.send("before");
      const streamed = socket.sendStream(chunks());
      socket.send("after");
      await streamed;
      await complete;
      assert.deepEqual([received[0], received[2]], ["before", "after"]);
      assert.equal(Buffer.compare(Buffer.from(received[1] as Uint8Array), bytes), 0);
      await server.close();
    }
  });
});
