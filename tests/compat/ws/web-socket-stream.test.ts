import assert from "node:assert/strict";
import { once } from "node:events";
import type { Duplex } from "node:stream";
import { describe, it } from "node:test";
import { createWebSocketStream } from "#src/compat/ws/index.js";
import { openClient, openPair, openRawClient, openServer, urlOf } from "../../support/ws-pairs.js";

async function textOf(stream: Duplex): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

describe("createWebSocketStream", () => {
  it("is a stream in both directions, that waits for the connection", async (test) => {
    const server = await openServer(test);
    server.on("connection", (socket) => {
      const stream = createWebSocketStream(socket);
      stream.pipe(stream);
    });
    const stream = createWebSocketStream(openClient(test, urlOf(server)), { encoding: "utf8" });
    let received = "";
    stream.on("data", (chunk: string) => (received += chunk));
    stream.write("hello ");
    stream.write(Buffer.from("wor"));
    stream.write("6c64", "hex");
    while (received.length < 11) await once(stream, "data");
    assert.equal(received, "hello world");
    stream.end();
    await once(stream, "close");
  });

  it("ends when the peer closes, and finishes by closing", async (test) => {
    const { client, socket } = await openPair(test);
    const stream = createWebSocketStream(client);
    stream.end("x");
    const [code] = await Promise.all([once(socket, "close"), textOf(stream), once(stream, "finish")]);
    assert.equal(code[0], 1005);
    const second = await openPair(test);
    const other = createWebSocketStream(second.client);
    const text = textOf(other);
    second.socket.send("all of it");
    second.socket.close(1000);
    assert.equal(await text, "all of it");
    const finished = once(other, "finish");
    other.end();
    await finished;
  });

  it("gives text as strings in readableObjectMode", async (test) => {
    const { client, socket } = await openPair(test);
    const stream = createWebSocketStream(client, { readableObjectMode: true });
    socket.send("text");
    socket.send(Buffer.from("octets"));
    const chunks: unknown[] = [];
    for await (const chunk of stream) if (chunks.push(chunk) === 2) break;
    assert.deepEqual(chunks, ["text", Buffer.from("octets")]);
  });

  it("stops reading while nobody reads it", async (test) => {
    const { client, socket } = await openPair(test);
    const stream = createWebSocketStream(client, { readableHighWaterMark: 10 });
    socket.send("x".repeat(20));
    await once(client, "message");
    assert.equal(client.isPaused, true);
    stream.resume();
    await once(stream, "data");
    assert.equal(client.isPaused, false);
    stream.destroy();
    await once(stream, "close");
  });

  it("cuts the connection when it is destroyed", async (test) => {
    const { client, socket } = await openPair(test);
    const stream = createWebSocketStream(client);
    const errors: Error[] = [];
    stream.on("error", (error) => errors.push(error));
    const closed = once(socket, "close");
    stream.destroy(new Error("enough"));
    assert.equal((await closed)[0], 1006);
    if (!stream.closed) await once(stream, "close");
    assert.deepEqual(
      errors.map(({ message }) => message),
      ["enough"],
    );
  });

  it("tells what comes of a connection that it was destroyed for", async (test) => {
    const server = await openServer(test);
    for (const reason of [undefined, new Error("enough")]) {
      const stream = createWebSocketStream(openClient(test, urlOf(server)));
      const failed = new Promise<Error>((resolve) => stream.on("error", resolve));
      const closed = new Promise<undefined>((resolve) => stream.on("close", () => resolve(undefined)));
      stream.destroy(reason);
      const error = await Promise.race([failed, closed]);
      assert.equal(error?.message, "WebSocket was closed before the connection was established");
      await closed;
    }
  });

  it("fails with the connection, whose Close frame is still sent", async (test) => {
    const { socket, peer } = await openRawClient(test);
    const stream = createWebSocketStream(socket);
    const failed = new Promise<Error>((resolve) => stream.on("error", resolve));
    const closed = once(stream, "close").catch(() => undefined);
    peer.send({ opcode: 3 });
    await peer.untilFrames(1);
    assert.deepEqual(peer.lines, ["close 1002"]);
    peer.stream.end();
    assert.match((await failed).message, /invalid opcode 3/u);
    await closed;
  });

  it("fails where the connection does not come about", async (test) => {
    const server = await openServer(test, { path: "/there" });
    const stream = createWebSocketStream(openClient(test, urlOf(server, "/elsewhere")));
    stream.end("x");
    const [error] = (await once(stream, "error")) as [Error];
    assert.equal(error.message, "Unexpected server response: 400");
  });
});
