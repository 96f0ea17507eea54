/**
 * The load generator's other kinds of load must not be fooled either.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runLoadUntilWrong, startLoad } from "./support/load.js";
import { frame, startClient, startServer } from "./support/servers.js";

const greeting = frame(Buffer.from("subscribed"), { opcode: 1 });

/**
 * A server that sends what is published to every subscriber.
 *
 * @param {(subscriber: any, payload: Buffer, number: number) => void} deliver
 * @param {Buffer} [hello] what a subscriber is told first
 */
function broadcaster(deliver, hello = greeting) {
  const subscribers = [];
  return {
    opened(peer, path) {
      if (path !== "/subscribe") return;
      subscribers.push(peer);
      peer.socket.write(hello);
    },
    message(_publisher, payload, number) {
      for (const subscriber of subscribers) deliver(subscriber, payload, number);
    },
  };
}

const send = ({ socket }, payload) => socket.write(frame(payload));

describe("a broadcasting server", () => {
  it("has every delivery counted when it is right", async (context) => {
    let deliveries = 0;
    const deliver = (subscriber, payload) => {
      deliveries++;
      send(subscriber, payload);
    };
    const port = await startServer(context, broadcaster(deliver));
    const load = startLoad(context, "broadcast", "--port", port, "--connections", 10, "--in-flight", 3);
    await load.ask("start");
    await load.ask("finish");
    const { messages } = await load.ask("count");
    assert.equal(messages, deliveries);
    assert.equal(messages % 10, 0);
    assert.ok(messages >= 640);
  });

  const wrongs = {
    "does not greet": [broadcaster(send, frame(Buffer.from("hello"), { opcode: 1 })), /did not tell/u],
    "loses a message to one subscriber": [
      broadcaster(
        (subscriber, payload, number) => (subscriber.index === 2 && number === 9) || send(subscriber, payload),
      ),
      /wrong octet to subscriber 2|stalled/u,
    ],
    "sends a message twice": [
      broadcaster((subscriber, payload, number) => {
        send(subscriber, payload);
        if (number === 9) send(subscriber, payload);
      }),
      /wrong octet|were due/u,
    ],
    "sends messages in the wrong order": [
      (() => {
        const held = new Map();
        return broadcaster((subscriber, payload, number) => {
          if (number === 6) {
            held.set(subscriber, payload);
            return;
          }
          send(subscriber, payload);
          if (number === 7) send(subscriber, held.get(subscriber));
        });
      })(),
      /wrong octet/u,
    ],
    "sends to the publisher": [
      { ...broadcaster(send), message: ({ socket }, payload) => socket.write(frame(payload)) },
      /to the publisher/u,
    ],
    "publishes nothing": [broadcaster(() => undefined), /stalled/u],
  };
  for (const [what, [behavior, error]] of Object.entries(wrongs)) {
    it(`is caught when it ${what}`, async (context) => {
      const port = await startServer(context, behavior);
      const { status, message } = await runLoadUntilWrong(
        "broadcast",
        "--port",
        port,
        "--connections",
        5,
        "--in-flight",
        4,
      );
      assert.match(message, error);
      assert.equal(status, 1);
    });
  }
});

describe("connections", () => {
  it("are opened and held", async (context) => {
    let opened = 0;
    const port = await startServer(context, { opened: () => opened++ });
    const args = ["--port", port, "--connections", 30, "--warm-connections", 7, "--in-flight", 4];
    const load = startLoad(context, "connect", ...args);
    await load.ask("start");
    assert.equal(opened, 7);
    const { connections, seconds, latencyMicroseconds } = await load.ask("open");
    assert.equal(connections, 30);
    assert.equal(opened, 37);
    assert.ok(seconds > 0);
    assert.ok(latencyMicroseconds.p50 > 0);
    await load.ask("finish");
  });

  it("are missed when the server ends one", async (context) => {
    const peers = [];
    const port = await startServer(context, { opened: (peer) => peers.push(peer) });
    const load = startLoad(context, "connect", "--port", port, "--connections", 3);
    await load.ask("start");
    await load.ask("open");
    peers[1].socket.destroy();
    const { status, message } = await load.ended;
    assert.match(message, /ended connection \d, which was open/u);
    assert.equal(status, 1);
  });

  it("are sent nothing", async (context) => {
    const port = await startServer(context, { opened: ({ socket }) => socket.write(Buffer.of(0x89, 0)) });
    const { status, message } = await runLoadUntilWrong("connect", "--port", port, "--connections", 3);
    assert.match(message, /to which none are due/u);
    assert.equal(status, 1);
  });
});

describe("a client", () => {
  const key = Buffer.of(1, 2, 3, 4);
  const echo = (socket, payload) => socket.write(frame(payload, { key }));

  for (const [bytes, inFlight] of [
    [0, 1],
    [64, 4],
    [300, 2],
    [30_000, 1],
  ]) {
    it(`is measured when it is right, with ${bytes} B, ${inFlight} in flight`, async (context) => {
      let echoed = 0;
      const args = ["--connections", 2, "--bytes", bytes, "--in-flight", inFlight];
      const load = startLoad(context, "serve", ...args);
      const { port } = await load.ask("port");
      const started = load.ask("start");
      for (let index = 0; index < 2; index++) {
        await startClient(context, port, (socket, payload, number) => {
          echoed++;
          // A key of its own for each message.
          socket.write(frame(payload, { key: Buffer.of(number, index, 7, number >> 8) }));
        });
      }
      await started;
      await load.ask("finish");
      assert.equal((await load.ask("count")).messages, echoed);
    });
  }

  const wrongs = {
    "does not mask": [(socket, payload) => socket.write(frame(payload)), /wrong octet, after 1 right/u],
    "sends a wrong octet": [
      (socket, payload, number) => {
        if (number === 63) payload[5] ^= 1;
        echo(socket, payload);
      },
      // 63 frames of 2 octets of header, 4 of key and 64 of payload, and then 6 and 5.
      /wrong octet, after 4421 right/u,
    ],
    "masks by another key than it says": [
      (socket, payload) => {
        const octets = frame(payload, { key });
        octets[2] ^= 1;
        socket.write(octets);
      },
      /wrong octet, after 6 right/u,
    ],
    "sends wrong octets later": [
      (socket, payload, number) => {
        if (number >= 64) payload[5] ^= 1;
        echo(socket, payload);
      },
      /wrong octet/u,
    ],
    "answers twice": [
      (socket, payload, number) => {
        echo(socket, payload);
        if (number === 80) echo(socket, payload);
      },
      /were due|wrong octet/u,
    ],
    "loses a message": [(socket, payload, number) => number === 80 || echo(socket, payload), /stalled/u],
    leaves: [
      (socket, payload, number) => (number === 80 ? socket.destroy() : echo(socket, payload)),
      /ended connection 0, which was open/u,
    ],
  };
  for (const [what, [message, error]] of Object.entries(wrongs)) {
    it(`is caught when it ${what}`, async (context) => {
      const load = startLoad(context, "serve", "--connections", 1);
      const { port } = await load.ask("port");
      // It begins by itself, and goes on until something is wrong.
      const client = startClient(context, port, message);
      const { status, message: said } = await load.ended;
      assert.match(said, error);
      assert.equal(status, 1);
      await client;
    });
  }
});
