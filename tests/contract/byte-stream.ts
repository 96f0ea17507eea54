/**
 * What src/transport/byte-stream.ts promises, as tests that every byte stream runs. A transport's own test file calls
 * `describeByteStream` with a way to make two streams that are each other's peer.
 */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { describe, it } from "node:test";
import type { ByteStream } from "#src/transport/index.js";
import { patternedBytes, seededIntegers } from "../support/patterns.js";
import { StreamRecorder } from "../support/stream-recorder.js";
import { turns } from "../support/task-queue.js";
import { describeByteStreamReentrancy } from "./byte-stream-reentrancy.js";

/** Two streams joined. The contract is held against `near`; `far` is its peer, and a stream of the same kind. */
export interface ByteStreamPair {
  readonly near: ByteStream;
  readonly far: ByteStream;
  /** Frees what the pair is made of, whatever became of it. */
  release(): void | Promise<void>;
  /** Cuts `far` so that `near` gets a reset, not an end; undefined where the kind of stream knows no such thing. */
  readonly resetFar?: () => void;
}

/** A kind of byte stream. */
export interface ByteStreamKind {
  /** Makes a pair. */
  connect(): Promise<ByteStreamPair>;
  /** Makes a pair where `head` came with the upgrade: it was read before there was a stream. */
  readonly connectWithHead?: (head: Uint8Array) => Promise<ByteStreamPair>;
  /** What `retainsWrites` must be. */
  readonly retainsWrites: boolean;
  /** What `remoteAddress` must look like. */
  readonly remoteAddress: RegExp | undefined;
}

const chunkBytes = 64 * 1024;
// More than any kernel takes for a peer that does not read.
const floodBytes = 256 * 1024 * 1024;
// In this many turns whatever is on its way has arrived, and whatever is not to happen would have.
const manyTurns = 20;

