import assert from "node:assert/strict";
import { once } from "node:events";
import { constants } from "node:http2";
import { describe, it } from "node:test";
import { describeByteStream } from "../../../contract/byte-stream.js";
import { connectHttp2Pair } from "../../../support/http2-pairs.js";
import { StreamRecorder } from "../../../support/stream-recorder.js";

for (const near of ["server", "client"] as const) {
  for (const isSecure of [false, true]) {
    describeByteStream(`a ${near}'s stream of HTTP/2 ${isSecure ? "over TLS" : "in clear text"}`, {
      connect: () => connectHttp2Pair({ near, isSecure }),
      retainsWrites: false,
      remoteAddress: /^127\.0\.0\.1$/u,
    });
  }
}

describe("RFC 8441 §5 a stream of HTTP/2 that ends", () => {
  it("tells of RST_STREAM as of a reset", async (t) => {
    for (const code of [constants.NGHTTP2_CANCEL, constants.NGHTTP2_INTERNAL_ERROR]) {
      const pair = await connectHttp2Pair();
      const { near, farStream } = pair;
      t.after(() => pair.release());
      const recorder = new StreamRecorder();
      near.start(recorder);
      farStream.on("error", () => undefined);
      farStream.close(code);
      await recorder.untilEvent("closed");
      assert.equal((recorder.error as { code?: string }).code, "ECONNRESET", String(code));
    }
  });

  it("is cut with CANCEL", async (t) => {
    const pair = await connectHttp2Pair();
    const { near, farStream } = pair;
    t.after(() => pair.release());
    near.start(new StreamRecorder());
    near.destroy();
    await once(farStream, "close");
    assert.equal(farStream.rstCode, constants.NGHTTP2_CANCEL);
  });

  it("tells of a session that is gone as of a reset", async (t) => {
    const pair = await connectHttp2Pair();
    const { near, farStream } = pair;
    t.after(() => pair.release());
    const recorder = new StreamRecorder();
    near.start(recorder);
    farStream.on("error", () => undefined);
    farStream.session?.destroy();
    await recorder.untilEvent("closed");
    assert.equal((recorder.error as { code?: string }).code, "ECONNRESET");
  });
});

describe("short writes to a stream of HTTP/2", () => {
  it("are taken at once, up to 16 KiB that wait, and out of memory that may be used again", async (t) => {
    const pair = await connectHttp2Pair();
    const { near, far } = pair;
    t.after(() => pair.release());
    const recorder = new StreamRecorder();
    const farRecorder = new StreamRecorder();
    near.start(recorder);
    far.start(farRecorder);
    const memory = new Uint8Array(1024);
    const expected: number[] = [];
    // In one turn, so that nothing leaves meanwhile.
    for (let count = 0; count < 16; count++) {
      memory.fill(count);
      assert.equal(near.write([memory.subarray(0, 1000), memory.subarray(1000)]), true);
      memory.fill(0xee);
      expected.push(count);
    }
    assert.equal(near.queuedBytes, 16 * 1024);
    assert.equal(near.write([Uint8Array.of(16)]), false);
    await recorder.untilEvent("drained");
    assert.equal(near.queuedBytes, 0);
    assert.equal(recorder.count("drained"), 1);
    await farRecorder.untilReceived(16 * 1024 + 1);
    const { bytes } = farRecorder;
    assert.deepEqual(bytes, Uint8Array.from([...expected.flatMap((value) => new Array<number>(1024).fill(value)), 16]));
  });

  it("that are longer are not copied", async (t) => {
    const pair = await connectHttp2Pair();
    const { near, far } = pair;
    t.after(() => pair.release());
    const recorder = new StreamRecorder();
    near.start(recorder);
    const farRecorder = new StreamRecorder();
    far.start(farRecorder);
    assert.equal(near.write([new Uint8Array(16 * 1024 + 1)]), false);
    await recorder.untilEvent("drained");
    await farRecorder.untilReceived(16 * 1024 + 1);
  });
});
