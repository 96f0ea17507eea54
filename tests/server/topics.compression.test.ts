/**
 * What is published to subscribers that have agreed on compression in different ways, or not at all (RFC 7692). zlib's
 * streams judge what each of them receives, by the window that it has agreed on.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { InflationMemory, WindowMemory } from "#src/protocol/index.js";
import type { ServerOptions, ServerSocket } from "#src/server/index.js";
import { ServerCore } from "#src/server/index.js";
import { prepareMessage } from "#src/socket/index.js";
import { nodeText } from "#src/transport/node/index.js";
import { SteeredCompressor } from "../support/compressors.js";
import { JudgeInflater } from "../support/deflate.js";
import { createFakePlatform } from "../support/fake-platform.js";
import { hexOf } from "../support/octets.js";
import { seededIntegers } from "../support/patterns.js";
import type { RawPeer } from "../support/raw-peer.js";
import { jsonSample, noise } from "../support/samples.js";
import { upgrade, upgradeHeaders } from "../support/upgrades.js";

interface Subscriber {
  readonly name: string;
  readonly socket: ServerSocket;
  readonly peer: RawPeer;
  readonly judge: JudgeInflater;
  /** What was sent to it, in order, in hexadecimal. */
  readonly sent: string[];
  readonly isCompressed: boolean;
  readonly windowBits: number;
}

interface Arena {
  readonly core: ServerCore<undefined>;
  readonly compressor: SteeredCompressor;
  readonly join: (offer?: string, capacityBytes?: number) => Promise<Subscriber>;
  /** Does all jobs, and what follows from them. */
  readonly settle: () => Promise<void>;
}

function createArena(options: ServerOptions = {}): Arena {
  const compressor = new SteeredCompressor();
  const platform = {
    ...createFakePlatform(),
    compression: {
      compressor: () => compressor,
      windows: new WindowMemory(),
      inflations: new InflationMemory(),
      spentMs: () => 0,
    },
  };
  const core = new ServerCore<undefined>(
    { perMessageDeflate: { serverMaxWindowBits: 15 }, message: () => undefined, ...options },
    platform,
  );
  const idles: (() => Promise<void>)[] = [];
  const settle = async (): Promise<void> => {
    do {
      await compressor.all();
      for (const idle of idles) await idle();
    } while (compressor.waiting > 0);
  };
  const join = async (offer?: string, capacityBytes = 10_000_000): Promise<Subscriber> => {
    const extra = offer === undefined ? [] : ["Sec-WebSocket-Extensions", offer];
    const before = new Set(core.sockets);
    const { idle, switchProtocols } = upgrade(core, { rawHeaders: upgradeHeaders(...extra) }, { capacityBytes });
    idles.push(idle);
    await idle();
    const socket = [...core.sockets].find((candidate) => !before.has(candidate));
    assert.ok(socket !== undefined);
    socket.subscribe("news");
    const bits = Number(/server_max_window_bits=(\d+)/u.exec(socket.extensions)?.[1] ?? 15);
    const takesOver = !socket.extensions.includes("server_no_context_takeover");
    return {
      name: offer ?? "no compression",
      socket,
      peer: switchProtocols(),
      judge: new JudgeInflater({ windowBits: bits, takesOver }),
      sent: [],
      isCompressed: socket.extensions !== "",
      windowBits: bits,
    };
  };
  return { core, compressor, join, settle };
}

const deflate = "permessage-deflate";
const offers = [
  undefined,
  deflate,
  ...[8, 9, 10, 11, 12, 13, 14, 15].map((bits) => `${deflate}; server_max_window_bits=${bits}`),
  `${deflate}; server_no_context_takeover`,
  `${deflate}; server_no_context_takeover; server_max_window_bits=9`,
];

async function assertReceived({ name, peer, judge, sent }: Subscriber): Promise<void> {
  const messages = (await judge.messages(peer.frames)).map(hexOf);
  assert.equal(messages.length, sent.length, name);
  for (const [index, message] of messages.entries()) assert.ok(message === sent[index], `${name}, message ${index}`);
}

