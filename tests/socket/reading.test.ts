import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Connection } from "#src/protocol/index.js";
import { defaultLimits } from "#src/protocol/limits.js";
import { PauseReason, Reading } from "#src/socket/reading.js";
import { createMemoryPair } from "#src/transport/index.js";
import { CountingStream } from "../support/counting-stream.js";
import { deferred, meetRawPeer } from "../support/endpoints.js";
import { createFakePlatform } from "../support/fake-platform.js";
import { frame, sampleKey } from "../support/frames.js";
import { concat } from "../support/octets.js";
import { TaskQueue } from "../support/task-queue.js";

/** What reads a server's connection, whose texts are written down and given to `onText`. */
function setUp(onText: (text: string, reading: Reading) => void = () => undefined) {
  const texts: string[] = [];
  const { text, pool } = createFakePlatform();
  const connection = new Connection(
    { role: "server", limits: defaultLimits, text, pool },
    {
      receivedText: (received) => {
        texts.push(received);
        onText(received, reading);
      },
      receivedBinary: () => undefined,
      receivedPing: () => undefined,
      receivedPong: () => undefined,
      receivedClose: () => true,
      failed: (error) => assert.fail(error),
    },
  );
  const stream = new CountingStream(createMemoryPair({ defer: new TaskQueue().defer })[0]);
  const reading = new Reading(connection, stream);
  const receive = (...received: readonly string[]): void => {
    connection.receive(concat(...received.map((payload) => frame({ opcode: 1, payload, key: sampleKey }))));
  };
  return { reading, stream, texts, receive };
}

describe("reading", () => {
  it("stops for the first reason, and goes on when there is none left", () => {
    const { reading, stream, texts, receive } = setUp();
    assert.equal(reading.resume(PauseReason.inbox), false);
    reading.pause(PauseReason.inbox);
    reading.pause(PauseReason.output);
    reading.pause(PauseReason.inbox);
    receive("a");
    assert.deepEqual([reading.isPaused, stream.isPaused, texts], [true, true, []]);
    assert.equal(reading.resume(PauseReason.inbox), false);
    assert.equal(reading.resume(PauseReason.inbox), false);
    assert.deepEqual([reading.isPaused, stream.isPaused, texts], [true, true, []]);
    assert.equal(reading.resume(PauseReason.output), true);
    assert.deepEqual([reading.isPaused, stream.isPaused, texts], [false, false, ["a"]]);
  });

  it("stops again at what was held back, and the stream does not go on in between", () => {
    const { reading, stream, texts, receive } = setUp((received, self) => {
      if (received === "b") self.pause(PauseReason.output);
    });
    reading.pause(PauseReason.inbox);
    receive("a", "b", "c");
    assert.equal(reading.resume(PauseReason.inbox), false);
    assert.deepEqual([reading.isPaused, stream.isPaused, texts], [true, true, ["a", "b"]]);
    assert.equal(reading.resume(PauseReason.output), true);
    assert.deepEqual(texts, ["a", "b", "c"]);
  });

  it("gives out everything at its end, whatever it had stopped for", () => {
    const { reading, texts, receive } = setUp();
    reading.pause(PauseReason.inbox);
    reading.pause(PauseReason.output);
    receive("a", "b");
    reading.end();
    assert.deepEqual([reading.isPaused, texts], [false, ["a", "b"]]);
  });
});

describe("a stream that ends while reading has stopped", () => {
  it("is over when what was held back has been read", async () => {
    const handled: unknown[] = [];
    const gate = deferred();
    const { socket, peer, stream, idle } = meetRawPeer("server", {
      maxInboxBytes: 1,
      message: (_socket, message) => {
        handled.push(message);
        return gate.promise;
      },
    });
    peer.sendText("a", "b", "c");
    await idle();
    socket.streamEnded();
    await idle();
    assert.deepEqual([handled, stream.isDestroyed], [["a"], false]);
    gate.resolve();
    const { outcome, code } = await socket.closed;
    await idle();
    assert.deepEqual([handled, outcome, code], [["a", "b", "c"], "dropped", 1006]);
  });
});
