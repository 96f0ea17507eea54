import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Message, SendData } from "#src/socket/index.js";
import { ConnectionClosedError } from "#src/socket/index.js";
import { meetEachOther, meetRawPeer } from "../support/endpoints.js";

async function rejection(promise: Promise<unknown>): Promise<Error> {
  return await promise.then(
    () => assert.fail("it was resolved"),
    (error: unknown) => error as Error,
  );
}

async function closedErrorOf(promise: Promise<unknown>): Promise<ConnectionClosedError> {
  const error = await rejection(promise);
  assert.ok(error instanceof ConnectionClosedError, String(error));
  return error;
}

async function all(readable: ReadableStream<Message>): Promise<Message[]> {
  const messages: Message[] = [];
  for await (const message of readable) messages.push(message);
  return messages;
}

describe("a socket as web streams", () => {
  it("carries messages both ways, each a chunk", async () => {
    const { socket, peer, idle } = meetRawPeer("server");
    const { readable, writable } = socket.toWebStreams();
    peer.sendText("é");
    peer.send({ opcode: 2, payload: Uint8Array.of(1) });
    const reader = readable.getReader();
    assert.deepEqual(await reader.read(), { done: false, value: "é" });
    assert.deepEqual(await reader.read(), { done: false, value: Uint8Array.of(1) });
    const writer = writable.getWriter();
    await writer.write("ü");
    await writer.write(new Uint8Array(3));
    await idle();
    assert.deepEqual(peer.lines, ["text ü", "binary 3"]);
  });

  it("is the one consumer of the messages", () => {
    const { socket } = meetRawPeer("server");
    socket.toWebStreams();
    assert.throws(() => socket.toWebStreams(), { code: "already-consumed" });
    const { socket: handled } = meetRawPeer("server", { message: () => undefined });
    assert.throws(() => handled.toWebStreams(), { code: "already-consumed" });
  });

  it("ends when the peer has closed with 1000, or without a code, and answers that", async () => {
    for (const body of [Uint8Array.of(3, 232), new Uint8Array(0)]) {
      const { socket, peer, idle } = meetRawPeer("server");
      const { readable, writable } = socket.toWebStreams();
      peer.sendText("a", "b");
      peer.send({ opcode: 8, payload: body });
      assert.deepEqual(await all(readable), ["a", "b"]);
      await idle();
      assert.deepEqual(peer.lines, ["close 1000"]);
      peer.stream.end();
      assert.equal((await socket.closed).outcome, "closed-by-peer");
      await closedErrorOf(writable.getWriter().closed);
    }
  });

  it("fails after the last message when the peer has closed with any other code", async () => {
    for (const code of [1001, 1011, 4000]) {
      const { socket, peer } = meetRawPeer("server");
      const { readable } = socket.toWebStreams();
      peer.sendText("a");
      peer.sendClose(code);
      const reader = readable.getReader();
      assert.equal((await reader.read()).value, "a");
      const reading = closedErrorOf(reader.read());
      await peer.untilFrames(1);
      assert.deepEqual(peer.lines, [`close ${String(code)}`]);
      peer.stream.end();
      assert.equal((await reading).report.code, code);
    }
  });

  it("fails after the last message when the connection breaks, and so does what is written", async () => {
    const { socket, peer, idle } = meetRawPeer("server");
    const { readable, writable } = socket.toWebStreams();
    peer.sendText("a");
    await idle();
    peer.stream.destroy();
    assert.equal((await closedErrorOf(writable.getWriter().closed)).report.code, 1006);
    const reader = readable.getReader();
    assert.equal((await reader.read()).value, "a");
    assert.equal((await closedErrorOf(reader.read())).report.outcome, "dropped");
  });

  it("waits for what is still to be said when the peer has closed (§5.5.1)", async () => {
    const { socket, peer, idle } = meetRawPeer("server");
    const { readable, writable } = socket.toWebStreams();
    const writer = writable.getWriter();
    peer.sendText("question");
    peer.sendClose();
    assert.deepEqual(await all(readable), ["question"]);
    await idle();
    assert.deepEqual(peer.lines, []);
    await writer.write("answer");
    const closing = writer.close();
    await peer.untilFrames(2);
    assert.deepEqual(peer.lines, ["text answer", "close 1000"]);
    peer.stream.end();
    await closing;
  });

  it("closes with 1011 for whoever has not said it within closeTimeoutMs: what was said is no whole", async () => {
    const { socket, peer, platform, idle } = meetRawPeer("server", { closeTimeoutMs: 1000 });
    const { readable, writable } = socket.toWebStreams();
    const writer = writable.getWriter();
    peer.sendClose();
    assert.deepEqual(await all(readable), []);
    platform.clock.advance(1000);
    await idle();
    assert.deepEqual(peer.lines, ["close 1011"]);
    const writing = closedErrorOf(writer.write("late"));
    peer.stream.end();
    await writing;
  });

  it("reads on as slowly as before when it has closed, and loses nothing of what is on its way", async () => {
    const { server, client } = meetEachOther(
      { server: { highWaterMarkBytes: 1000 }, client: { maxInboxBytes: 1000 } },
      { capacityBytes: 1000 },
    );
    const echoing = server.toWebStreams();
    const echoed = echoing.readable.pipeTo(echoing.writable);
    const { readable, writable } = client.toWebStreams();
    const sent = Array.from({ length: 200 }, (_, index) => String(index).padEnd(700));
    const writer = writable.getWriter();
    const writing = (async () => {
      for (const message of sent) await writer.write(message);
      await writer.close();
    })();
    assert.deepEqual(await all(readable), sent);
    await writing;
    await echoed;
    assert.equal((await client.closed).wasClean, true);
  });

  it("stops reading from the network at a bounded amount while nobody reads it", async () => {
    const { socket, peer, stream, idle } = meetRawPeer("server", { maxInboxBytes: 5000 }, { capacityBytes: 5000 });
    socket.toWebStreams();
    for (let index = 0; index < 100; index++) peer.sendText(String(index).padEnd(1000));
    await idle();
    assert.equal(stream.isPaused, true);
    assert.ok(peer.unsentBytes > 70_000);
  });

  it("is done with a write when there is room for the next", async () => {
    const { socket, peer, idle } = meetRawPeer("server", { highWaterMarkBytes: 1000 }, { capacityBytes: 1000 });
    const writer = socket.toWebStreams().writable.getWriter();
    peer.stream.pause();
    let isDone = false;
    const writing = writer.write(new Uint8Array(50_000)).then(() => {
      isDone = true;
    });
    await idle();
    assert.equal(isDone, false);
    peer.stream.resume();
    await writing;
  });

  it("sends again what was refused because the buffer was full", async () => {
    const options = { slowPeer: "refuse", maxSendBufferBytes: 1000, highWaterMarkBytes: 500 } as const;
    const { socket, peer, idle } = meetRawPeer("server", options, { capacityBytes: 100 });
    const writer = socket.toWebStreams().writable.getWriter();
    peer.stream.pause();
    socket.send(new Uint8Array(2000));
    const writing = writer.write("still");
    await idle();
    peer.stream.resume();
    await writing;
    await idle();
    assert.equal(peer.lines.at(-1), "text still");
  });

  it("leaves the memory of what was written to its owner when the write is done", async () => {
    const { socket, peer, idle } = meetRawPeer("server", { highWaterMarkBytes: 100_000 });
    const writer = socket.toWebStreams().writable.getWriter();
    const octets = new Uint8Array(50_000).fill(1);
    await writer.write(octets);
    octets.fill(2);
    await idle();
    assert.deepEqual(new Set(peer.frames[0]?.payload), new Set([1]));
  });

  it("refuses what is neither a string nor octets, and the connection lives", async () => {
    const { socket } = meetRawPeer("server");
    const writer = socket.toWebStreams().writable.getWriter();
    const error = await rejection(writer.write(1 as unknown as SendData));
    assert.equal((error as { code?: string }).code, "invalid-argument");
    assert.equal(socket.readyState, "open");
  });

  it("closes with 1011 for a reason, and with 1001 without, when it is aborted or cancelled", async () => {
    for (const reason of [undefined, new Error("why")]) {
      for (const way of ["abort", "cancel"] as const) {
        const { socket, peer, idle } = meetRawPeer("server", {}, { capacityBytes: 1000 });
        const { readable, writable } = socket.toWebStreams();
        // What still comes is dropped, however much it is.
        for (let index = 0; index < 100; index++) peer.sendText("x".repeat(1000));
        await (way === "abort" ? writable.abort(reason) : readable.cancel(reason));
        await idle();
        assert.deepEqual(peer.lines, [reason === undefined ? "close 1001" : "close 1011"]);
        peer.sendClose();
        await idle();
        peer.stream.end();
        await idle();
        assert.equal((await socket.closed).wasClean, true);
      }
    }
  });

  it("is aborted even while a write waits for a peer that does not read", async () => {
    const { socket, peer, platform, idle } = meetRawPeer(
      "server",
      { highWaterMarkBytes: 1000, closeTimeoutMs: 1000 },
      { capacityBytes: 1000 },
    );
    const writer = socket.toWebStreams().writable.getWriter();
    peer.stream.pause();
    const writing = rejection(writer.write(new Uint8Array(50_000)));
    await idle();
    const aborting = writer.abort(new Error("enough"));
    await idle();
    platform.clock.advance(1000);
    await writing;
    await aborting;
    assert.equal((await socket.closed).outcome, "dropped");
  });
});

