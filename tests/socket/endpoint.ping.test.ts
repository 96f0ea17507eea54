import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ConnectionClosedError } from "#src/socket/index.js";
import { meetEachOther, meetRawPeer } from "../support/endpoints.js";

describe("§5.5.2 ping", () => {
  it("resolves to the round trip when its pong is there", async () => {
    const { socket, peer, platform, idle } = meetRawPeer("server");
    const roundTrip = socket.ping();
    await idle();
    const ping = peer.frames[0];
    assert.equal(ping?.opcode, 9);
    platform.clock.advance(120);
    peer.send({ opcode: 10, payload: ping.payload });
    assert.equal(await roundTrip, 120);
  });

  it("is answered by the pong of a later one (§5.5.3)", async () => {
    const { socket, peer, platform, idle } = meetRawPeer("client");
    const first = socket.ping();
    platform.clock.advance(10);
    const second = socket.ping();
    await idle();
    assert.equal(peer.frames.length, 2);
    platform.clock.advance(5);
    peer.send({ opcode: 10, payload: peer.frames[1]?.payload ?? "" });
    assert.deepEqual(await Promise.all([first, second]), [15, 5]);
  });

  it("is not answered by a pong that nobody asked for", async () => {
    const { socket, peer, idle } = meetRawPeer("server");
    let isAnswered = false;
    const ping = socket.ping().finally(() => {
      isAnswered = true;
    });
    peer.send({ opcode: 10 }, { opcode: 10, payload: "heartbeat" });
    await idle();
    assert.equal(isAnswered, false);
    assert.equal(socket.readyState, "open");
    peer.send({ opcode: 10, payload: peer.frames[0]?.payload ?? "" });
    await ping;
  });

  it("rejects when the connection ends without its pong, and after it has ended", async () => {
    const { socket, peer } = meetRawPeer("server");
    const ping = socket.ping();
    peer.stream.destroy();
    await assert.rejects(ping, ConnectionClosedError);
    await assert.rejects(socket.ping(), ConnectionClosedError);
  });

  it("rejects when it is called while closing, and sends nothing after the Close frame", async () => {
    const { socket, peer, idle } = meetRawPeer("server");
    void socket.close();
    const ping = assert.rejects(socket.ping(), ConnectionClosedError);
    await idle();
    assert.deepEqual(peer.lines, ["close 1000"]);
    peer.sendClose(1000);
    peer.stream.end();
    await ping;
  });

  it("is answered by our own peers", async () => {
    const { server, client } = meetEachOther({});
    assert.equal(await server.ping(), 0);
    assert.equal(await client.ping(), 0);
  });
});

describe("pings that nobody answers", () => {
  it("are 64 at most; further ones are refused, until one is answered", async () => {
    const { socket, peer, idle } = meetRawPeer("server", {}, { capacityBytes: 1 });
    const first = socket.ping();
    for (let index = 1; index < 64; index++) void socket.ping();
    const before = socket.bufferedBytes;
    for (let index = 0; index < 1000; index++) {
      await assert.rejects(socket.ping(), { name: "UsageError", code: "too-many-pings", limit: 64 });
    }
    assert.equal(socket.bufferedBytes <= before, true);
    await idle();
    assert.equal(peer.frames.length, 64);
    peer.send({ opcode: 10, payload: peer.frames[0]?.payload ?? "" });
    await first;
    void socket.ping();
    await idle();
    assert.equal(peer.frames.length, 65);
  });
});
