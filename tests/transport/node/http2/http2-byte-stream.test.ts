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
