import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { join, openlineToWs, pairs, wsToOpenline } from "../support/pairs.js";

const timeout = 20_000;

for (const pair of [wsToOpenline, openlineToWs]) {
  describe(`§5.5.2 ping, §5.5.3 pong: ${pair.name}`, { timeout }, () => {
    for (const [name, payload] of [
      ["no payload", Buffer.alloc(0)],
      ["text", Buffer.from("are you there?")],
      ["125 octets, the most there may be", Buffer.alloc(125, 0xfe)],
    ]) {
      it(`openline answers a ping of ws with ${name} in kind`, async (test) => {
        const { other } = await join(test, pair);
        const pong = once(other.native, "pong");
        other.native.ping(payload);
        const [answer] = await pong;
        assert.deepEqual(answer, payload);
      });
    }

    it("openline answers pings in their order", async (test) => {
      const { other } = await join(test, pair);
      const answers = [];
      const all = new Promise((resolve) => {
        other.native.on("pong", (payload) => {
          if (answers.push(String(payload)) === 20) resolve(undefined);
        });
      });
      const payloads = Array.from({ length: 20 }, (_, index) => `ping ${index}`);
      for (const payload of payloads) other.native.ping(payload);
      await all;
      assert.deepEqual(answers, payloads);
    });

    it("ws answers the pings of openline, and each resolves with its round trip", async (test) => {
      const { openline, other } = await join(test, pair);
      const pings = [];
      other.native.on("ping", (payload) => pings.push(String(payload)));
      const roundTripsMs = await Promise.all([1, 2, 3].map(() => openline.native.ping()));
      for (const roundTripMs of roundTripsMs) assert.ok(roundTripMs >= 0 && roundTripMs < timeout, `${roundTripMs}`);
      assert.equal(pings.length, 3);
    });

    it("openline takes a pong that nobody asked for", async (test) => {
      const { openline, other } = await join(test, pair);
      other.native.pong("a heartbeat");
      other.send("after it");
      assert.equal(await openline.next(), "after it");
    });

    it("keeps the order of messages around a ping", async (test) => {
      const { openline, other } = await join(test, pair);
      openline.send("before");
      const ping = openline.native.ping();
      openline.send("after");
      assert.equal(await other.next(), "before");
      assert.equal(await other.next(), "after");
      await ping;
    });
  });
}

for (const pair of pairs.filter((each) => each !== openlineToWs && each !== wsToOpenline)) {
  describe(`§5.5.2 ping: ${pair.name}`, { timeout }, () => {
    it("is answered, while messages flow", async (test) => {
      const { client, server } = await join(test, pair);
      server.send("to the client");
      const roundTripMs = await server.native.ping();
      assert.ok(roundTripMs >= 0);
      assert.equal(await client.next(), "to the client");
    });
  });
}
