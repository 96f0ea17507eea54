/**
 * The load generator must not be fooled with compression either.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import { libraries } from "../load/build.js";
import { hasZlib, runLoad, runLoadUntilWrong, startLoad } from "./support/load.js";
import { frame, startServer } from "./support/servers.js";

const skip = hasZlib ? false : libraries.zlib.advice;
const tail = Buffer.of(0, 0, 0xff, 0xff);
const text = 1;
const rsv1 = 0x40;
const windowBytes = 32_768;

/** What the load has sent: none of its messages refers to another one. */
function inflated(payload) {
  return inflateRawSync(Buffer.concat([payload, tail]), { finishFlush: constants.Z_SYNC_FLUSH });
}

/** @param {Buffer} [history] what the message may refer to */
function deflated(message, history) {
  const dictionary = history === undefined || history.length === 0 ? {} : { dictionary: history };
  return deflateRawSync(message, { finishFlush: constants.Z_SYNC_FLUSH, ...dictionary }).subarray(0, -tail.length);
}

const compressedFrame = (/** @type {Buffer} */ octets) => frame(octets, { opcode: text | rsv1 });

/** The right answer: each message for itself. */
const answer = ({ socket }, payload) => socket.write(compressedFrame(deflated(inflated(payload))));

/** Answers that refer to what went before, one for each connection. */
function createTakeover(encode) {
  const histories = [];
  return ({ socket, index }, payload) => {
    const message = inflated(payload);
    const history = histories[index] ?? Buffer.alloc(0);
    socket.write(encode(message, history));
    histories[index] = Buffer.concat([history, message]).subarray(-windowBytes);
  };
}

/** @param {string} [parameters] of the answer */
function agree(parameters = "") {
  return (/** @type {string} */ accept) =>
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
    `Sec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Extensions: permessage-deflate${parameters}\r\n\r\n`;
}

const options = ["--deflate", "--type", "json", "--bytes", 600];

describe("a server that compresses and is right", { skip }, () => {
  const servers = {
    "each message for itself": { message: answer },
    "referring to earlier messages": {
      message: createTakeover((message, history) => compressedFrame(deflated(message, history))),
    },
    "with a final block in each message": {
      message: createTakeover((message, history) => {
        const dictionary = history.length === 0 ? {} : { dictionary: history };
        return compressedFrame(Buffer.concat([deflateRawSync(message, dictionary), Buffer.of(0)]));
      }),
    },
    "now and then": {
      message: (peer, payload, number) =>
        number % 3 === 0 ? peer.socket.write(frame(inflated(payload), { opcode: text })) : answer(peer, payload),
    },
    "in fragments": {
      message({ socket }, payload) {
        const octets = deflated(inflated(payload));
        const first = frame(octets.subarray(0, 5), { opcode: text | rsv1 });
        first[0] &= 0x7f;
        const rest = frame(octets.subarray(5), { opcode: 0 });
        socket.write(Buffer.concat([first, rest]));
      },
    },
    "octet by octet": {
      message({ socket }, payload) {
        for (const octet of compressedFrame(deflated(inflated(payload)))) socket.write(Buffer.of(octet));
      },
    },
    "with a window for the client that is long enough": {
      respond: agree("; server_no_context_takeover; client_max_window_bits=10"),
      message: answer,
    },
  };
  for (const [how, behavior] of Object.entries(servers)) {
    it(`is measured: ${how}`, async (context) => {
      const port = await startServer(context, { respond: agree(), ...behavior });
      const args = ["--port", port, "--connections", 3, "--in-flight", 4, ...options];
      const { status, output, message } = await runLoad("echo", ...args);
      assert.deepEqual([status, message], [0, ""]);
      assert.ok(output.messages > 0);
      assert.ok(output.receivedBytesPerMessage > 0);
    });
  }

  it("is sent JSON that differs, of exactly the length that was asked for", async (context) => {
    for (const bytes of [1, 2, 40, 90, 125, 1024, 70_000]) {
      const seen = new Set();
      const message = (peer, payload) => {
        const sent = inflated(payload);
        assert.equal(sent.length, bytes);
        JSON.parse(sent.toString());
        seen.add(sent.toString());
        peer.socket.write(
          frame(sent.length < 60_000 ? sent : deflated(sent), { opcode: sent.length < 60_000 ? 1 : 65 }),
        );
      };
      const port = await startServer(context, { respond: agree(), message });
      const args = ["--port", port, "--connections", 2, "--deflate", "--type", "json", "--bytes", bytes];
      const { status, message: error } = await runLoad("echo", ...args);
      assert.deepEqual([status, error], [0, ""]);
      if (bytes >= 40) assert.equal(seen.size, 128, `${bytes} B`);
    }
  });

  it("has its messages and octets counted exactly", async (context) => {
    let echoed = 0;
    let octets = 0;
    const message = ({ socket }, payload) => {
      const reply = compressedFrame(deflated(inflated(payload)));
      echoed++;
      octets += reply.length;
      socket.write(reply);
    };
    const port = await startServer(context, { respond: agree(), message });
    const load = startLoad(context, "echo", "--port", port, "--connections", 3, ...options);
    await load.ask("start");
    await load.ask("finish");
    const { messages, receivedBytes } = await load.ask("count");
    assert.deepEqual([messages, receivedBytes], [echoed, octets]);
  });
});

