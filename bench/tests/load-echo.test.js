/**
 * The load generator must not be fooled: whatever a server does wrong ends the run.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hasTls, runLoad, runLoadUntilWrong, startLoad } from "./support/load.js";
import { echo, frame, startServer } from "./support/servers.js";

/** Flips a bit. */
function damaged(payload, at = payload.length - 1) {
  const copy = Buffer.from(payload);
  copy[at] ^= 1;
  return copy;
}

describe("an echo server that is right", () => {
  for (const [bytes, inFlight, type] of [
    [0, 1, "binary"],
    [1, 3, "binary"],
    [64, 1, "text"],
    [64, 16, "binary"],
    [125, 2, "utf8"],
    [126, 2, "utf8"],
    [5000, 4, "utf8"],
    [40_000, 2, "binary"],
  ]) {
    it(`is measured with ${bytes} B of ${type}, ${inFlight} in flight`, async (context) => {
      const opcode = type === "binary" ? 2 : 1;
      const message = ({ socket }, payload) => {
        // What is said to be text must be: the load's payloads are to be valid for servers that look.
        if (opcode === 1) new TextDecoder("utf-8", { fatal: true }).decode(payload);
        socket.write(frame(payload, { opcode }));
      };
      const port = await startServer(context, { message });
      const args = ["--port", port, "--connections", 5, "--bytes", bytes, "--in-flight", inFlight, "--type", type];
      const { status, output, message: error } = await runLoad("echo", ...args);
      assert.equal(error, "");
      assert.equal(status, 0);
      assert.ok(output.messages > 0);
    });
  }

  it("is counted exactly", async (context) => {
    let echoed = 0;
    const port = await startServer(context, { message: (...given) => (echoed++, echo(...given)) });
    const load = startLoad(context, "echo", "--port", port, "--connections", 3, "--in-flight", 4, "--bytes", 10);
    await load.ask("start");
    await load.ask("finish");
    const { messages, payloadBytes } = await load.ask("count");
    assert.equal(messages, echoed);
    assert.equal(payloadBytes, echoed * 10);
  });

  it("may answer in pieces of any size", async (context) => {
    const message = ({ socket }, payload) => {
      for (const octet of frame(payload)) socket.write(Buffer.of(octet));
    };
    const port = await startServer(context, { message });
    const { status, message: error } = await runLoad("echo", "--port", port, "--connections", 2, "--bytes", 5);
    assert.deepEqual([status, error], [0, ""]);
  });

  it("has its round trips timed", async (context) => {
    const delayMs = 20;
    const message = (peer, payload) => void setTimeout(() => echo(peer, payload), delayMs);
    const port = await startServer(context, { message });
    const load = startLoad(context, "echo", "--port", port, "--connections", 50, "--in-flight", 16);
    await load.ask("start");
    const { latencyMicroseconds } = await load.ask("count");
    // A timer may fire a millisecond early, and a bucket is 1.6 % wide.
    assert.ok(latencyMicroseconds.p50 > (delayMs - 2) * 1000, `${latencyMicroseconds.p50}`);
    assert.ok(latencyMicroseconds.p50 <= latencyMicroseconds.p99);
    assert.ok(latencyMicroseconds.p99 <= latencyMicroseconds.p999);
    assert.ok(latencyMicroseconds.p999 <= latencyMicroseconds.highest);
    // Nothing was in flight since.
    await load.ask("finish");
    await load.ask("count");
    assert.equal((await load.ask("count")).latencyMicroseconds.highest, 0);
  });

  it("can be reached through TLS", { skip: !hasTls }, async (context) => {
    const port = await startServer(context, { tls: true });
    const args = ["--port", port, "--connections", 3, "--bytes", 20_000, "--in-flight", 2, "--tls"];
    const { status, message } = await runLoad("echo", ...args);
    assert.deepEqual([status, message], [0, ""]);
  });
});

