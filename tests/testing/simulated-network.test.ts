import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FakeClock } from "#src/testing/fake-clock.js";
import type { LinkOptions } from "#src/testing/index.js";
import { SeededRandom } from "#src/testing/seeded-random.js";
import { SimulatedLink } from "#src/testing/simulated-network.js";
import { StreamResetError } from "#src/transport/index.js";
import { type ByteStreamKind, describeByteStream } from "../contract/byte-stream.js";
import { patternedBytes } from "../support/patterns.js";
import { StreamRecorder } from "../support/stream-recorder.js";

function createLink(options: LinkOptions = {}, seed = 1) {
  const clock = new FakeClock();
  let ended = 0;
  const link = new SimulatedLink(clock, new SeededRandom(seed), options, "memory", () => ended++);
  return { clock, link, endings: () => ended };
}

function kind(options: LinkOptions): ByteStreamKind {
  return {
    retainsWrites: false,
    remoteAddress: /^(?:memory|server)$/,
    connect: async () => {
      const { link } = createLink(options);
      return { near: link.client, far: link.server, release: () => undefined, resetFar: () => link.server.destroy() };
    },
  };
}

describeByteStream("a simulated link", kind({}));
describeByteStream("a simulated link that cuts at random", kind({ maxPieceBytes: 100_000 }));

/** A link whose ends write down what they hear. */
function joined(options: LinkOptions = {}, seed = 1) {
  const made = createLink(options, seed);
  const client = new StreamRecorder();
  const server = new StreamRecorder();
  made.link.client.start(client);
  made.link.server.start(server);
  return { ...made, client, server };
}

describe("a simulated link", () => {
  it("takes the time that latency and bandwidth cost, and no more", async () => {
    const { clock, link, server } = joined({ latencyMs: 30, bytesPerSecond: 1000 });
    link.client.write([new Uint8Array(50)]);
    await clock.advance(29);
    assert.equal(server.receivedBytes, 0);
    await clock.advance(51);
    assert.equal(server.receivedBytes, 50);
    link.client.write([new Uint8Array(100)]);
    link.client.write([new Uint8Array(1)]);
    await clock.advance(130);
    assert.equal(server.receivedBytes, 50);
    await clock.advance(1);
    assert.equal(server.receivedBytes, 151);
  });

  it("never lets octets overtake each other, whatever the jitter", async () => {
    const { clock, link, server } = joined({ latencyMs: 5, jitterMs: 100, maxPieceBytes: 7 }, 7);
    const sent = patternedBytes(1000);
    for (let start = 0; start < 1000; start += 10) {
      link.client.write([sent.subarray(start, start + 10)]);
      await clock.advance(1);
    }
    await clock.advance(1000);
    assert.deepEqual(server.bytes, sent);
    assert.ok(server.chunkBytes.length > 200);
  });

  it("is the same with the same seed, and another with another", async () => {
    async function chunks(seed: number) {
      const { clock, link, server } = joined({ jitterMs: 10, maxPieceBytes: 100 }, seed);
      link.client.write([new Uint8Array(5000)]);
      await clock.advance(1000);
      return server.chunkBytes;
    }
    assert.deepEqual(await chunks(3), await chunks(3));
    assert.notDeepEqual(await chunks(3), await chunks(4));
  });

  it("holds back one direction while it is stalled, and stops its writer", async () => {
    const { clock, link, client, server } = joined();
    link.stall("to-server");
    assert.equal(link.client.write([new Uint8Array(100_000)]), false);
    link.server.write([new Uint8Array(3)]);
    await clock.advance(10_000);
    assert.equal(server.receivedBytes, 0);
    assert.equal(client.receivedBytes, 3);
    assert.equal(client.count("drained"), 0);
    assert.equal(link.bytesUnderWay("to-server"), 100_000);
    link.unstall("to-server");
    await clock.settle();
    assert.equal(server.receivedBytes, 100_000);
    assert.equal(client.count("drained"), 1);
    assert.equal(link.carriedBytes("to-server"), 100_000);
  });

  it("goes silent: nothing arrives, not even an end or a cut, and whoever writes is stopped", async () => {
    const { clock, link, client, server } = joined({ latencyMs: 10 });
    link.client.write([new Uint8Array(5)]);
    await clock.advance(5);
    link.goSilent();
    for (let writes = 0; writes < 20; writes++) link.client.write([new Uint8Array(10_000)]);
    await clock.advance(100_000);
    assert.equal(server.receivedBytes, 0);
    assert.equal(client.count("drained"), 0);
    link.client.destroy();
    await clock.advance(100_000);
    assert.equal(client.count("closed"), 1);
    assert.equal(server.count("closed"), 0);
    link.server.destroy();
    await clock.settle();
    assert.equal(link.isOver, true);
    assert.equal(clock.pendingTimers, 0);
  });

  it("is reset: both ends hear of it, and what was under way is lost", async () => {
    const { clock, link, client, server, endings } = joined({ latencyMs: 10 });
    link.client.write([new Uint8Array(5)]);
    link.reset();
    await clock.advance(100);
    for (const end of [client, server]) {
      assert.equal(end.count("closed"), 1);
      assert.ok(end.error instanceof StreamResetError);
      assert.equal(end.receivedBytes, 0);
    }
    assert.equal(endings(), 1);
    assert.equal(clock.pendingTimers, 0);
  });

  it("may become another", async () => {
    const { clock, link, server } = joined({ latencyMs: 10 });
    link.change({ latencyMs: 500 });
    link.client.write([new Uint8Array(1)]);
    await clock.advance(499);
    assert.equal(server.receivedBytes, 0);
    await clock.advance(1);
    assert.equal(server.receivedBytes, 1);
  });

  it("sends what `tamper` makes of what is written", async () => {
    const directions: string[] = [];
    const { clock, link, client, server } = joined({
      tamper: (octets, direction) => {
        directions.push(direction);
        return direction === "to-client" ? [] : [octets, octets.map((octet) => octet ^ 0xff)];
      },
    });
    link.client.write([Uint8Array.of(1, 2)]);
    link.server.write([Uint8Array.of(3)]);
    await clock.settle();
    assert.deepEqual([...server.bytes], [1, 2, 254, 253]);
    assert.equal(client.receivedBytes, 0);
    assert.deepEqual(directions, ["to-server", "to-client"]);
  });

  it("delivers what was put back before everything else", async () => {
    const { clock, link, server } = joined();
    link.client.write([Uint8Array.of(3, 4)]);
    link.server.unread(Uint8Array.of(1, 2));
    link.server.unread(new Uint8Array(0));
    await clock.settle();
    assert.deepEqual([...server.bytes], [1, 2, 3, 4]);
  });
});
