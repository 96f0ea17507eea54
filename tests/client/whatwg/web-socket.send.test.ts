import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createWebSocketNetwork } from "../../support/web-socket-network.js";

describe("WebSockets §3.1 send", () => {
  it("throws an InvalidStateError while it is connecting (step 1), after converting its argument", async () => {
    const { WebSocket } = createWebSocketNetwork();
    const socket = new WebSocket("ws://a/");
    assert.throws(() => socket.send("x"), { name: "InvalidStateError", constructor: DOMException });
    assert.throws(() => Reflect.apply(Reflect.get(socket, "send") as () => unknown, socket, []), TypeError);
    assert.throws(() => socket.send(Symbol("x") as unknown as string), TypeError);
  });

  it("sends text as text and octets as binary, of whatever kind", async () => {
    const { open, idle } = createWebSocketNetwork();
    const { socket, peer } = await open();
    const buffer = new ArrayBuffer(8);
    socket.send("text");
    socket.send(buffer);
    socket.send(new Uint8Array(buffer, 2, 3));
    socket.send(new DataView(buffer, 4));
    socket.send(new Float64Array(2));
    socket.send(structuredClone(buffer, { transfer: [buffer] }).slice(0, 0));
    socket.send(buffer);
    socket.send(null as unknown as string);
    socket.send({ toString: () => "object" } as unknown as string);
    socket.send("\ud807");
    await idle();
    const lines = ["text text", "binary 8", "binary 3", "binary 4", "binary 16", "binary 0", "binary 0"];
    assert.deepEqual(peer.lines, [...lines, "text null", "text object", "text \ufffd"]);
  });

  it("refuses memory that is shared, as Web IDL does", async () => {
    const { open } = createWebSocketNetwork();
    const { socket } = await open();
    assert.throws(() => socket.send(new Uint8Array(new SharedArrayBuffer(1))), TypeError);
    assert.equal(socket.bufferedAmount, 0);
  });

  it("keeps the order, although a Blob has to be read first, and closes after it", async () => {
    const { open, idle } = createWebSocketNetwork();
    const { socket, peer, events } = await open();
    const octets = Uint8Array.of(1);
    socket.send("first");
    socket.send(new Blob(["12345"]));
    socket.send(octets);
    socket.send(new Blob(["123"]));
    socket.send("last");
    socket.close(3000);
    octets[0] = 2;
    assert.equal(socket.bufferedAmount, 5 + 5 + 1 + 3 + 4);
    await peer.untilFrames(6);
    assert.deepEqual(peer.lines, ["text first", "binary 5", "binary 1", "binary 3", "text last", "close 3000"]);
    assert.equal(peer.frames[2]?.payload[0], 1);
    await idle();
    assert.equal(socket.bufferedAmount, 0);
    assert.deepEqual(events, ["open in 1"]);
  });

  it("fails the connection where a Blob cannot be read", async () => {
    const { open, idle } = createWebSocketNetwork();
    const { socket, dialed, events } = await open();
    class Gone extends Blob {
      override arrayBuffer(): Promise<ArrayBuffer> {
        return Promise.reject(new Error("the file is gone"));
      }
    }
    socket.send(new Gone(["x"]));
    socket.send("after it");
    await idle();
    assert.deepEqual(events, ["open in 1", "error in 3", 'close 1006 "" unclean in 3']);
    assert.equal(dialed.stream.isDestroyed, true);
    assert.equal(socket.bufferedAmount, 9);
  });
});

describe("WebSockets §3.1 bufferedAmount", () => {
  it("counts octets of UTF-8 and of octets, without framing, and not before the task is over what has left", async () => {
    const { open, idle } = createWebSocketNetwork();
    const { socket, peer } = await open();
    socket.send("¥");
    assert.equal(socket.bufferedAmount, 2);
    socket.send("\ud801\udc07");
    assert.equal(socket.bufferedAmount, 6);
    socket.send(new Uint8Array(new ArrayBuffer(10), 5));
    assert.equal(socket.bufferedAmount, 11);
    // Long enough to be written in the middle of the turn.
    socket.send(new ArrayBuffer(100_000));
    assert.equal(socket.bufferedAmount, 100_011);
    await Promise.resolve();
    assert.equal(socket.bufferedAmount, 100_011);
    await peer.untilFrames(4);
    await idle();
    assert.equal(socket.bufferedAmount, 0);
  });

  it("counts what the stream has not taken, message by message", async () => {
    const { open, idle } = createWebSocketNetwork();
    const { socket, peer } = await open();
    peer.stream.pause();
    // The pair takes some, and then nothing.
    socket.send(new Uint8Array(300_000));
    await idle();
    assert.equal(socket.bufferedAmount, 300_000);
    socket.send("waits");
    await idle();
    assert.equal(socket.bufferedAmount, 300_005);
    peer.stream.resume();
    await peer.untilFrames(2);
    await idle();
    assert.equal(socket.bufferedAmount, 0);
  });

  it("only grows once the connection is closing or closed, and never goes back to 0", async () => {
    const { open, idle } = createWebSocketNetwork();
    const { socket, peer } = await open();
    socket.send("before");
    await idle();
    assert.equal(socket.bufferedAmount, 0);
    socket.close();
    socket.send("in closing");
    assert.equal(socket.bufferedAmount, 10);
    await idle();
    peer.sendClose();
    peer.stream.end();
    await idle();
    assert.deepEqual([socket.readyState, socket.bufferedAmount], [3, 10]);
    socket.send(new Blob(["12345"]));
    socket.send(new Uint8Array(3));
    await idle();
    assert.equal(socket.bufferedAmount, 18);
    assert.deepEqual(peer.lines, ["text before", "close"]);
  });

  it("keeps what was lost with the connection", async () => {
    const { open, idle } = createWebSocketNetwork();
    const { socket, peer, events } = await open();
    peer.stream.pause();
    socket.send(new Uint8Array(500_000));
    await idle();
    peer.stream.destroy();
    await idle();
    assert.deepEqual([socket.readyState, socket.bufferedAmount], [3, 500_000]);
    assert.deepEqual(events, ["open in 1", "error in 3", 'close 1006 "" unclean in 3']);
  });

  it("flags the connection as full, and closes it, when a message has no room", async () => {
    for (const slowPeer of ["close", "refuse"] as const) {
      const { open, idle } = createWebSocketNetwork();
      const { socket, peer, events } = await open([], { maxSendBufferBytes: 1000, slowPeer });
      peer.stream.pause();
      socket.send(new Uint8Array(500_000));
      await idle();
      socket.send("one too many");
      assert.equal(socket.bufferedAmount, 500_012);
      await idle();
      assert.deepEqual(events, ["open in 1", "error in 3", 'close 1006 "" unclean in 3'], slowPeer);
      assert.equal(socket.bufferedAmount, 500_012);
    }
  });
});
