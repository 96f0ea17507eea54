import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { describe, it } from "node:test";
import type { Message, ServeOptions, Server } from "#src/index.js";
import { serve, WebSocketError, WebSocketStream } from "#src/index.js";
import { replying, serveRaw } from "../support/raw-http.js";

async function start(t: TestContext, options: Partial<ServeOptions> = {}): Promise<Server> {
  const server = await serve({
    port: 0,
    host: "127.0.0.1",
    message: (socket, message) => void socket.send(message),
    ...options,
  });
  t.after(() => server.close());
  return server;
}

describe("WebSocketStream on Node", () => {
  it("connects, says what was agreed on, and carries messages both ways", async (t) => {
    const server = await start(t, { accept: ({ protocols }) => ({ protocol: protocols[1] }) });
    const wss = new WebSocketStream(server.url, { protocols: ["a", "b"] });
    const { readable, writable, protocol, extensions } = await wss.opened;
    assert.equal(protocol, "b");
    assert.match(extensions, /^permessage-deflate/u);
    const sent: (string | Uint8Array)[] = [
      "text",
      Uint8Array.of(1, 2, 3),
      "x".repeat(100_000),
      new Uint8Array(100_000),
    ];
    const writer = writable.getWriter();
    for (const message of sent) await writer.write(message);
    const received: Message[] = [];
    for await (const message of readable) {
      received.push(message);
      if (received.length === sent.length) break;
    }
    assert.deepEqual(received, sent);
    // Leaving the loop has cancelled the readable.
    assert.deepEqual(await wss.closed, { closeCode: 1005, reason: "" });
  });

  it("carries a stream through transforms to the server and back", async (t) => {
    const server = await start(t, {
      message(socket, message) {
        if (message === "end") void socket.close();
        else socket.send(message);
      },
    });
    const { readable, writable } = await new WebSocketStream(server.url).opened;
    const octets = new Uint8Array(3_000_000).map((_, index) => index % 251);
    const zipped = new Blob([octets]).stream().pipeThrough(new CompressionStream("gzip"));
    const sending = zipped.pipeTo(writable, { preventClose: true });
    const unzip = new DecompressionStream("gzip");
    const unzipped = new Response(unzip.readable).arrayBuffer();
    const unzipping = readable.pipeTo(unzip.writable as WritableStream<Message>, { preventCancel: true });
    await sending;
    await writable.getWriter().write("end");
    await unzipping;
    assert.ok(Buffer.from(await unzipped).equals(octets));
  });

  it("copies what is written, also where it waits to be compressed", async (t) => {
    const server = await start(t);
    const { readable, writable } = await new WebSocketStream(server.url).opened;
    const writer = writable.getWriter();
    const reader = readable.getReader();
    await writer.write("first");
    await reader.read();
    const octets = new Uint8Array(200_000).fill(1);
    const writing = writer.write(octets);
    octets.fill(2);
    await writing;
    const { value } = await reader.read();
    assert.ok(value instanceof Uint8Array && value.every((octet) => octet === 1));
  });

  it("rejects with a WebSocketError that tells why there is no connection", async (t) => {
    const server = await start(t, { accept: () => new Response(null, { status: 403 }) });
    const error: unknown = await new WebSocketStream(server.url).opened.catch((reason: unknown) => reason);
    assert.ok(error instanceof WebSocketError);
    assert.equal((error.cause as { status?: number }).status, 403);
  });

  it("gives up a handshake that takes too long for its signal", async (t) => {
    const port = await serveRaw(
      t,
      replying(() => ""),
    );
    const signal = AbortSignal.timeout(10);
    const wss = new WebSocketStream(`ws://127.0.0.1:${String(port)}/`, { signal });
    await assert.rejects(wss.opened, { name: "TimeoutError" });
    await assert.rejects(wss.closed, { name: "TimeoutError" });
  });

  it("never gives an unhandled rejection, whoever looks at closed", async (t) => {
    const server = await start(t, { open: (socket) => socket.terminate() });
    const rejections: unknown[] = [];
    const note = (reason: unknown): number => rejections.push(reason);
    process.on("unhandledRejection", note);
    t.after(() => process.off("unhandledRejection", note));
    const wss = new WebSocketStream(server.url);
    await wss.opened.catch(() => undefined);
    await wss.closed.catch(() => undefined);
    new WebSocketStream("ws://127.0.0.1:1/").close();
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(rejections, []);
  });
});