describe("a server that compresses and is wrong", { skip }, () => {
  /** Payloads, for those who mix them up. */
  const said = [];
  /** The answer, but for one message. */
  const butFor = (wrongNumber, wrong) => ({
    message: (peer, payload, number) => (number === wrongNumber ? wrong(peer, payload) : answer(peer, payload)),
  });
  const damage = (peer, payload) => {
    const message = inflated(payload);
    message[message.length - 5] ^= 1;
    peer.socket.write(compressedFrame(deflated(message)));
  };
  const wrongs = {
    "sends a wrong octet at first": [butFor(0, damage), /wrong message to connection \d, after 0 right/u],
    "sends a wrong octet in message 63": [butFor(63, damage), /wrong message to connection \d, after 63 right/u],
    "sends a wrong octet later, to the connection that is followed": [
      {
        message: (peer, payload, number) =>
          peer.index === 0 && number === 200 ? damage(peer, payload) : answer(peer, payload),
      },
      /wrong message to connection 0, after 200 right/u,
    ],
    "sends what is no deflate stream": [
      butFor(5, ({ socket }) => socket.write(compressedFrame(Buffer.of(7, 7)))),
      /wrong message to connection \d, after 5 right/u,
    ],
    "sends a message that is too short": [
      butFor(5, ({ socket }, payload) => socket.write(compressedFrame(deflated(inflated(payload).subarray(0, -1))))),
      /ends too early to connection \d, after 5 right/u,
    ],
    "sends a message that is too long": [
      butFor(5, ({ socket }, payload) =>
        socket.write(compressedFrame(deflated(Buffer.concat([inflated(payload), Buffer.of(0)])))),
      ),
      /wrong message to connection \d, after 5 right/u,
    ],
    "sends an uncompressed message that is wrong": [
      butFor(5, ({ socket }, payload) => socket.write(frame(inflated(payload).reverse(), { opcode: text }))),
      /wrong message to connection \d, after 5 right/u,
    ],
    "says that a message is compressed that is not": [
      butFor(5, ({ socket }, payload) => socket.write(compressedFrame(inflated(payload)))),
      /wrong message|too early/u,
    ],
    "refers to more than it has sent": [
      {
        message: ({ socket }, payload) => {
          const message = inflated(payload);
          socket.write(compressedFrame(deflated(message, message)));
        },
      },
      /wrong message to connection \d, after 0 right/u,
    ],
    "answers with binary": [
      butFor(70, ({ socket }, payload) => socket.write(frame(deflated(inflated(payload)), { opcode: 2 | rsv1 }))),
      /frame of another kind to connection \d, after 70 right/u,
    ],
    "sets another reserved bit": [
      butFor(70, ({ socket }, payload) => socket.write(frame(deflated(inflated(payload)), { opcode: text | 0x20 }))),
      /reserved bits/u,
    ],
    "masks its frames": [
      butFor(70, ({ socket }, payload) =>
        socket.write(frame(deflated(inflated(payload)), { opcode: text | rsv1, key: Buffer.of(0, 0, 0, 0) })),
      ),
      /masked frame/u,
    ],
    "sends a ping": [butFor(70, ({ socket }) => socket.write(Buffer.of(0x89, 0))), /frame of another kind/u],
    "gives a connection what belongs to another": [
      {
        message(peer, payload, number) {
          said[peer.index] = payload;
          answer(peer, peer.index === 1 && number > 0 ? (said[0] ?? payload) : payload);
        },
      },
      /wrong message to connection/u,
    ],
    "loses a message at the beginning": [
      { message: (peer, payload, number) => number === 10 || answer(peer, payload) },
      /wrong message|stalled/u,
    ],
    "loses a message later": [
      { message: (peer, payload, number) => number === 100 || answer(peer, payload) },
      /wrong message|stalled/u,
    ],
    "answers twice": [
      butFor(100, (peer, payload) => {
        answer(peer, payload);
        answer(peer, payload);
        answer(peer, payload);
        answer(peer, payload);
      }),
      /were due|wrong message/u,
    ],
    "does not compress": [{ respond: undefined }, /does not use permessage-deflate/u],
    "uses another extension": [{ respond: (accept) => agree()(accept).replace("deflate", "bzip2") }, /not offered/u],
    "uses a second extension": [{ respond: agree(", permessage-deflate") }, /not offered/u],
    "gives the client a window shorter than a message": [
      { respond: agree("; client_max_window_bits=9") },
      /a window of 512 octets, shorter than a message of 600/u,
    ],
    "gives the client a window that there is not": [
      { respond: agree("; client_max_window_bits=16") },
      /invalid client_max_window_bits/u,
    ],
  };
  for (const [what, [behavior, error]] of Object.entries(wrongs)) {
    it(`is caught when it ${what}`, async (context) => {
      const port = await startServer(context, { respond: agree(), message: answer, ...behavior });
      const { status, message } = await runLoadUntilWrong(
        "echo",
        "--port",
        port,
        "--connections",
        3,
        "--in-flight",
        2,
        ...options,
      );
      assert.match(message, error);
      assert.equal(status, 1);
    });
  }
});

