/**
 * Compressed messages as others make them reach an openline server and an openline client whole; and whatever is no
 * such message fails the connection as it does in ws.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { connect, serve } from "openline";
import { WebSocketServer } from "ws";
import { framesOf, nodeStreams, pythonStreams } from "../support/deflate-streams.js";
import { closeCodeOf, exchangeAsClient, exchangeAsServer, rawFrame } from "../support/raw-peer.js";

const timeout = 20_000;
const offer = { "Sec-WebSocket-Extensions": "permessage-deflate" };
const answer = { "Sec-WebSocket-Extensions": "permessage-deflate" };
// Windows as long as a sender's that nobody has limited.
const perMessageDeflate = { serverMaxWindowBits: 15, clientMaxWindowBits: 15 };
const key = Buffer.of(0x12, 0x34, 0x56, 0x78);
const masked = (firstOctet, payload) => rawFrame(firstOctet, payload, key);
const plain = (firstOctet, payload) => rawFrame(firstOctet, payload);
const closeBody = Buffer.of(0x03, 0xe8);

/** The octets of a stream, and a Close frame behind it. */
function octetsOf({ messages }, frame) {
  return Buffer.concat([...messages.flatMap((message) => framesOf(message, frame)), frame(0x88, closeBody)]);
}

/** Compares what has come with what was sent, without printing all of it. */
function assertMessages(received, { messages }) {
  assert.equal(received.length, messages.length, "messages");
  for (const [index, { message }] of messages.entries()) {
    assert.ok(Buffer.compare(received[index], message) === 0, `message ${index} differs`);
  }
}

async function receiveAsServer(test, stream) {
  const received = [];
  const server = await serve({
    port: 0,
    host: "127.0.0.1",
    perMessageDeflate,
    message: (_socket, message) => void received.push(message),
  });
  test.after(() => server.close());
  const code = closeCodeOf(await exchangeAsClient(server.url, octetsOf(stream, masked), offer));
  return { received, code };
}

async function receiveAsClient(stream) {
  const received = [];
  let socket;
  const frames = await exchangeAsServer(
    octetsOf(stream, plain),
    (url) => {
      socket = connect(url, { perMessageDeflate, message: (_socket, message) => void received.push(message) });
    },
    answer,
  );
  await (await socket).closed;
  return { received, code: closeCodeOf(frames) };
}

const python = pythonStreams();
const makers = [
  { maker: "zlib and by hand", streams: nodeStreams },
  { maker: "Python's zlib", streams: python ?? [] },
];

for (const { maker, streams } of makers) {
  const skip = streams.length === 0 && "python3 is missing: apt-get install -y python3";
  describe(`RFC 7692 §7.2 messages made by ${maker}`, { timeout, skip }, () => {
    for (const stream of streams) {
      it(`reach an openline server: ${stream.name}`, async (test) => {
        const { received, code } = await receiveAsServer(test, stream);
        assert.equal(code, 1000);
        assertMessages(received, stream);
      });

      it(`reach an openline client: ${stream.name}`, async () => {
        const { received, code } = await receiveAsClient(stream);
        assert.equal(code, 1000);
        assertMessages(received, stream);
      });
    }
  });
}

describe("RFC 7692 violations by a client", { timeout }, () => {
  const hello = Buffer.from("f248cdc9c90700", "hex");
  const compressedText = 0xc1;
  const violations = [
    { name: "§7.2.2 what is no deflate stream", octets: masked(compressedText, Buffer.of(0x07, 0x07)), openline: 1007 },
    {
      name: "§7.2.2 a reference to before the first octet",
      octets: masked(compressedText, Buffer.from("f200110000", "hex")),
      openline: 1007,
    },
    {
      name: "§7.2.1 text that is not UTF-8",
      octets: masked(compressedText, Buffer.from("000100feffff00", "hex")),
      openline: 1007,
    },
    {
      name: "§6 RSV1 on a continuation",
      octets: Buffer.concat([masked(0x41, hello.subarray(0, 3)), masked(0xc0, hello.subarray(3))]),
      openline: 1002,
    },
    { name: "§6 RSV1 on a ping", octets: masked(0xc9, Buffer.from("a")), openline: 1002 },
    { name: "RFC 6455 §5.2 RSV2", octets: masked(0xa1, Buffer.from("a")), openline: 1002 },
  ];
  for (const { name, octets, openline, ws = openline } of violations) {
    it(`${name}: ${openline}`, async (test) => {
      const server = await serve({ port: 0, host: "127.0.0.1", message() {} });
      test.after(() => server.close());
      assert.equal(closeCodeOf(await exchangeAsClient(server.url, octets, offer)), openline, "openline");

      const wsServer = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: true });
      wsServer.on("connection", (socket) => socket.on("error", () => undefined));
      test.after(() => wsServer.close());
      await once(wsServer, "listening");
      const url = `ws://127.0.0.1:${wsServer.address().port}`;
      assert.equal(closeCodeOf(await exchangeAsClient(url, octets, offer)), ws, "ws");
    });
  }
});