describe("RFC 7692 §7.2.1 publishing to subscribers with different windows", () => {
  it("reaches each of them in order, with its own messages in between, in what it can read", async () => {
    const { core, join, settle } = createArena();
    const subscribers: Subscriber[] = [];
    for (const offer of offers) subscribers.push(await join(offer));
    const integer = seededIntegers(7);
    for (let round = 0; round < 60; round++) {
      const length = [300, 700, 2000, 6000, 17_000, 40_000][integer(0, 5)] as number;
      const octets = integer(0, 4) === 0 ? noise(length, round) : jsonSample(length, integer(0, 5));
      const kept = hexOf(octets);
      const how = integer(0, 3);
      if (how === 0) core.topics.publish("news", prepareMessage(octets, nodeText));
      else core.topics.publish("news", how === 1 && integer(0, 3) === 0 ? octets.buffer : octets);
      // What is published is copied.
      octets.fill(0);
      for (const { sent } of subscribers) sent.push(kept);
      for (const { socket, sent } of subscribers) {
        if (integer(0, 2) > 0) continue;
        const own = jsonSample(integer(10, 5000), integer(0, 5));
        sent.push(hexOf(own));
        assert.ok(socket.send(own).ok);
      }
      if (integer(0, 3) === 0) await settle();
    }
    await settle();
    for (const subscriber of subscribers) await assertReceived(subscriber);
    for (const { judge, isCompressed } of subscribers) assert.equal(judge.compressedMessages > 0, isCompressed);
  });

  it("compresses a message once for all who can read the same, which the counters tell", async () => {
    const { core, compressor, join, settle } = createArena();
    const subscribers: Subscriber[] = [];
    for (const offer of [...offers, ...offers, ...offers]) subscribers.push(await join(offer));
    for (const length of [300, 3000, 30_000, 100_000]) {
      const before = compressor.deflations;
      const sentBefore = core.compression?.counters.sentMessages ?? 0;
      core.topics.publish("news", jsonSample(length, 1));
      await settle();
      // One that fits into a window can be read with any that is longer.
      const ways = new Set(
        subscribers
          .filter(({ isCompressed }) => isCompressed)
          .map(({ windowBits }) => (length <= 2 ** windowBits ? 15 : windowBits)),
      );
      assert.equal(compressor.deflations - before, ways.size, `${length} octets`);
      assert.equal((core.compression?.counters.sentMessages ?? 0) - sentBefore, ways.size);
    }
  });

  it("compresses nothing where nobody can read it, or it shall not be", async () => {
    const { core, compressor, join, settle } = createArena();
    const plain = await join();
    core.topics.publish("news", "x".repeat(5000));
    const other = await join(deflate);
    core.topics.publish("news", "x".repeat(5000), { compress: false });
    core.topics.publish("news", "short");
    core.topics.publish("news", prepareMessage("x".repeat(5000), nodeText, { compress: false }));
    await settle();
    assert.equal(compressor.deflations, 0);
    assert.equal(plain.peer.frames.length, 4);
    assert.ok(other.peer.frames.every(({ rsv }) => rsv === 0));
  });

  it("keeps the order behind long messages, which are compressed on another thread", async () => {
    const { core, compressor, join, settle } = createArena();
    const subscribers = [await join(), await join(deflate), await join(`${deflate}; server_max_window_bits=9`)];
    const publish = (data: Uint8Array): void => {
      core.topics.publish("news", data);
      for (const { sent } of subscribers) sent.push(hexOf(data));
      data.fill(0);
    };
    publish(jsonSample(70_000, 1));
    publish(jsonSample(400, 2));
    for (const { socket, sent } of subscribers) {
      socket.send("own, and next to nothing");
      sent.push(hexOf(Buffer.from("own, and next to nothing")));
    }
    publish(jsonSample(90_000, 3));
    publish(jsonSample(20_000, 4));
    assert.equal(compressor.waiting, 2, "a job for each way to compress the first one");
    assert.ok(subscribers[1]!.socket.bufferedBytes > 180_000);
    await settle();
    for (const subscriber of subscribers) await assertReceived(subscriber);
    assert.equal(subscribers[1]!.socket.bufferedBytes, 0);
  });

  it("is sent as it is where there is no memory to compress it", async () => {
    const { core, compressor, join, settle } = createArena();
    const subscriber = await join(deflate);
    compressor.hasMemory = false;
    const octets = jsonSample(70_000, 1);
    subscriber.sent.push(hexOf(octets));
    core.topics.publish("news", octets);
    octets.fill(0);
    await settle();
    await assertReceived(subscriber);
    assert.equal(subscriber.peer.frames[0]?.rsv, 0);
  });

  it("goes on for the others where one is slow, one closes and one is cut", async () => {
    const { core, join, settle } = createArena({ maxSendBufferBytes: 300_000, slowPeer: "refuse" });
    const good = await join(deflate);
    const slow = await join(deflate, 1);
    const closing = await join(deflate);
    const cut = await join(deflate);
    slow.peer.stream.pause();
    let refused = 0;
    for (let round = 0; round < 10; round++) {
      const octets = noise(80_000, round);
      good.sent.push(hexOf(octets));
      const result = core.topics.publish("news", octets);
      refused += result.refused;
      if (round < 3) closing.sent.push(hexOf(octets));
      if (round === 2) void closing.socket.close(1000);
      if (round === 2) cut.socket.terminate();
      await settle();
    }
    assert.ok(refused > 0);
    await assertReceived(good);
    await assertReceived(closing);
    assert.equal(closing.peer.frames.at(-1)?.opcode, 8);
    slow.peer.stream.resume();
    await settle();
    const messages = (await slow.judge.messages(slow.peer.frames)).map(hexOf);
    assert.ok(messages.length >= 3);
    // It missed some, and got each of the others whole and in order.
    const places = messages.map((message) => good.sent.indexOf(message));
    assert.ok(places.every((place, index) => place >= 0 && place > (places[index - 1] ?? -1)));
  });
});
