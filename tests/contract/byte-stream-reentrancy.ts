/**
 * The part of the byte stream contract that is about calls of a stream's methods from within what it tells its receiver.
 */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { describe, it } from "node:test";
import { patternedBytes } from "../support/patterns.js";
import { StreamRecorder } from "../support/stream-recorder.js";
import { turns } from "../support/task-queue.js";
import type { ByteStreamKind, ByteStreamPair } from "./byte-stream.js";

const chunkBytes = 64 * 1024;
const floodBytes = 256 * 1024 * 1024;
const manyTurns = 20;

/** Declares the tests. */
export function describeByteStreamReentrancy(name: string, kind: ByteStreamKind): void {
  async function connect(t: TestContext): Promise<ByteStreamPair> {
    const pair = await kind.connect();
    t.after(() => pair.release());
    return pair;
  }

  describe(`${name}, called from within its received call`, () => {
    it("takes writes, which leave in order and reach nobody from within", async (t) => {
      const { near, far } = await connect(t);
      let isWithin = false;
      let count = 0;
      const recorder = new StreamRecorder({
        received: (chunk) => {
          assert.equal(isWithin, false);
          isWithin = true;
          for (let index = 0; index < chunk.byteLength; index++) near.write([Uint8Array.of(count++)]);
          isWithin = false;
        },
        drained: () => assert.equal(isWithin, false),
      });
      const farRecorder = new StreamRecorder();
      near.start(recorder);
      far.start(farRecorder);
      // Few enough for any stream to take them within the call.
      far.write([new Uint8Array(5)]);
      await farRecorder.untilReceived(5);
      assert.deepEqual([...farRecorder.bytes], [0, 1, 2, 3, 4]);
    });

    it("ends: what was written before leaves first, and the peer may go on", async (t) => {
      const { near, far } = await connect(t);
      const answer = patternedBytes(chunkBytes, 3);
      let calls = 0;
      const recorder = new StreamRecorder({
        received: () => {
          if (calls++ > 0) return;
          near.write([answer]);
          near.end();
        },
      });
      const farRecorder = new StreamRecorder({ ended: () => void far.write([Uint8Array.of(2)]) });
      near.start(recorder);
      far.start(farRecorder);
      far.write([Uint8Array.of(1)]);
      await farRecorder.untilEvent("ended");
      assert.deepEqual(farRecorder.bytes, patternedBytes(chunkBytes, 3));
      await recorder.untilReceived(2);
      assert.deepEqual([...recorder.bytes], [1, 2]);
      far.end();
      await recorder.untilEvent("closed");
      assert.equal(recorder.error, undefined);
      assert.deepEqual(recorder.events.slice(-2), ["ended", "closed"]);
    });

    it("pauses: no more than one chunk comes before it is resumed, in order, and the end after all of them", async (t) => {
      const { near, far } = await connect(t);
      const sent = patternedBytes(10 * chunkBytes, 5);
      far.start(new StreamRecorder());
      // All of it, and the end, are there before anything is read.
      far.write([sent.slice()]);
      far.end();
      await turns(manyTurns);
      const recorder = new StreamRecorder({ received: () => near.pause() });
      near.start(recorder);
      while (recorder.count("ended") === 0) {
        await turns(manyTurns);
        const known = recorder.events.length;
        await turns(manyTurns);
        assert.equal(recorder.events.length, known, "it goes on while it is paused");
        if (recorder.receivedBytes < sent.byteLength) assert.equal(recorder.count("ended"), 0);
        near.resume();
        // The end may have come with the last octets.
        await recorder.until(() => recorder.events.length > known || recorder.count("ended") > 0);
      }
      assert.equal(recorder.receivedBytes, sent.byteLength);
      assert.deepEqual(recorder.bytes, sent);
      assert.equal(recorder.events.at(-1), "ended");
    });

    it("pauses at the last octet: the end comes once, and nothing else", async (t) => {
      const { near, far } = await connect(t);
      far.start(new StreamRecorder());
      far.write([Uint8Array.of(1)]);
      far.end();
      await turns(manyTurns);
      const recorder = new StreamRecorder({ received: () => near.pause() });
      near.start(recorder);
      await recorder.untilReceived(1);
      await turns(manyTurns);
      near.resume();
      await recorder.untilEvent("ended");
      near.end();
      await recorder.untilEvent("closed");
      assert.deepEqual(recorder.events, ["received", "ended", "closed"]);
      assert.equal(recorder.error, undefined);
    });

    it("is destroyed with octets and an end held back: only the close follows", async (t) => {
      const { near, far } = await connect(t);
      far.start(new StreamRecorder());
      far.write([patternedBytes(10 * chunkBytes)]);
      far.end();
      await turns(manyTurns);
      const recorder = new StreamRecorder({ received: () => near.pause() });
      near.start(recorder);
      await recorder.untilEvent("received");
      await turns(manyTurns);
      near.resume();
      near.destroy();
      const known = recorder.events.length;
      await recorder.untilEvent("closed");
      await turns(manyTurns);
      assert.deepEqual(recorder.events.slice(known), ["closed"]);
    });
  });

  describe(`${name}, called from within its drained call`, () => {
    /** Writes until the stream takes no more, its peer not having been started. */
    const fillUp = (pair: ByteStreamPair): number => {
      let bytes = 0;
      do {
        assert.ok(bytes < floodBytes, "it never answers false");
        bytes += chunkBytes;
      } while (pair.near.write([patternedBytes(chunkBytes)]));
      return bytes;
    };

    it("ends: everything has left, and the peer may go on", async (t) => {
      const pair = await connect(t);
      const { near, far } = pair;
      const recorder = new StreamRecorder({ drained: () => near.end() });
      near.start(recorder);
      const bytes = fillUp(pair);
      const farRecorder = new StreamRecorder();
      far.start(farRecorder);
      await farRecorder.untilEvent("ended");
      assert.equal(farRecorder.receivedBytes, bytes);
      far.write([Uint8Array.of(7)]);
      await recorder.untilReceived(1);
      far.end();
      await recorder.untilEvent("closed");
      assert.equal(recorder.error, undefined);
    });

    it("pauses and resumes reading, which is another matter", async (t) => {
      const pair = await connect(t);
      const { near, far } = pair;
      const recorder = new StreamRecorder({ drained: () => near.pause() });
      near.start(recorder);
      fillUp(pair);
      far.start(new StreamRecorder());
      await recorder.untilEvent("drained");
      far.write([Uint8Array.of(1)]);
      await turns(manyTurns);
      assert.ok(recorder.receivedBytes <= 1);
      near.resume();
      await recorder.untilReceived(1);
    });
  });

  describe(`${name}, called from within its ended call`, () => {
    it("takes writes, and ends after them", async (t) => {
      const { near, far } = await connect(t);
      const answer = patternedBytes(chunkBytes, 9);
      const recorder = new StreamRecorder({
        ended: () => {
          near.write([answer]);
          near.end();
        },
      });
      const farRecorder = new StreamRecorder();
      near.start(recorder);
      far.start(farRecorder);
      far.end();
      await Promise.all([recorder.untilEvent("closed"), farRecorder.untilEvent("closed")]);
      assert.deepEqual(farRecorder.bytes, patternedBytes(chunkBytes, 9));
      for (const { error, events } of [recorder, farRecorder]) {
        assert.equal(error, undefined);
        assert.equal(events.at(-1), "closed");
      }
      assert.equal(recorder.count("ended"), 1);
    });

    it("takes pause and resume, and tells nothing twice", async (t) => {
      const { near, far } = await connect(t);
      const recorder = new StreamRecorder({
        ended: () => {
          near.pause();
          near.resume();
        },
      });
      const farRecorder = new StreamRecorder();
      near.start(recorder);
      far.start(farRecorder);
      far.end();
      await recorder.untilEvent("ended");
      near.resume();
      await turns(manyTurns);
      assert.deepEqual(recorder.events, ["ended"]);
      near.write([Uint8Array.of(1)]);
      await farRecorder.untilReceived(1);
      near.end();
      await recorder.untilEvent("closed");
      assert.deepEqual(
        recorder.events.filter((event) => event !== "drained"),
        ["ended", "closed"],
      );
    });
  });

  describe(`what ${name} lends`, () => {
    it("is in its place for the whole call, whatever is asked of the stream meanwhile", async (t) => {
      const { near, far } = await connect(t);
      const sent = patternedBytes(1024 * 1024, 41);
      const received: Uint8Array[] = [];
      let bytes = 0;
      const farRecorder = new StreamRecorder();
      const all = new StreamRecorder();
      near.start({
        streamReceived: (lent, start, end) => {
          near.pause();
          near.write([Uint8Array.of(1)]);
          near.resume();
          received.push(new Uint8Array(lent.subarray(start, end)));
          // From here on it is the stream's, and spoiled.
          lent.fill(0xee, start, end);
          bytes += end - start;
          all.streamReceived(Uint8Array.of(1), 0, 1);
        },
        streamDrained: () => undefined,
        streamEnded: () => undefined,
        streamClosed: () => undefined,
      });
      far.start(farRecorder);
      far.write([sent.slice()]);
      await all.until(() => bytes >= sent.byteLength);
      assert.deepEqual(new Uint8Array(Buffer.concat(received)), sent);
    });
  });
}
