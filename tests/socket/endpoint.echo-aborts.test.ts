/**
 * Messages that are streamed in both directions, and end at any moment in any way: nothing is left over, and what was
 * delivered is a beginning of what was sent.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { DeflateContext, StreamedInflation } from "#src/protocol/index.js";
import { createDeflateContext, WindowMemory } from "#src/protocol/index.js";
import type { IncomingMessage, SendData, Socket } from "#src/socket/index.js";
import { idleSocketBytes } from "#src/socket/pinned-memory.js";
import type { ByteStreamReceiver } from "#src/transport/index.js";
import { createMemoryPair } from "#src/transport/index.js";
import { WatchedPool } from "../simulation/watched-pool.js";
import { WatchedCompressor } from "../support/compressors.js";
import { CountingStream } from "../support/counting-stream.js";
import { deflateChain } from "../support/deflate.js";
import { createEndpoint } from "../support/endpoints.js";
import { createFakePlatform } from "../support/fake-platform.js";
import { utf8 } from "../support/octets.js";
import { patternedBytes, seededIntegers } from "../support/patterns.js";
import { TaskQueue, turns } from "../support/task-queue.js";
import { WatchedSource } from "../support/watched-source.js";

const ways = [
  "client terminates",
  "server terminates",
  "client closes",
  "server closes",
  "signal aborts",
  "consumer cancels",
  "consumer leaves",
  "source throws",
  "source hangs",
  "network is cut",
] as const;

/** Node's, which knows how many of its inflations are open. */
class LeakCompressor extends WatchedCompressor {
  readonly open = new Set<StreamedInflation>();

  override inflateStream(...call: Parameters<WatchedCompressor["inflateStream"]>): StreamedInflation {
    const inflation = super.inflateStream(...call);
    this.open.add(inflation);
    const abort = inflation.abort.bind(inflation);
    inflation.abort = () => {
      this.open.delete(inflation);
      abort();
    };
    return inflation;
  }
}

/** Knows whether it is at work on what it was given. */
class WritingStream extends CountingStream {
  isWriting = false;

  override start(receiver: ByteStreamReceiver): void {
    super.start({
      streamReceived: (bytes, start, end) => receiver.streamReceived(bytes, start, end),
      streamEnded: () => receiver.streamEnded(),
      streamClosed: (error) => receiver.streamClosed(error),
      streamDrained: () => {
        this.isWriting = false;
        receiver.streamDrained();
      },
    });
  }

  override write(segments: readonly Uint8Array[]): boolean {
    const isTaken = super.write(segments);
    this.isWriting = !isTaken;
    return isTaken;
  }
}

interface SentMessage {
  readonly type: "text" | "binary";
  readonly octets: Uint8Array;
  readonly chunks: readonly SendData[];
}

/** A message that begins with its number. */
function messageOf(index: number, integer: (min: number, max: number) => number): SentMessage {
  const type = integer(0, 1) === 0 ? "text" : "binary";
  const byteLength = integer(0, 3) === 0 ? integer(1, 300) : integer(1, 150_000);
  const octets: Uint8Array =
    type === "binary" ? patternedBytes(byteLength, index) : utf8("né€😀".repeat(Math.ceil(byteLength / 10)));
  octets[0] = 0x41 + index;
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < octets.byteLength; ) chunks.push(octets.slice(at, (at += integer(1, 40_000))));
  return { type, octets, chunks };
}

/** What somebody has received of a message. */
interface Received {
  readonly octets: Uint8Array[];
  isWhole: boolean;
}

type Step = (message: IncomingMessage, received: Received) => Promise<"next" | "leave">;

async function consume(socket: Socket, all: Received[], step: Step): Promise<void> {
  for await (const message of socket.incoming()) {
    const received: Received = { octets: [], isWhole: false };
    all.push(received);
    if ((await step(message, received)) === "leave") break;
  }
}