/** Declares the tests. */
export function describeByteStream(name: string, kind: ByteStreamKind): void {
  async function connect(t: TestContext): Promise<ByteStreamPair> {
    const pair = await kind.connect();
    t.after(() => pair.release());
    return pair;
  }

  describe(`${name} as a byte stream`, () => {
    it("says whether it keeps what it was given, and where its peer is", async (t) => {
      const { near, far } = await connect(t);
      for (const stream of [near, far]) {
        assert.equal(stream.retainsWrites, kind.retainsWrites);
        if (kind.remoteAddress === undefined) assert.equal(stream.remoteAddress, undefined);
        else assert.match(String(stream.remoteAddress), kind.remoteAddress);
      }
    });

    it("carries octets in order, in both directions at once, whatever pieces they are written in", async (t) => {
      const { near, far } = await connect(t);
      const total = 3 * 1024 * 1024;
      const sent = [patternedBytes(total, 3), patternedBytes(total, 5)] as const;
      const received = [new StreamRecorder(), new StreamRecorder()] as const;
      const writers = [new Writer(near), new Writer(far)] as const;
      near.start(writers[0].receiver(received[0]));
      far.start(writers[1].receiver(received[1]));
      await Promise.all([
        writers[0].writeAll(randomBatches(sent[0], 7)),
        writers[1].writeAll(randomBatches(sent[1], 11)),
        received[0].untilReceived(total),
        received[1].untilReceived(total),
      ]);
      assertSameBytes(received[0].bytes, sent[1]);
      assertSameBytes(received[1].bytes, sent[0]);
    });

    it("takes writes of nothing", async (t) => {
      const { near, far } = await connect(t);
      const recorder = new StreamRecorder();
      near.start(new StreamRecorder());
      far.start(recorder);
      assert.equal(near.write([]), true);
      const writer = new Writer(near);
      near.start(writer.receiver(new StreamRecorder()));
      await writer.writeAll([[new Uint8Array(0)], [new Uint8Array(0), Uint8Array.of(1), new Uint8Array(0)]]);
      await recorder.untilReceived(1);
      assert.deepEqual([...recorder.bytes], [1]);
    });

    it("keeps what arrives before it is started", async (t) => {
      const { near, far } = await connect(t);
      far.start(new StreamRecorder());
      far.write([Uint8Array.of(1, 2, 3)]);
      await turns(manyTurns);
      const recorder = new StreamRecorder();
      near.start(recorder);
      await recorder.untilReceived(3);
      assert.deepEqual([...recorder.bytes], [1, 2, 3]);
    });

    it("calls nobody back from within a call", async (t) => {
      const { near, far } = await connect(t);
      far.start(new StreamRecorder());
      far.write([Uint8Array.of(1)]);
      await turns(manyTurns);
      let isCalling = false;
      const check = (): void => assert.equal(isCalling, false);
      const recorder = new StreamRecorder({ received: check, drained: check, ended: check, closed: check });
      const call = (method: () => void): void => {
        isCalling = true;
        method();
        isCalling = false;
      };
      call(() => near.start(recorder));
      await recorder.untilReceived(1);
      call(() => near.pause());
      far.write([Uint8Array.of(2)]);
      await turns(manyTurns);
      call(() => near.resume());
      await recorder.untilReceived(2);
      call(() => near.write([Uint8Array.of(3)]));
      call(() => near.end());
      call(() => near.destroy());
      await recorder.untilEvent("closed");
    });
  });

  describe(`${name} under backpressure`, () => {
    it("answers false when it takes no more, and drains exactly once after each false", async (t) => {
      const { near, far } = await connect(t);
      const recorder = new StreamRecorder();
      const farRecorder = new StreamRecorder();
      near.start(recorder);
      far.start(farRecorder);
      let falses = 0;
      let bytes = 0;
      for (let round = 1; round <= 3; round++) {
        far.pause();
        const filled = await fill(near, recorder);
        falses += filled.falses;
        bytes += filled.bytes;
        // Nobody reads: it must not drain.
        await turns(manyTurns);
        assert.equal(recorder.count("drained"), falses - 1);
        far.resume();
        await recorder.untilEvent("drained", falses);
        await farRecorder.untilReceived(bytes);
      }
      await turns(manyTurns);
      assert.equal(recorder.count("drained"), falses);
    });

    it("tells how much has not left, which changes when the peer takes something", async (t) => {
      const { near, far } = await connect(t);
      const recorder = new StreamRecorder();
      const farRecorder = new StreamRecorder();
      near.start(recorder);
      far.start(farRecorder);
      assert.equal(near.queuedBytes, 0);
      far.pause();
      const { bytes } = await fill(near, recorder);
      await turns(manyTurns);
      const stuck = near.queuedBytes;
      assert.ok(stuck > 0);
      await turns(manyTurns);
      assert.equal(near.queuedBytes, stuck);
      far.resume();
      await farRecorder.untilReceived(bytes);
      await recorder.untilEvent("drained");
      assert.equal(near.queuedBytes, 0);
    });

    it("does not drain after a write that was taken at once", async (t) => {
      const { near, far } = await connect(t);
      const recorder = new StreamRecorder();
      const farRecorder = new StreamRecorder();
      near.start(recorder);
      far.start(farRecorder);
      let falses = 0;
      for (let index = 0; index < 50; index++) {
        if (!near.write([Uint8Array.of(index)])) {
          falses++;
          await recorder.untilEvent("drained", falses);
        }
      }
      await farRecorder.untilReceived(50);
      await turns(manyTurns);
      assert.equal(recorder.count("drained"), falses);
    });

    it("loses nothing of what was written when it answered false", async (t) => {
      const { near, far } = await connect(t);
      const recorder = new StreamRecorder();
      near.start(recorder);
      const sent: Uint8Array[] = [];
      for (let seed = 1; ; seed++) {
        const chunk = patternedBytes(chunkBytes, seed);
        sent.push(chunk);
        if (!near.write([chunk.slice(0, 100), chunk.slice(100)])) break;
        assert.ok(seed * chunkBytes < floodBytes, "it never answers false");
      }
      const farRecorder = new StreamRecorder();
      far.start(farRecorder);
      await farRecorder.untilReceived(sent.length * chunkBytes);
      assertSameBytes(farRecorder.bytes, new Uint8Array(Buffer.concat(sent)));
      await recorder.untilEvent("drained");
    });

    it("may be written to from within its drained call", async (t) => {
      const { near, far } = await connect(t);
      const farRecorder = new StreamRecorder();
      const sent: Uint8Array[] = [];
      const write = (): boolean => {
        const chunk = patternedBytes(chunkBytes, sent.length + 1);
        sent.push(chunk);
        return near.write([chunk.slice()]);
      };
      let drains = 0;
      const recorder = new StreamRecorder({
        drained: () => {
          drains++;
          if (drains < 4) while (write());
        },
      });
      near.start(recorder);
      while (write()) assert.ok(sent.length * chunkBytes < floodBytes, "it never answers false");
      far.start(farRecorder);
      await recorder.untilEvent("drained", 4);
      await farRecorder.untilReceived(sent.length * chunkBytes);
      await turns(manyTurns);
      assert.equal(drains, 4);
      assertSameBytes(farRecorder.bytes, new Uint8Array(Buffer.concat(sent)));
    });

    if (!kind.retainsWrites) {
      it("lets memory be reused after a write that was taken, and after it has drained", async (t) => {
        const { near, far } = await connect(t);
        const recorder = new StreamRecorder();
        const farRecorder = new StreamRecorder();
        near.start(recorder);
        const memory = new Uint8Array(chunkBytes);
        const expected: Uint8Array[] = [];
        let falses = 0;
        // Into a peer that does not read, until it is full; then on, as it drains.
        for (let seed = 1; falses < 3; seed++) {
          const content = patternedBytes(chunkBytes, seed);
          expected.push(content);
          memory.set(content);
          if (!near.write([memory.subarray(0, 1000), memory.subarray(1000)])) {
            falses++;
            if (falses === 1) far.start(farRecorder);
            await recorder.untilEvent("drained", falses);
          }
          memory.fill(0xaa);
          assert.ok(seed * chunkBytes < floodBytes, "it never answers false");
          if (falses > 0 && seed % 64 === 0) await turns(1);
          if (falses > 0 && expected.length > 3000) break;
        }
        await farRecorder.untilReceived(expected.length * chunkBytes);
        assertSameBytes(farRecorder.bytes, new Uint8Array(Buffer.concat(expected)));
      });
    }

    it("delivers at most one chunk after pause, and everything else after resume", async (t) => {
      const { near, far } = await connect(t);
      const recorder = new StreamRecorder();
      near.start(recorder);
      const writer = new Writer(far);
      far.start(writer.receiver(new StreamRecorder()));
      const sent = patternedBytes(4 * 1024 * 1024, 9);
      const written = writer.writeAll(randomBatches(sent, 13));
      for (let round = 0; recorder.receivedBytes < sent.byteLength; round++) {
        near.pause();
        const before = recorder.count("received");
        await turns(manyTurns);
        assert.ok(
          recorder.count("received") - before <= 1,
          `${recorder.count("received") - before} chunks after pause`,
        );
        assert.ok(Math.max(0, ...recorder.chunkBytes) <= 1024 * 1024, "a chunk is bounded");
        const known = recorder.receivedBytes;
        near.resume();
        await recorder.until(() => recorder.receivedBytes > known || recorder.receivedBytes === sent.byteLength);
      }
      await written;
      assertSameBytes(recorder.bytes, sent);
    });

    it("may be paused and resumed from within its received call", async (t) => {
      const { near, far } = await connect(t);
      const sent = patternedBytes(1024 * 1024, 21);
      let calls = 0;
      const recorder = new StreamRecorder({
        received: () => {
          calls++;
          near.pause();
          if (calls % 3 === 0) near.resume();
          else setImmediate(() => near.resume());
        },
      });
      near.start(recorder);
      const writer = new Writer(far);
      far.start(writer.receiver(new StreamRecorder()));
      await writer.writeAll(randomBatches(sent, 17));
      await recorder.untilReceived(sent.byteLength);
      assertSameBytes(recorder.bytes, sent);
    });

    it("takes a resume that no pause came before", async (t) => {
      const { near, far } = await connect(t);
      const recorder = new StreamRecorder();
      near.start(recorder);
      near.resume();
      near.resume();
      far.start(new StreamRecorder());
      far.write([new Uint8Array([1, 2, 3])]);
      await recorder.untilReceived(3);
      near.resume();
      far.write([new Uint8Array([4])]);
      await recorder.untilReceived(4);
      assertSameBytes(recorder.bytes, new Uint8Array([1, 2, 3, 4]));
    });

    it("stops its writer while it is paused, however often pause was called", async (t) => {
      const { near, far } = await connect(t);
      const recorder = new StreamRecorder();
      const farRecorder = new StreamRecorder();
      near.start(recorder);
      far.start(farRecorder);
      near.pause();
      near.pause();
      const { bytes, falses } = await fill(far, farRecorder);
      assert.equal(farRecorder.count("drained"), falses - 1);
      near.resume();
      await farRecorder.untilEvent("drained", falses);
      await recorder.untilReceived(bytes);
    });
  });

  describe(`${name} as it ends`, () => {
    for (const first of ["near", "far"] as const) {
      it(`is half-closed when ${first} ends: the other side still writes, and then both close`, async (t) => {
        const pair = await connect(t);
        const early = pair[first];
        const late = first === "near" ? pair.far : pair.near;
        const earlyRecorder = new StreamRecorder();
        const lateRecorder = new StreamRecorder();
        early.start(earlyRecorder);
        late.start(lateRecorder);
        early.write([Uint8Array.of(1)]);
        early.end();
        await lateRecorder.untilEvent("ended");
        assert.deepEqual([...lateRecorder.bytes], [1]);
        const answer = patternedBytes(1000);
        late.write([answer]);
        await earlyRecorder.untilReceived(answer.byteLength);
        assert.equal(earlyRecorder.count("closed") + lateRecorder.count("closed"), 0);
        late.end();
        await Promise.all([earlyRecorder.untilEvent("closed"), lateRecorder.untilEvent("closed")]);
        await turns(manyTurns);
        assert.deepEqual(earlyRecorder.events.slice(-2), ["ended", "closed"]);
        assert.deepEqual(lateRecorder.events.at(-1), "closed");
        for (const recorder of [earlyRecorder, lateRecorder]) {
          assert.equal(recorder.count("ended"), 1);
          assert.equal(recorder.count("closed"), 1);
          assert.equal(recorder.error, undefined);
        }
      });
    }

    it("closes cleanly when both sides end at once, and when they end twice", async (t) => {
      const { near, far } = await connect(t);
      const recorders = [new StreamRecorder(), new StreamRecorder()];
      [near, far].forEach((stream, index) => stream.start(recorders[index] as StreamRecorder));
      for (const stream of [near, far, near, far]) stream.end();
      for (const recorder of recorders) {
        await recorder.untilEvent("closed");
        assert.deepEqual(recorder.events, ["ended", "closed"]);
        assert.equal(recorder.error, undefined);
      }
    });

    it("ends after everything written has left, even what it did not take at once", async (t) => {
      const { near, far } = await connect(t);
      const recorder = new StreamRecorder();
      near.start(recorder);
      const { bytes } = await fill(near, recorder);
      near.end();
      const farRecorder = new StreamRecorder();
      far.start(farRecorder);
      await farRecorder.untilEvent("ended");
      assert.equal(farRecorder.receivedBytes, bytes);
    });

    it("holds the end back while it is paused", async (t) => {
      const { near, far } = await connect(t);
      const recorder = new StreamRecorder();
      near.start(recorder);
      far.start(new StreamRecorder());
      near.pause();
      const sent = patternedBytes(200_000);
      far.write([sent.slice()]);
      far.end();
      await turns(manyTurns);
      assert.ok(recorder.count("received") <= 1);
      near.resume();
      await recorder.untilEvent("ended");
      assertSameBytes(recorder.bytes, sent);
      assert.equal(recorder.events.at(-1), "ended");
    });

    it("closes exactly once, last and without an error, when it is destroyed with data under way", async (t) => {
      const { near, far } = await connect(t);
      const recorder = new StreamRecorder();
      const farRecorder = new StreamRecorder({ ended: () => far.destroy() });
      near.start(recorder);
      far.start(farRecorder);
      far.pause();
      far.write([patternedBytes(500_000)]);
      await fill(near, recorder);
      const before = recorder.events.length;
      near.destroy();
      near.destroy();
      await recorder.untilEvent("closed");
      far.resume();
      await farRecorder.untilEvent("closed");
      await turns(manyTurns);
      assert.deepEqual(recorder.events.slice(before), ["closed"]);
      assert.equal(recorder.error, undefined);
      assert.equal(farRecorder.events.at(-1), "closed");
      assert.equal(farRecorder.count("closed"), 1);
    });

    it("closes when it was destroyed before it was started", async (t) => {
      const { near } = await connect(t);
      near.destroy();
      await turns(manyTurns);
      const recorder = new StreamRecorder();
      near.start(recorder);
      await recorder.untilEvent("closed");
      await turns(manyTurns);
      assert.deepEqual(recorder.events, ["closed"]);
    });

    it("delivers nothing more after it was destroyed from within its received call", async (t) => {
      const { near, far } = await connect(t);
      const recorder = new StreamRecorder({ received: () => near.destroy() });
      far.start(new StreamRecorder({ ended: () => far.destroy() }));
      for (let index = 0; index < 10; index++) far.write([patternedBytes(1000)]);
      near.start(recorder);
      await recorder.untilEvent("closed");
      await turns(manyTurns);
      assert.deepEqual(recorder.events, ["received", "closed"]);
    });

    it("may be destroyed from within its ended, drained and closed calls", async (t) => {
      const ended = await connect(t);
      const endedRecorder = new StreamRecorder({
        ended: () => ended.near.destroy(),
        closed: () => ended.near.destroy(),
      });
      ended.near.start(endedRecorder);
      ended.far.start(new StreamRecorder());
      ended.far.end();
      await endedRecorder.untilEvent("closed");

      const drained = await connect(t);
      const drainedRecorder = new StreamRecorder({ drained: () => drained.near.destroy() });
      drained.near.start(drainedRecorder);
      let bytes = 0;
      do {
        assert.ok(bytes < floodBytes, "it never answers false");
        bytes += chunkBytes;
      } while (drained.near.write([patternedBytes(chunkBytes)]));
      drained.far.start(new StreamRecorder({ ended: () => drained.far.destroy() }));
      await drainedRecorder.untilEvent("closed");

      await turns(manyTurns);
      assert.deepEqual(endedRecorder.events, ["ended", "closed"]);
      assert.deepEqual(drainedRecorder.events, ["drained", "closed"]);
    });

    it("takes every call after it has closed, and does nothing", async (t) => {
      const { near, far } = await connect(t);
      const recorder = new StreamRecorder();
      near.start(recorder);
      far.start(new StreamRecorder({ ended: () => far.destroy() }));
      near.destroy();
      await recorder.untilEvent("closed");
      near.write([Uint8Array.of(1)]);
      near.pause();
      near.resume();
      near.end();
      near.destroy();
      await turns(manyTurns);
      assert.deepEqual(recorder.events, ["closed"]);
    });

    it("reports a peer that cuts the stream as an error, once", async (t) => {
      const pair = await connect(t);
      // A kind of stream that knows no reset has nothing to report.
      if (pair.resetFar === undefined) return;
      const recorder = new StreamRecorder();
      pair.near.start(recorder);
      pair.far.start(new StreamRecorder());
      pair.near.write([Uint8Array.of(1)]);
      pair.resetFar();
      await recorder.untilEvent("closed");
      await turns(manyTurns);
      assert.equal((recorder.error as NodeJS.ErrnoException | undefined)?.code, "ECONNRESET");
      assert.equal(recorder.count("closed"), 1);
      assert.equal(recorder.events.at(-1), "closed");
    });

    it("reports an error, and throws nothing, when it writes to a peer that is gone", async (t) => {
      const { near, far } = await connect(t);
      const recorder = new StreamRecorder({ ended: () => undefined });
      near.start(recorder);
      far.start(new StreamRecorder());
      far.destroy();
      for (let attempt = 0; attempt < 1000 && recorder.count("closed") === 0; attempt++) {
        near.write([patternedBytes(1000)]);
        await turns(1);
      }
      // Some streams see the end of a peer that is gone, and only that.
      if (recorder.count("closed") === 0) near.destroy();
      await recorder.untilEvent("closed");
      assert.equal(recorder.count("closed"), 1);
    });
  });

  describe(`${name} and its receivers`, () => {
    it("hands everything to a receiver that replaces another, from the next call on", async (t) => {
      const { near, far } = await connect(t);
      const second = new StreamRecorder();
      const first = new StreamRecorder({ received: () => near.start(second) });
      near.start(first);
      far.start(new StreamRecorder());
      far.write([Uint8Array.of(1)]);
      await first.untilReceived(1);
      far.write([Uint8Array.of(2)]);
      await second.untilReceived(1);
      far.end();
      await second.untilEvent("ended");
      near.end();
      await second.untilEvent("closed");
      await turns(manyTurns);
      assert.deepEqual(first.events, ["received"]);
      assert.deepEqual(second.events, ["received", "ended", "closed"]);
    });

    it("does not begin to read again when a receiver is replaced while it is paused", async (t) => {
      const { near, far } = await connect(t);
      near.start(new StreamRecorder());
      far.start(new StreamRecorder());
      near.pause();
      const second = new StreamRecorder();
      near.start(second);
      for (let index = 0; index < 10; index++) {
        far.write([patternedBytes(1000)]);
        await turns(2);
      }
      await turns(manyTurns);
      assert.ok(second.count("received") <= 1);
      near.resume();
      await second.untilReceived(10_000);
    });

    it("tells the receiver there is then of an end that came to nobody", async (t) => {
      const { near, far } = await connect(t);
      const first = new StreamRecorder();
      near.start(first);
      far.start(new StreamRecorder());
      near.destroy();
      const second = new StreamRecorder();
      near.start(second);
      await second.untilEvent("closed");
      await turns(manyTurns);
      assert.deepEqual(first.events, []);
    });

    const { connectWithHead } = kind;
    if (connectWithHead === undefined) return;

    it("delivers what came with the upgrade before anything else", async (t) => {
      const pair = await connectWithHead(patternedBytes(5000, 31));
      t.after(() => pair.release());
      pair.far.start(new StreamRecorder());
      pair.far.write([patternedBytes(5000, 33)]);
      const recorder = new StreamRecorder();
      pair.near.start(recorder);
      await recorder.untilReceived(10_000);
      const expected = new Uint8Array(10_000);
      expected.set(patternedBytes(5000, 31));
      expected.set(patternedBytes(5000, 33), 5000);
      assertSameBytes(recorder.bytes, expected);
    });

    it("delivers what came with the upgrade even if the peer has ended since", async (t) => {
      const pair = await connectWithHead(Uint8Array.of(1, 2, 3));
      t.after(() => pair.release());
      pair.far.start(new StreamRecorder());
      pair.far.end();
      await turns(manyTurns);
      const recorder = new StreamRecorder();
      pair.near.start(recorder);
      await recorder.untilEvent("ended");
      assert.deepEqual([...recorder.bytes], [1, 2, 3]);
    });
  });

  describeByteStreamReentrancy(name, kind);
}