describe("a server that broadcasts with compression", { skip }, () => {
  /**
   * @param {(subscriber: any, octets: Buffer, number: number) => void} deliver
   * @param {Buffer} [hello]
   */
  function broadcaster(deliver, hello = frame(Buffer.from("subscribed"), { opcode: text })) {
    const subscribers = [];
    return {
      respond: agree(),
      opened(peer, path) {
        if (path !== "/subscribe") return;
        subscribers.push(peer);
        peer.socket.write(hello);
      },
      message(_publisher, payload, number) {
        const octets = compressedFrame(deflated(inflated(payload)));
        for (const subscriber of subscribers) deliver(subscriber, octets, number);
      },
    };
  }
  const send = ({ socket }, octets) => socket.write(octets);

  for (const [how, hello] of [
    ["with a plain greeting", undefined],
    ["with a compressed greeting", compressedFrame(deflated(Buffer.from("subscribed")))],
  ]) {
    it(`has every delivery counted when it is right, ${how}`, async (context) => {
      let deliveries = 0;
      const deliver = (...given) => {
        deliveries++;
        send(...given);
      };
      const port = await startServer(context, broadcaster(deliver, hello));
      const args = ["--port", port, "--connections", 5, "--in-flight", 3, ...options];
      const load = startLoad(context, "broadcast", ...args);
      await load.ask("start");
      await load.ask("finish");
      assert.equal((await load.ask("count")).messages, deliveries);
    });
  }

  const wrongs = {
    "does not greet": [broadcaster(send, frame(Buffer.from("hello"), { opcode: text })), /too early|wrong message/u],
    "loses a message to one subscriber": [
      broadcaster((subscriber, octets, number) => (subscriber.index === 2 && number === 9) || send(subscriber, octets)),
      /wrong message to connection 2|stalled/u,
    ],
    "sends a message twice": [
      broadcaster((subscriber, octets, number) => {
        send(subscriber, octets);
        if (number === 9) send(subscriber, octets);
      }),
      /wrong message|were due/u,
    ],
    "sends to the publisher": [{ ...broadcaster(send), message: answer }, /to the publisher/u],
  };
  for (const [what, [behavior, error]] of Object.entries(wrongs)) {
    it(`is caught when it ${what}`, async (context) => {
      const port = await startServer(context, behavior);
      const args = ["--port", port, "--connections", 4, "--in-flight", 3, ...options];
      const { status, message } = await runLoadUntilWrong("broadcast", ...args);
      assert.match(message, error);
      assert.equal(status, 1);
    });
  }
});

describe("connections with compression", { skip }, () => {
  it("are open when one message has come back", async (context) => {
    let messages = 0;
    const message = (peer, payload) => {
      messages++;
      answer(peer, payload);
    };
    const port = await startServer(context, { respond: agree(), message });
    const args = ["--port", port, "--connections", 20, "--warm-connections", 5, "--in-flight", 4, ...options];
    const load = startLoad(context, "connect", ...args);
    await load.ask("start");
    assert.equal(messages, 5);
    assert.equal((await load.ask("open")).connections, 20);
    assert.equal(messages, 25);
    await load.ask("finish");
  });

  for (const [what, message, error] of [
    [
      "is not the one that was sent",
      (peer) => peer.socket.write(compressedFrame(deflated(Buffer.from("1")))),
      /wrong message/u,
    ],
    ["never comes back", () => undefined, /stalled/u],
    [
      "comes back twice",
      (peer, payload) => {
        answer(peer, payload);
        answer(peer, payload);
      },
      /where 1 was due|to which none are due/u,
    ],
  ]) {
    it(`are wrong when it ${what}`, async (context) => {
      const port = await startServer(context, { respond: agree(), message });
      const { status, message: said } = await runLoadUntilWrong(
        "connect",
        "--port",
        port,
        "--connections",
        3,
        ...options,
      );
      assert.match(said, error);
      assert.equal(status, 1);
    });
  }
});