async function run(seed: number): Promise<void> {
  const integer = seededIntegers(seed);
  const oneOf = <Value>(...values: readonly Value[]): Value => values[integer(0, values.length - 1)] as Value;
  const way = oneOf(...ways);
  const isCompressed = integer(0, 1) === 0;
  const tasks = new TaskQueue();
  const pool = new WatchedPool();
  const platform = { ...createFakePlatform(seed), pool };
  const [serverStream, clientStream] = createMemoryPair({
    defer: tasks.defer,
    capacityBytes: integer(1000, 100_000),
    nextChunkBytes: () => integer(1, 40_000),
  });
  const memory = new WindowMemory();
  const compressor = new LeakCompressor();
  const context = (): DeflateContext => createDeflateContext(compressor, { memory });
  const options = {
    highWaterMarkBytes: oneOf(0, 1000, 65_536),
    maxInboxBytes: oneOf(2000, 65_536),
    heartbeat: { intervalMs: 1000, timeoutMs: 1000 },
  };
  const chainOf = (role: "server" | "client") => (isCompressed ? deflateChain(context(), role) : undefined);
  const streams = [new WritingStream(serverStream), new WritingStream(clientStream)] as const;
  const server = createEndpoint("server", streams[0], platform, { ...options, chain: chainOf("server") });
  const client = createEndpoint("client", streams[1], platform, { ...options, chain: chainOf("client") });
  server.open();
  client.open();

  const sent = Array.from({ length: integer(1, 4) }, (_, index) => messageOf(index, integer));
  const controller = new AbortController();
  const special = integer(0, sent.length - 1);
  const sources: WatchedSource[] = [];
  const sending = sent.map(({ type, chunks }, index) => {
    const isSpecial = index === special;
    const source = new WatchedSource({
      chunks: isSpecial && way.startsWith("source") ? chunks.slice(0, integer(0, chunks.length)) : chunks,
      pace: () => integer(0, 2),
      isWebStream: integer(0, 1) === 0,
      end: !isSpecial || !way.startsWith("source") ? "done" : way === "source throws" ? "throws" : "hangs",
    });
    sources.push(source);
    return client.sendStream(source.source, { type, ...(isSpecial ? { signal: controller.signal } : {}) });
  });

  const atServer: Received[] = [];
  const echoes: Promise<unknown>[] = [];
  const echoed = consume(server, atServer, async (message, received) => {
    if (integer(0, 2) === 0) {
      // As it is, so that the memory of its pieces is used again.
      const echo = server.sendStream(message, { type: message.type });
      echoes.push(echo);
      await echo.catch(() => undefined);
      return "next";
    }
    const watched = new WatchedSource({ chunks: [], pace: () => 0, isWebStream: false, end: "done" });
    sources.push(watched);
    const pieces = integer(0, 1) === 0 ? message : message.stream();
    const iterator = pieces[Symbol.asyncIterator]();
    const source: AsyncIterable<Uint8Array> = {
      [Symbol.asyncIterator]: () => ({
        next: async () => {
          try {
            const result = await iterator.next();
            // One that is told that it is over answers in the same way.
            if (result.done === true && watched.told === 0) received.isWhole = true;
            if (result.done === true) watched.isThrough = true;
            else received.octets.push(result.value);
            return result;
          } catch (error) {
            watched.isThrough = true;
            throw error;
          }
        },
        return: async () => {
          watched.told++;
          await iterator.return?.();
          return { done: true, value: undefined };
        },
      }),
    };
    const echo = server.sendStream(source, { type: message.type });
    echoes.push(echo);
    await echo.catch(() => undefined);
    return "next";
  });

  const stopAfter = integer(0, 30);
  const atClient: Received[] = [];
  let pieces = 0;
  let hasStopped = false;
  const consumed = consume(client, atClient, async (message, received) => {
    const reader = message.stream().getReader();
    try {
      for (;;) {
        if (pieces++ >= stopAfter && !hasStopped && way.startsWith("consumer")) {
          hasStopped = true;
          await reader.cancel();
          return way === "consumer leaves" ? "leave" : "next";
        }
        const { done, value } = await reader.read();
        if (done) {
          received.isWhole = true;
          return "next";
        }
        received.octets.push(value);
        if (integer(0, 3) === 0) await turns(1);
      }
    } catch {
      return "next";
    }
  });

  const others = [client.ping(), server.ping()];
  for (const promise of others) promise.catch(() => undefined);
  await turns(integer(0, 60));
  client.send("behind");
  if (way === "client terminates") client.terminate();
  else if (way === "server terminates") server.terminate();
  else if (way === "client closes") void client.close();
  else if (way === "server closes") void server.close(1001);
  else if (way === "signal aborts") controller.abort(new Error("enough"));
  else if (way === "network is cut") serverStream.destroy();
  await turns(integer(0, 60));
  void client.close();
  let isSettled = false;
  const settled = Promise.all([
    Promise.allSettled([...sending, ...others, client.ready(), server.ready()]),
    client.closed,
    server.closed,
    echoed,
    consumed,
  ]).then(() => Promise.allSettled(echoes));
  void settled.then(() => (isSettled = true));
  // Jobs of the thread pool end when they end.
  for (let quiet = 0; quiet < 50 && (!isSettled || compressor.jobs > 0); quiet++) {
    if (compressor.jobs > 0) quiet = 0;
    await turns(10);
    await tasks.idle();
    platform.clock.advance(1000);
  }
  assert.ok(isSettled, "nobody waits for ever");
  await settled;
  await tasks.idle();

  for (const source of sources) assert.ok(source.isOver, `a source is told once, not ${String(source.told)} times`);
  for (const socket of [server, client]) {
    // Who left a loop might have come back for the rest.
    for await (const message of socket.incoming()) await message.discard();
    assert.equal(socket.bufferedBytes, 0);
    assert.equal(socket.memoryBytes, idleSocketBytes);
  }
  // What a stream was still writing when it was cut is left to the garbage collector.
  if (!streams.some(({ isWriting }) => isWriting)) assert.equal(pool.lentCount, 0, "buffers are lent");
  assert.equal(pool.strangers, 0);
  assert.equal(compressor.open.size, 0, "inflations are open");
  assert.equal(memory.reservedBytes + memory.lentBytes, 0, "windows are held");
  assert.equal(platform.clock.pendingTimers, 0, "timers are set");
  assert.deepEqual(platform.reported, []);
  judge(atServer, sent);
  judge(atClient, sent);
}

