/**
 * Peers that take their time, or all of ours: each is bounded in what it makes a server hold, and ends at a deadline.
 */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { describe, it } from "node:test";
import { connect, SlowPeerError } from "#src/index.js";
import { transports } from "../support/own-port.js";
import { connectRaw, requestText } from "../support/raw-http.js";
import { TextClient } from "../support/text-client.js";
import { mebibyte, repeated, startVictim, Victim } from "../support/victim.js";

/** Octets that a server holds more than before, when a flood that nobody reads the answers to has come to a standstill. */
async function heldAfter(t: TestContext, flood: Uint8Array, highWaterMarkBytes?: number): Promise<number> {
  const victim = await Victim.start(t, highWaterMarkBytes === undefined ? {} : { highWaterMarkBytes });
  const socket = await connectRaw(t, victim.port);
  // The victim ends in the middle of it.
  socket.on("error", () => socket.destroy());
  socket.write(requestText());
  await victim.until(({ socketCount }) => socketCount === 2);
  const before = (await victim.measure()).heldBytes;
  socket.write(flood);
  // Twice as often as it takes to read everything, 64 KiB at a time.
  await victim.turns(Math.ceil((2 * flood.byteLength) / 65_536));
  return (await victim.measure()).heldBytes - before;
}

describe("who never reads what they ask for", () => {
  it("gets the last of many pongs (§5.5.3), and no pile of them is made", async (t) => {
    const flood = repeated({ opcode: 9, payload: new Uint8Array(125) }, 240_000);
    const held = await heldAfter(t, flood);
    t.diagnostic(`${flood.byteLength} octets of pings: ${held} held`);
    assert.ok(held < 8 * mebibyte, `${held} octets`);
  });

  it("is read from no more when highWaterMarkBytes wait", async (t) => {
    const flood = repeated({ opcode: 2, payload: new Uint8Array(1000) }, 32_000);
    const held = await heldAfter(t, flood);
    const lifted = await heldAfter(t, flood, 1024 * mebibyte);
    t.diagnostic(`${flood.byteLength} octets of messages: ${held} held, ${lifted} without the limit`);
    assert.ok(held < 8 * mebibyte, `${held} octets`);
    assert.ok(lifted > 16 * mebibyte, `${lifted} octets`);
  });
});

describe("slowloris", () => {
  for (const transport of transports) {
    it(`gets 408 at handshakeTimeoutMs over ${transport}, however it goes on, and holds up nobody`, async (t) => {
      const { server } = await startVictim(t, {
        transport,
        handshakeTimeoutMs: 50,
      });
      const ordinary = await connect(server.url);
      const messages = ordinary[Symbol.asyncIterator]();
      const slow: TextClient[] = [];
      for (let count = 0; count < 50; count++) {
        const client = await TextClient.connect(t, server.port);
        client.write(requestText().slice(0, -2));
        slow.push(client);
      }
      // An octet of one more header line from each, between any two messages of somebody else.
      for (let turn = 0; slow.some(({ hasEnded }) => !hasEnded); turn++) {
        for (const client of slow) if (!client.hasEnded) client.write(turn === 0 ? "X:" : "x");
        ordinary.send(`message ${turn}`);
        assert.equal((await messages.next()).value, `message ${turn}`);
      }
      for (const client of slow) {
        // A reset may have taken the answer of one that went on writing.
        if (client.text !== "") assert.match(client.text, /^HTTP\/1\.1 408 Request Timeout\r\n/u);
        client.socket.destroy();
      }
      assert.equal(server.sockets.size, 1);
      await ordinary.close();
    });
  }
});

describe("a peer that never reads what everybody gets", () => {
  it("is cut when maxSendBufferBytes wait for it, and named; the others get everything", async (t) => {
    const { server, nextReport } = await startVictim(t, {
      maxSendBufferBytes: mebibyte,
      open: (socket) => socket.subscribe("all"),
    });
    const socket = await connectRaw(t, server.port);
    socket.write(requestText());
    const ordinary = await connect(server.url);
    const messages = ordinary[Symbol.asyncIterator]();
    const payload = new Uint8Array(mebibyte / 4);
    let published = 0;
    while (server.sockets.size < 2) await new Promise((resolve) => setImmediate(resolve));
    while (server.sockets.size === 2) {
      server.publish("all", payload);
      published++;
      assert.deepEqual((await messages.next()).value, payload);
    }
    const report = await nextReport();
    assert.ok(report.cause instanceof SlowPeerError);
    assert.equal(report.cause.limit, mebibyte);
    t.diagnostic(`it was cut after ${published} messages of 256 KiB`);
    await ordinary.close();
  });
});
