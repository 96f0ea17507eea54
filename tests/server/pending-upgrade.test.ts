import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { PendingUpgrade } from "#src/server/pending-upgrade.js";
import { createMemoryPair } from "#src/transport/index.js";
import { CountingStream } from "../support/counting-stream.js";
import { FakeClock } from "../support/fake-clock.js";
import { StreamRecorder } from "../support/stream-recorder.js";
import { TaskQueue } from "../support/task-queue.js";

function begin() {
  const tasks = new TaskQueue();
  const clock = new FakeClock();
  const [ours, client] = createMemoryPair({ defer: tasks.defer });
  const stream = new CountingStream(ours);
  const pending = new PendingUpgrade(stream);
  const received = new StreamRecorder();
  client.start(received);
  return { pending, stream, client, received, clock, idle: () => tasks.idle() };
}

describe("an upgrade that is being decided about", () => {
  it("keeps what the peer sends, and hands it on after the beginning", async () => {
    const { pending, client, idle } = begin();
    client.write([Uint8Array.of(1, 2)]);
    await idle();
    client.write([Uint8Array.of(3)]);
    await idle();
    const recorder = new StreamRecorder();
    let hasBegun = false;
    pending.accept(recorder, () => {
      assert.equal(recorder.receivedBytes, 0);
      hasBegun = true;
    });
    assert.equal(hasBegun, true);
    assert.deepEqual([...recorder.bytes], [1, 2, 3]);
  });

  it("stops a peer that sends more than 64 KiB without waiting for the answer", async () => {
    const { pending, stream, client, idle } = begin();
    client.write([new Uint8Array(70_000)]);
    await idle();
    assert.equal(stream.isPaused, true);
    const recorder = new StreamRecorder();
    pending.accept(recorder, () => undefined);
    assert.equal(stream.isPaused, false);
    assert.equal(recorder.receivedBytes, 70_000);
  });

  it("stays stopped where the receiver stops it at what was kept", async () => {
    const { pending, stream, client, idle } = begin();
    client.write([new Uint8Array(70_000)]);
    await idle();
    pending.accept(new StreamRecorder({ received: () => stream.pause() }), () => undefined);
    assert.equal(stream.isPaused, true);
  });

  it("knows whether the peer is still there", async () => {
    for (const how of ["end", "destroy"] as const) {
      const { pending, client, idle } = begin();
      assert.equal(pending.signal.aborted, false);
      client[how]();
      await idle();
      assert.equal(pending.signal.aborted, true);
    }
  });

  it("when refused answers, ends, drops what the peer still sends, and goes when the peer does", async () => {
    const { pending, stream, client, received, clock, idle } = begin();
    client.write([new Uint8Array(70_000)]);
    await idle();
    pending.refuse(Buffer.from("no"), (cut) => clock.setTimer(cut, 100));
    client.write([new Uint8Array(70_000)]);
    await idle();
    assert.equal(Buffer.from(received.bytes).toString(), "no");
    assert.equal(received.count("ended"), 1);
    assert.equal(stream.isDestroyed, false);
    client.end();
    await idle();
    assert.equal(received.error, undefined);
    assert.equal(clock.pendingTimers, 0);
  });

  it("when refused stops reading from a peer that floods on", async () => {
    const { pending, stream, client, clock, idle } = begin();
    pending.refuse(Buffer.from("no"), (cut) => clock.setTimer(cut, 100));
    client.write([new Uint8Array(2 ** 20 - 1)]);
    await idle();
    assert.equal(stream.isPaused, false);
    client.write([new Uint8Array(1)]);
    await idle();
    assert.equal(stream.isPaused, true);
  });

  it("when refused is cut at the deadline", async () => {
    const { pending, stream, clock, idle } = begin();
    pending.refuse(Buffer.from("no"), (cut) => clock.setTimer(cut, 100));
    await idle();
    clock.advance(100);
    assert.equal(stream.isDestroyed, true);
  });

  it("when refused tells once when it is gone", async () => {
    for (const go of ["client", "deadline"] as const) {
      const { pending, client, clock, idle } = begin();
      let gone = 0;
      pending.refuse(
        Buffer.from("no"),
        (cut) => clock.setTimer(cut, 100),
        () => gone++,
      );
      await idle();
      assert.equal(gone, 0);
      if (go === "client") client.end();
      clock.advance(go === "client" ? 0 : 100);
      await idle();
      assert.equal(gone, 1);
    }
  });

  it("is not answered when the peer is gone, which is told at once", async () => {
    const { pending, stream, client, clock, idle } = begin();
    client.destroy();
    await idle();
    let gone = 0;
    pending.refuse(
      Buffer.from("no"),
      (cut) => clock.setTimer(cut, 100),
      () => gone++,
    );
    assert.equal(gone, 1);
    assert.deepEqual(stream.writes, []);
    assert.equal(clock.pendingTimers, 0);
  });
});
