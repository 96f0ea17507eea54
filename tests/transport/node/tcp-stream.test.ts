import assert from "node:assert/strict";
import { Duplex, duplexPair } from "node:stream";
import { describe, it } from "node:test";
import { NodeByteStream } from "#src/transport/node/index.js";
import { describeByteStream } from "../../contract/byte-stream.js";
import { StreamRecorder } from "../../support/stream-recorder.js";
import { turns } from "../../support/task-queue.js";
import { connectTcpPair, connectTlsPair } from "../../support/tcp-pairs.js";

describeByteStream("a TCP socket", {
  connect: () => connectTcpPair(),
  connectWithHead: (head) => connectTcpPair(head),
  retainsWrites: false,
  remoteAddress: /^127\.0\.0\.1$/,
});

describeByteStream("a TLS socket", {
  connect: () => connectTlsPair(),
  connectWithHead: (head) => connectTlsPair(head),
  // OpenSSL encrypts, or copies, within the call.
  retainsWrites: false,
  remoteAddress: /^127\.0\.0\.1$/,
});

describeByteStream("any other Duplex", {
  connect: async () => {
    const [nearSide, farSide] = duplexPair();
    dieTogether(nearSide, farSide);
    return {
      near: new NodeByteStream(nearSide),
      far: new NodeByteStream(farSide),
      release: () => {
        nearSide.destroy();
        farSide.destroy();
      },
    };
  },
  retainsWrites: true,
  remoteAddress: undefined,
});

/** A side that is cut cuts the other, as a network does; by itself the pair would leave it waiting. */
function dieTogether(...sides: readonly [Duplex, Duplex]): void {
  sides.forEach((side, index) => {
    side.on("close", () => {
      if (!side.readableEnded || !side.writableFinished) sides[1 - index]?.destroy();
    });
  });
}

describe("a Node socket", () => {
  it("keeps the process alive through errors that come before it is started and after it has closed", async () => {
    const socket = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
    const stream = new NodeByteStream(socket);
    socket.destroy(new Error("early"));
    await turns(2);
    const recorder = new StreamRecorder();
    stream.start(recorder);
    await recorder.untilEvent("closed");
    socket.emit("error", new Error("late"));
    assert.equal(recorder.error?.message, "early");
    assert.equal(recorder.count("closed"), 1);
  });

  it("reports the first of several errors", async () => {
    const socket = new Duplex({
      read: () => undefined,
      write: (_chunk, _encoding, done) => done(),
      destroy: (_error, done) => done(new Error("first")),
    });
    const recorder = new StreamRecorder();
    new NodeByteStream(socket).start(recorder);
    socket.destroy();
    await recorder.untilEvent("closed");
    socket.emit("error", new Error("second"));
    assert.equal(recorder.error?.message, "first");
  });
});
