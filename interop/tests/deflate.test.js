/**
 * permessage-deflate (RFC 7692) agreed on with other implementations, with all that both ends can ask for.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { join, openlineToWs, pairs, whatwgToOpenline, wsToOpenline } from "../support/pairs.js";
import { randomBytes, randomText, seededRandom } from "../support/random.js";

const timeout = 60_000;
const json = (index) =>
  JSON.stringify({ index, square: index * index, words: "lorem ipsum dolor sit amet ".repeat(20) });

/** Messages of which some refer to those before, some do not compress, and some are long. */
function createMessages(seed) {
  const random = seededRandom(seed);
  return [
    json(1),
    json(2),
    "",
    new Uint8Array(0),
    "short",
    randomBytes(random, 3000),
    json(3),
    randomText(random, 2000),
    json(4).repeat(300),
    new Uint8Array(300_000),
    randomBytes(random, 200_000),
    json(5),
  ];
}

/** Compares without printing what is long. */
function assertSame(received, sent, index) {
  assert.equal(typeof received, typeof sent, `message ${index}`);
  const isSame = typeof sent === "string" ? received === sent : Buffer.compare(received, sent) === 0;
  assert.ok(isSame, `message ${index} differs`);
}

/** Sends all messages both ways at once. */
async function exchange(client, server) {
  const messages = [createMessages(1), createMessages(2)];
  for (const [sender, given] of [
    [client, messages[0]],
    [server, messages[1]],
  ]) {
    for (const message of given) sender.send(message);
  }
  for (const [receiver, given] of [
    [server, messages[0]],
    [client, messages[1]],
  ]) {
    for (const [index, message] of given.entries()) assertSame(await receiver.next(), message, index);
  }
}

/** Options of either library for either end: their names are the same, but for the threshold's. */
const settings = [
  { name: "the defaults", openline: {}, ws: {} },
  { name: "messages of any length", openline: { thresholdBytes: 1 }, ws: { threshold: 0 } },
  {
    name: "openline's level 9 and long windows",
    openline: { level: 9, serverMaxWindowBits: 15, clientMaxWindowBits: 15 },
    ws: {},
  },
  ...["serverNoContextTakeover", "clientNoContextTakeover"].flatMap((option) => [
    { name: `${option} by openline`, openline: { [option]: true }, ws: {}, agreed: option },
    { name: `${option} by ws`, openline: {}, ws: { [option]: true, threshold: 0 }, agreed: option },
  ]),
  {
    name: "no context takeover at all",
    openline: { serverNoContextTakeover: true, clientNoContextTakeover: true },
    ws: { serverNoContextTakeover: true, clientNoContextTakeover: true, threshold: 0 },
    agreed: "serverNoContextTakeover",
  },
  ...[8, 9, 10, 11, 12, 13, 14, 15].flatMap((bits) => {
    const windows = { serverMaxWindowBits: bits, clientMaxWindowBits: bits };
    return [
      { name: `windows of ${bits} bits by openline`, openline: windows, ws: {} },
      // ws refuses whoever will not take windows as long as its options name.
      {
        name: `windows of ${bits} bits by ws`,
        openline: { serverMaxWindowBits: 15, clientMaxWindowBits: 15 },
        ws: windows,
      },
    ];
  }),
];

/** The standard's name of an option. */
const parameterOf = (/** @type {string} */ option) => option.replace(/[A-Z]/gu, (letter) => `_${letter.toLowerCase()}`);

for (const pair of [wsToOpenline, openlineToWs]) {
  describe(`RFC 7692 permessage-deflate: ${pair.name}`, { timeout }, () => {
    const isServer = pair === wsToOpenline;
    for (const { name, openline, ws, agreed } of settings) {
      it(`carries all kinds of messages both ways with ${name}`, async (test) => {
        const ends = [{ perMessageDeflate: ws }, { perMessageDeflate: openline }];
        const [client, server] = isServer ? ends : ends.reverse();
        const joined = await join(test, pair, { client, server });
        assert.match(joined.openline.native.extensions, /^permessage-deflate/u);
        assert.equal(joined.other.native.extensions, "permessage-deflate");
        if (agreed !== undefined) assert.match(joined.openline.native.extensions, new RegExp(parameterOf(agreed), "u"));
        await exchange(joined.client, joined.server);
      });
    }

    it("sends little of what compresses, both ways", async (test) => {
      const options = { perMessageDeflate: {} };
      const { openline, other } = await join(test, pair, { client: options, server: options });
      const text = json(1).repeat(1000);
      const { _socket: tcp } = other.native;
      const before = tcp.bytesRead;
      openline.send(text);
      assert.equal(await other.next(), text);
      assert.ok(tcp.bytesRead - before < text.length / 10, `${tcp.bytesRead - before} octets of ${text.length}`);
      other.send(text);
      assert.equal(await openline.next(), text);
    });

    it("sends a message as it is where that is asked for", async (test) => {
      const options = { perMessageDeflate: {} };
      const { openline, other } = await join(test, pair, { client: options, server: options });
      const text = json(1).repeat(100);
      const { _socket: tcp } = other.native;
      const before = tcp.bytesRead;
      openline.native.send(text, { compress: false });
      assert.equal(await other.next(), text);
      assert.ok(tcp.bytesRead - before >= text.length);
    });

    it("carries what ws sends in fragments", async (test) => {
      const options = { perMessageDeflate: { threshold: 0 } };
      const { openline, other } = await join(test, pair, { client: options, server: options });
      for (let index = 0; index < 3; index++) {
        for (const fin of [false, false, true]) other.native.send(json(index), { fin });
        assert.equal(await openline.next(), json(index).repeat(3));
      }
    });

    it("is not used where one end will not", async (test) => {
      for (const [ours, theirs] of [
        [false, true],
        [true, false],
      ]) {
        const ends = [{ perMessageDeflate: theirs }, { perMessageDeflate: ours }];
        const [client, server] = isServer ? ends : ends.reverse();
        const joined = await join(test, pair, { client, server });
        assert.equal(joined.openline.native.extensions, "");
        assert.equal(joined.other.native.extensions, "");
        await exchange(joined.client, joined.server);
      }
    });
  });
}

for (const pair of whatwgToOpenline) {
  describe(`RFC 7692 permessage-deflate: ${pair.name}`, { timeout }, () => {
    for (const perMessageDeflate of [
      true,
      { thresholdBytes: 1, level: 9, serverMaxWindowBits: 15 },
      { serverNoContextTakeover: true, clientNoContextTakeover: true },
      { serverMaxWindowBits: 8, clientMaxWindowBits: 8 },
    ]) {
      it(`carries all kinds of messages both ways with ${JSON.stringify(perMessageDeflate)}`, async (test) => {
        const { client, server } = await join(test, pair, { server: { perMessageDeflate } });
        assert.match(client.native.extensions, /^permessage-deflate/u);
        assert.equal(client.native.extensions, server.native.extensions);
        await exchange(client, server);
      });
    }
  });
}

describe("what was agreed on", { timeout }, () => {
  for (const pair of pairs) {
    it(`can be read at both ends: ${pair.name}`, async (test) => {
      const options = pair === wsToOpenline ? { client: { perMessageDeflate: true } } : {};
      const server = pair === openlineToWs ? { perMessageDeflate: true } : {};
      const { client, server: accepted } = await join(test, pair, { ...options, server });
      assert.match(client.native.extensions, /^permessage-deflate/u);
      assert.match(accepted.native.extensions, /^permessage-deflate/u);
    });
  }
});