describe("an echo server that is wrong", () => {
  /** Payloads, for those who mix them up. */
  const said = [];
  const wrongs = {
    "sends a wrong octet at first": {
      message: ({ socket }, payload, number) => socket.write(frame(number === 0 ? damaged(payload) : payload)),
      error: /wrong octet to connection \d+, after 65 right ones/u,
    },
    "sends a wrong octet in message 63": {
      message: ({ socket }, payload, number) => socket.write(frame(number === 63 ? damaged(payload, 0) : payload)),
      error: /wrong octet to connection \d+, after 4160 right ones/u,
    },
    "sends wrong octets from message 64 on": {
      message: ({ socket }, payload, number) => socket.write(frame(number >= 64 ? damaged(payload) : payload)),
      error: /wrong octet/u,
    },
    "answers with text where binary was sent": {
      message: ({ socket }, payload) => socket.write(frame(payload, { opcode: 1 })),
      error: /wrong octet to connection \d+, after 0 right ones/u,
    },
    "gives a connection what belongs to another": {
      message({ socket, index }, payload, number) {
        said[index] = payload;
        socket.write(frame(index === 1 && number > 0 ? (said[0] ?? payload) : payload));
      },
      error: /wrong octet to connection/u,
    },
    "loses an octet": {
      message: ({ socket }, payload, number) =>
        socket.write(frame(payload).subarray(0, number === 100 ? -1 : undefined)),
      error: /wrong octet|stalled/u,
    },
    "loses a message": {
      message: (peer, payload, number) => number === 100 || echo(peer, payload),
      error: /wrong octet|stalled/u,
    },
    "loses a message of one connection alone": {
      message: (peer, payload, number) => (peer.index === 0 && number === 100) || echo(peer, payload),
      error: /wrong octet|stalled/u,
    },
    "stops answering": {
      message: (peer, payload, number) => number > 100 || echo(peer, payload),
      error: /stalled: nothing came for 1 s, after \d+ messages/u,
    },
    "answers in the wrong order": {
      message({ socket }, payload, number) {
        if (number % 2 === 0) said[socket.remotePort] = payload;
        else for (const each of [payload, said[socket.remotePort]]) socket.write(frame(each));
      },
      error: /wrong octet/u,
    },
    "answers twice": {
      message: (peer, payload, number) => {
        echo(peer, payload);
        if (number === 100) echo(peer, payload);
      },
      error: /octets to connection \d+ where \d+ were due|wrong octet/u,
    },
    "sends a ping": {
      message: (peer, payload, number) => {
        if (number === 10) peer.socket.write(Buffer.of(0x89, 0));
        echo(peer, payload);
      },
      error: /wrong octet/u,
    },
    "never answers": { message: () => undefined, error: /stalled: nothing came for 1 s, after 0 messages/u },
    "ends a connection": {
      message: (peer, payload, number) => (number === 100 ? peer.socket.destroy() : echo(peer, payload)),
      error: /ended connection \d+, which was open/u,
    },
    "refuses the handshake": {
      respond: () => "HTTP/1.1 400 Bad Request\r\n\r\n",
      error: /refused the handshake: HTTP\/1\.1 400/u,
    },
    "accepts another key": {
      respond: () => `HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: ${"A".repeat(27)}=\r\n\r\n`,
      error: /wrong Sec-WebSocket-Accept/u,
    },
    "sends no accept value": {
      respond: () => "HTTP/1.1 101 Switching Protocols\r\n\r\n",
      error: /wrong Sec-WebSocket-Accept/u,
    },
    "uses an extension that nobody offered": {
      respond: (accept) =>
        `HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: ${accept}\r\n` +
        "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
      error: /uses extensions/u,
    },
    "never answers the handshake": { respond: () => "", error: /stalled/u },
  };
  for (const [what, { error, ...behavior }] of Object.entries(wrongs)) {
    it(`is caught when it ${what}`, async (context) => {
      const port = await startServer(context, behavior);
      const { status, message } = await runLoadUntilWrong("echo", "--port", port, "--connections", 4, "--in-flight", 2);
      assert.match(message, error);
      assert.equal(status, 1);
    });
  }

  it("is caught when it does not answer the last message", async (context) => {
    let isLast = false;
    const port = await startServer(context, { message: (peer, payload) => isLast || echo(peer, payload) });
    const load = startLoad(context, "echo", "--port", port, "--connections", 3);
    await load.ask("start");
    isLast = true;
    await assert.rejects(load.ask("finish"), /stalled/u);
  });

  it("is caught when what is too much comes last", async (context) => {
    let isLast = false;
    const message = (peer, payload) => {
      echo(peer, payload);
      if (isLast) echo(peer, payload);
    };
    const port = await startServer(context, { message });
    const load = startLoad(context, "echo", "--port", port, "--connections", 1);
    await load.ask("start");
    isLast = true;
    await assert.rejects(load.ask("finish"), /were due|wrong octet/u);
    assert.equal((await load.ended).status, 1);
  });

  it("is caught in a large message that is not compared whole, by its octets' number", async (context) => {
    const message = ({ socket }, payload, number) =>
      socket.write(number === 70 ? Buffer.concat([frame(payload), Buffer.of(0)]) : frame(payload));
    const port = await startServer(context, { message });
    const { status, message: error } = await runLoadUntilWrong(
      "echo",
      "--port",
      port,
      "--connections",
      1,
      "--bytes",
      50_000,
    );
    assert.match(error, /were due|wrong octet/u);
    assert.equal(status, 1);
  });
});

describe("what cannot be done", () => {
  it("is said where nobody listens", async () => {
    // Port 1 is privileged, and no service of this age is left.
    const { status, message } = await runLoadUntilWrong("echo", "--port", 1);
    assert.match(message, /could not be opened: Connection refused/u);
    assert.equal(status, 1);
  });

  for (const [args, error] of [
    [["echo", "--connections", "none"], /--connections must be a number/u],
    [["echo", "--color", "red"], /no such option: --color/u],
    [["echo", "--type", "xml"], /--type must be binary, text, utf8 or json/u],
    [["shout"], /no such mode: shout/u],
  ]) {
    it(`is said of ${args.join(" ")}`, async () => {
      const { status, message } = await runLoadUntilWrong(...args);
      assert.match(message, error);
      assert.equal(status, 1);
    });
  }
});