describe("a socket as a stream of the platform", () => {
  it("is not to be had where there is none", () => {
    const { socket } = meetRawPeer("server");
    assert.throws(() => socket.toDuplex(), { code: "duplex-not-available" });
    // The messages still have no consumer.
    socket.toWebStreams();
  });

  it("takes no options that make no sense", () => {
    const { socket } = meetRawPeer("server");
    assert.throws(() => socket.toDuplex({ type: "utf8" as "text" }), { code: "invalid-argument" });
    assert.throws(() => socket.toDuplex({ type: "text", objectMode: true }), { code: "invalid-argument" });
  });
});

describe("an open handler that takes messages itself", () => {
  it("does not hold them back by its promise", async () => {
    const taken: Message[] = [];
    const { peer, idle } = meetRawPeer("server", {
      async open(socket) {
        await Promise.resolve();
        for await (const message of socket) taken.push(message);
      },
    });
    peer.sendText("a", "b");
    await idle();
    assert.deepEqual(taken, ["a", "b"]);
  });

  it("closes the socket with 1011 when it fails, as it does otherwise", async () => {
    const { peer, platform, idle } = meetRawPeer("server", {
      async open(socket) {
        for await (const message of socket) throw new Error(String(message));
      },
    });
    peer.sendText("a");
    await idle();
    assert.deepEqual(peer.lines, ["close 1011"]);
    assert.equal(platform.reported.length, 1);
  });
});