/** Writes as the contract demands: never before `streamDrained` where `write` has answered false. */
class Writer {
  readonly #stream: ByteStream;
  #drained: (() => void) | undefined;

  constructor(stream: ByteStream) {
    this.#stream = stream;
  }

  /** A receiver that hears of drains for this writer, and leaves the rest to `recorder`. */
  receiver(recorder: StreamRecorder): StreamRecorder {
    const drained = recorder.streamDrained.bind(recorder);
    recorder.streamDrained = (): void => {
      drained();
      this.#drained?.();
    };
    return recorder;
  }

  async writeAll(batches: Iterable<readonly Uint8Array[]>): Promise<void> {
    for (const batch of batches) {
      if (this.#stream.write(batch)) continue;
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
    }
  }
}

/** What `fill` has done. */
interface Filled {
  /** Octets written. */
  readonly bytes: number;
  /** How often `write` answered false. */
  readonly falses: number;
}

/**
 * Writes until the stream takes no more, with nobody reading at the other end. Where it answers false while what it was
 * given is still on its way to the kernel, it drains and is written to again, until it drains no more.
 */
async function fill(stream: ByteStream, recorder: StreamRecorder): Promise<Filled> {
  let bytes = 0;
  let falses = 0;
  for (;;) {
    const drained = recorder.count("drained");
    do {
      assert.ok(bytes < floodBytes, "it never stops taking more");
      bytes += chunkBytes;
    } while (stream.write([patternedBytes(chunkBytes)]));
    falses++;
    await turns(manyTurns);
    if (recorder.count("drained") === drained) return { bytes, falses };
  }
}

/** Cuts `bytes` into writes of one to five segments of random lengths, some of them empty. */
function* randomBatches(bytes: Uint8Array, seed: number): Generator<readonly Uint8Array[]> {
  const integer = seededIntegers(seed);
  let position = 0;
  while (position < bytes.byteLength) {
    const batch: Uint8Array[] = [];
    for (let segments = integer(1, 5); segments > 0; segments--) {
      const length = integer(0, 9) === 0 ? integer(0, 1) : integer(1, 40_000);
      batch.push(bytes.slice(position, position + length));
      position = Math.min(bytes.byteLength, position + length);
    }
    yield batch;
  }
}

/** As `deepEqual` would say, but without printing megabytes. */
function assertSameBytes(actual: Uint8Array, expected: Uint8Array): void {
  assert.equal(actual.byteLength, expected.byteLength);
  const difference =
    Buffer.compare(actual, expected) === 0 ? -1 : actual.findIndex((octet, at) => octet !== expected[at]);
  assert.equal(difference, -1, `octet ${difference} differs`);
}
