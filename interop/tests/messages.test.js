import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { join, openlineToWs, pairs, wsToOpenline } from "../support/pairs.js";
import { randomBytes, randomText, seededRandom } from "../support/random.js";

const mebibyte = 1024 * 1024;
const timeout = 60_000;

/** Compares without printing megabytes when they differ. */
function assertSame(received, sent) {
  if (typeof sent === "string") {
    assert.equal(typeof received, "string");
    assert.ok(received === sent, `the texts differ (${received.length} and ${sent.length} UTF-16 units)`);
  } else {
    assert.ok(received instanceof Uint8Array, "octets were sent and a string was received");
    assert.ok(
      Buffer.compare(received, sent) === 0,
      `the octets differ (${received.byteLength} and ${sent.byteLength})`,
    );
  }
}

const random = seededRandom(20_251);
const messages = [
  ["an empty text", ""],
  ["an empty binary message", new Uint8Array(0)],
  ["text of one to four octets per code point", "aé€😀\u0000\uffff\u{10ffff}"],
  ["every octet", Uint8Array.from({ length: 256 }, (_, index) => index)],
  // RFC 6455 §5.2: where the length moves from 7 to 16 to 64 bits.
  ["125 octets", randomBytes(random, 125)],
  ["126 octets", randomBytes(random, 126)],
  ["65,535 octets", randomBytes(random, 65_535)],
  ["65,536 octets", randomBytes(random, 65_536)],
  ["1 MiB of octets", randomBytes(random, mebibyte)],
  ["1 MiB of text", "0123456789abcde\n".repeat(mebibyte / 16)],
  ["1 MiB of text in three octets each", "€".repeat(Math.floor(mebibyte / 3))],
  // The largest message of openline's default limits.
  ["16 MiB of octets", randomBytes(random, 16 * mebibyte)],
  ["16 MiB of text", "0123456789abcde\n".repeat(mebibyte)],
];

for (const pair of pairs) {
  describe(`§5.6 data frames: ${pair.name}`, { timeout }, () => {
    for (const [name, message] of messages) {
      it(`carries ${name} there and back`, async (test) => {
        const { client, server } = await join(test, pair);
        client.send(message);
        const atServer = await server.next();
        assertSame(atServer, message);
        server.send(atServer);
        assertSame(await client.next(), message);
      });
    }

    it("carries 1000 random messages each way in order", async (test) => {
      const { client, server } = await join(test, pair);
      for (const [sender, receiver, seed] of [
        [client, server, 1],
        [server, client, 2],
      ]) {
        const draw = seededRandom(seed);
        const sent = Array.from({ length: 1000 }, () => {
          // Mostly small, now and then past the 16-bit length.
          const length = draw(draw(50) === 0 ? 70_000 : 300);
          return draw(2) === 0 ? randomBytes(draw, length) : randomText(draw, length);
        });
        const receiving = (async () => {
          for (const message of sent) assertSame(await receiver.next(), message);
        })();
        for (const message of sent) {
          sender.send(message);
          // Let go now and then, so that some messages share a write and others do not.
          if (draw(10) === 0) await new Promise(setImmediate);
        }
        await receiving;
      }
    });
  });
}

for (const pair of [wsToOpenline, openlineToWs]) {
  describe(`§5.4 fragmentation: ${pair.name}`, { timeout }, () => {
    /** ws sends `pieces` as one message. */
    function sendFragments(socket, pieces, binary) {
      pieces.forEach((piece, index) => socket.send(piece, { binary, fin: index === pieces.length - 1 }));
    }

    it("joins the fragments of a text, also where one ends inside a code point", async (test) => {
      const { openline, other } = await join(test, pair);
      const octets = Buffer.from("héllo 😀 wörld");
      sendFragments(
        other.native,
        Array.from(octets, (_, index) => octets.subarray(index, index + 1)),
        false,
      );
      assertSame(await openline.next(), "héllo 😀 wörld");
    });

    it("joins binary fragments, empty ones among them", async (test) => {
      const { openline, other } = await join(test, pair);
      const pieces = [[], [1, 2], [], [3], []].map((octets) => Uint8Array.from(octets));
      sendFragments(other.native, pieces, true);
      assertSame(await openline.next(), Uint8Array.of(1, 2, 3));
    });

    it("joins 4 MiB in fragments of 1 KiB", async (test) => {
      const { openline, other } = await join(test, pair);
      const whole = randomBytes(seededRandom(3), 4 * mebibyte);
      const pieces = Array.from({ length: 4096 }, (_, index) => whole.subarray(index * 1024, (index + 1) * 1024));
      sendFragments(other.native, pieces, true);
      assertSame(await openline.next(), whole);
    });

    it("§5.5: answers a ping between two fragments", async (test) => {
      const { openline, other } = await join(test, pair);
      const pong = new Promise((resolve) => other.native.once("pong", resolve));
      other.native.send("first, ", { fin: false });
      other.native.ping("between");
      other.native.send("last", { fin: true });
      assert.equal(await openline.next(), "first, last");
      assert.equal(String(await pong), "between");
    });
  });
}
