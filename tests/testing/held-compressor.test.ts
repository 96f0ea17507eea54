import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Compressor, Inflation, OctetRange } from "#src/protocol/extensions/index.js";
import { isFailure } from "#src/protocol/extensions/index.js";
import { HeldCompressor } from "#src/testing/held-compressor.js";
import { createTestServer, FakeClock } from "#src/testing/index.js";
import { NodeCompressor } from "#src/transport/node/zlib/index.js";
import { type Deferred, deferred } from "../support/endpoints.js";
import { turns } from "../support/task-queue.js";

const settings = { windowBits: 15, level: 3 };
const nothing: OctetRange = { bytes: new Uint8Array(0), start: 0, end: 0 };

/** A compressor whose work on other threads is done when the test says so. */
class PendingCompressor extends NodeCompressor {
  readonly jobs: Deferred<OctetRange>[] = [];

  override deflateLater(): Promise<OctetRange> {
    const job = deferred<OctetRange>();
    this.jobs.push(job);
    return job.promise;
  }
}

describe("a compressor in virtual time", () => {
  it("tells of jobs in the order in which they were asked for, whichever is done first", async () => {
    const inner = new PendingCompressor();
    const clock = new FakeClock();
    const held: Compressor = new HeldCompressor(inner, clock);
    const told: string[] = [];
    for (const name of ["first", "second", "third"]) {
      void held.deflateLater(new Uint8Array(1), 0, 1, undefined, settings).then(
        () => told.push(name),
        () => told.push(`${name} failed`),
      );
    }
    clock.setTimer(() => told.push("timer"), 1);
    const passing = clock.advance(1);
    inner.jobs[2]?.resolve(nothing);
    inner.jobs[1]?.reject(new Error("no memory"));
    await turns(5);
    assert.deepEqual(told, []);
    inner.jobs[0]?.resolve(nothing);
    await passing;
    assert.deepEqual(told, ["first", "second failed", "third", "timer"]);
  });

  it("compresses and inflates as the one within", async () => {
    const held = new HeldCompressor(new NodeCompressor(), new FakeClock());
    const octets = Buffer.from("compressible ".repeat(1000));
    const { bytes, start, end } = await held.deflateLater(octets, 0, octets.byteLength, undefined, settings);
    const inflation: Inflation = held.inflateLater(undefined, 1_000_000);
    assert.equal(await inflation.push(bytes, start, start + 20), undefined);
    const inflated = await inflation.finish({ bytes, start: start + 20, end: end - 4 });
    assert.ok(!isFailure(inflated));
    assert.deepEqual(Buffer.from(inflated.bytes.subarray(inflated.start, inflated.end)), octets);
    assert.equal(typeof inflation.heldBytes, "number");
    const atOnce = held.deflate(octets, 0, octets.byteLength, undefined, settings);
    const back = held.inflate(
      atOnce.bytes.slice(atOnce.start, atOnce.end - 4),
      0,
      atOnce.end - 4 - atOnce.start,
      undefined,
      1e6,
    );
    assert.ok(!isFailure(back) && back.end - back.start === octets.byteLength);
    held.inflateLater(undefined, 10).abort();
  });

  it("takes no time on the clock of a server for tests", async () => {
    const server = createTestServer({ link: { latencyMs: 10 }, message: (socket, message) => socket.send(message) });
    let echoedAtMs = 0;
    const socket = await server.connect({
      message: () => {
        echoedAtMs = server.clock.now();
      },
    });
    // So long that it is compressed on another thread.
    socket.send("compressible ".repeat(20_000));
    await server.clock.advance(1000);
    assert.equal(echoedAtMs, 40);
    await server.close();
  });
});