/** What was received are beginnings of messages, in the order in which they were sent. */
function judge(received: readonly Received[], sent: readonly SentMessage[]): void {
  let last = -1;
  for (const { octets, isWhole } of received) {
    const whole = Buffer.concat(octets);
    const index = (whole[0] ?? 0) - 0x41;
    const expected = sent[index]?.octets;
    // "behind", or nothing of it has come.
    if (expected === undefined) continue;
    assert.ok(index > last, "in order");
    last = index;
    assert.ok(whole.equals(expected.subarray(0, whole.byteLength)), "what came is what was sent");
    if (isWhole) assert.equal(whole.byteLength, expected.byteLength, "no half message passes for a whole one");
  }
}

const moments = 1000;
const parts = 10;

describe("an echo of streams that ends at any moment, in any way", () => {
  for (let part = 0; part < parts; part++) {
    const first = (part * moments) / parts;
    const last = first + moments / parts - 1;
    it(`leaves nothing behind (seeds ${String(first)} to ${String(last)})`, { timeout: 120_000 }, async () => {
      const unhandled: unknown[] = [];
      const note = (error: unknown): void => void unhandled.push(error);
      process.on("unhandledRejection", note);
      try {
        for (let seed = first; seed <= last; seed++) {
          try {
            await run(seed);
            assert.deepEqual(unhandled, []);
          } catch (cause) {
            throw new Error(`with seed ${String(seed)}: ${(cause as Error).message}`, { cause });
          }
        }
      } finally {
        process.off("unhandledRejection", note);
      }
    });
  }
});
