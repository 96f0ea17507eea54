import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { describe, it } from "node:test";
import { isStreamHandle } from "#src/transport/node/handle/binding.js";
import { HandleTransport, loadStreamBinding, nodeTurns } from "#src/transport/node/index.js";
import { describeByteStream } from "../../../contract/byte-stream.js";
import { StreamRecorder } from "../../../support/stream-recorder.js";
import { turns } from "../../../support/task-queue.js";
import { connectAdoptedPair, connectHandlePair } from "../../../support/tcp-pairs.js";

describeByteStream("a TCP socket's handle", {
  connect: () => connectHandlePair(),
  connectWithHead: (head) => connectHandlePair(head),
  retainsWrites: false,
  remoteAddress: /^127\.0\.0\.1$/,
});

describeByteStream("a TCP handle that never had a socket", {
  connect: connectAdoptedPair,
  retainsWrites: false,
  remoteAddress: /^127\.0\.0\.1$/,
});

describe("a handle stream that gives its handle back", () => {
  async function start(t: TestContext) {
    const pair = await connectAdoptedPair();
    t.after(() => pair.release());
    const near = pair.near;
    const recorder = new StreamRecorder();
    near.start(recorder);
    const farRecorder = new StreamRecorder();
    pair.far.start(farRecorder);
    return { near, far: pair.far, recorder, farRecorder };
  }

  it("tells nobody anything afterwards, not even of its end, and does nothing more", async (t) => {
    const { near, far, recorder, farRecorder } = await start(t);
    const handle = near.release();
    assert.ok(isStreamHandle(handle));
    t.after(() => handle.close());
    far.write([Uint8Array.of(1)]);
    assert.equal(near.write([Uint8Array.of(2)]), true);
    near.resume();
    near.end();
    near.destroy();
    await turns(20);
    assert.deepEqual([recorder.events, farRecorder.events], [[], []]);
  });

  it("gives it once", async (t) => {
    const { near } = await start(t);
    const handle = near.release();
    t.after(() => handle?.close());
    assert.equal(near.release(), null);
  });

  it("gives none where it was destroyed", async (t) => {
    const { near, recorder } = await start(t);
    near.destroy();
    assert.equal(near.release(), null);
    await turns(20);
    assert.deepEqual(recorder.events, []);
  });

  it("leaves a handle that another stream may adopt, with what arrives from then on", async (t) => {
    const { near, far, recorder, farRecorder } = await start(t);
    far.write([Uint8Array.of(1)]);
    await recorder.untilReceived(1);
    const handle = near.release() ?? assert.fail();
    far.write([Uint8Array.of(2, 3)]);
    await turns(20);
    const binding = loadStreamBinding() ?? assert.fail();
    const second = new HandleTransport(binding, nodeTurns).adopt(handle);
    t.after(() => second.destroy());
    assert.equal(second.remoteAddress, "127.0.0.1");
    const secondRecorder = new StreamRecorder();
    second.start(secondRecorder);
    await secondRecorder.untilReceived(2);
    assert.deepEqual([...secondRecorder.bytes], [2, 3]);
    second.write([Uint8Array.of(4)]);
    await farRecorder.untilReceived(1);
    far.end();
    second.end();
    await Promise.all([secondRecorder.untilEvent("closed"), farRecorder.untilEvent("closed")]);
    assert.deepEqual([...recorder.bytes], [1]);
    assert.equal(recorder.count("closed"), 0);
  });

  it("may do so from within its received call", async (t) => {
    const pair = await connectAdoptedPair();
    t.after(() => pair.release());
    const near = pair.near;
    let handle: { close(): void } | null = null;
    const recorder = new StreamRecorder({
      received: () => {
        handle = near.release();
      },
    });
    t.after(() => handle?.close());
    near.start(recorder);
    pair.far.start(new StreamRecorder());
    pair.far.write([Uint8Array.of(1)]);
    await recorder.untilReceived(1);
    pair.far.write([Uint8Array.of(2)]);
    pair.far.end();
    await turns(20);
    assert.notEqual(handle, null);
    assert.deepEqual(recorder.events, ["received"]);
  });
});

describe("a handle stream that redirects octets", () => {
  it("gives them to the receiver there is then", async (t) => {
    const pair = await connectAdoptedPair();
    t.after(() => pair.release());
    const near = pair.near;
    const second = new StreamRecorder();
    near.start({
      streamReceived: (bytes, from, to) => {
        near.start(second);
        near.redirect(bytes, from + 1, to);
      },
      streamDrained: () => undefined,
      streamEnded: () => assert.fail("it was replaced"),
      streamClosed: () => assert.fail("it was replaced"),
    });
    pair.far.start(new StreamRecorder());
    pair.far.write([Uint8Array.of(1, 2, 3)]);
    await second.untilReceived(2);
    assert.deepEqual([...second.bytes], [2, 3]);
  });

  it("gives none where it was destroyed meanwhile", async (t) => {
    const pair = await connectAdoptedPair();
    t.after(() => pair.release());
    const near = pair.near;
    const recorder = new StreamRecorder();
    near.start(recorder);
    near.destroy();
    near.redirect(Uint8Array.of(1), 0, 1);
    await recorder.untilEvent("closed");
    assert.deepEqual(recorder.events, ["closed"]);
  });
});
