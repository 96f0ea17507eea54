/**
 * Media on the client's side: docs/protocol.md, "media".
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { jsonCodec } from "#src/realtime/wire/index.js";
import { type FakePeer, FakeServer, Recorded } from "../../support/fake-realtime-server.js";

async function opened(options?: Parameters<FakeServer["client"]>[0]) {
  const server = new FakeServer();
  const client = server.client(options);
  const peer = await server.welcome();
  return { server, client, peer };
}

describe("media", () => {
  function group(peer: FakePeer, group: number, from: number, to: number): void {
    for (let index = from; index <= to; index++) {
      peer.raw(jsonCodec.encode(["g", 4, group, index, Uint8Array.of(group, index), 1.5]));
    }
  }

  async function subscribed(options?: Parameters<FakeServer["client"]>[0]) {
    const all = await opened(options);
    const video = all.client.channel("video/1", { kind: "media" });
    const iterator = video[Symbol.asyncIterator]();
    await all.server.clock.settle();
    all.peer.ok(all.peer.next("sub", "video/1"), { n: 4, kind: "media" });
    await all.server.clock.settle();
    const take = async (count: number): Promise<unknown[]> => {
      const taken = [];
      for (let index = 0; index < count; index++) {
        const { value } = await iterator.next();
        taken.push(value?.type === "frame" ? `${value.group}.${value.index}` : `lost ${String(value?.count)}`);
      }
      return taken;
    };
    return { ...all, video, take };
  }

  it("comes in groups, and tells of what was dropped", async () => {
    const { client, peer, video, take } = await subscribed();
    const heard: unknown[] = [];
    video.listen((event) => heard.push(event));
    group(peer, 1, 0, 2);
    peer.say(["lost", 4, 2]);
    group(peer, 2, 0, 0);
    assert.deepEqual(await take(5), ["1.0", "1.1", "1.2", "lost 2", "2.0"]);
    assert.deepEqual(heard[0], { type: "frame", data: Uint8Array.of(1, 0), group: 1, index: 0, timeMs: 1.5 });
    await client.close();
  });

  it("goes on with a key frame where the server has left something out", async () => {
    const { client, peer, take } = await subscribed();
    group(peer, 1, 1, 1);
    group(peer, 1, 0, 0);
    group(peer, 1, 2, 3);
    group(peer, 2, 1, 1);
    group(peer, 3, 0, 1);
    assert.deepEqual(await take(5), ["lost 1", "1.0", "lost 3", "3.0", "3.1"]);
    await client.close();
  });

  it("skips to the next key frame for a loop that is slow", async () => {
    const { client, peer, take } = await subscribed({ maxBufferedBytes: 6 });
    group(peer, 1, 0, 4);
    assert.deepEqual(await take(2), ["1.0", "1.1"]);
    // There is room again, but not for the rest of this group.
    group(peer, 1, 5, 6);
    assert.deepEqual(await take(2), ["1.2", "lost 4"]);
    group(peer, 1, 7, 7);
    group(peer, 2, 0, 1);
    assert.deepEqual(await take(3), ["lost 1", "2.0", "2.1"]);
    await client.close();
  });

  it("drops what waits for a key frame that has no room otherwise", async () => {
    const { client, peer, take } = await subscribed({ maxBufferedBytes: 6 });
    group(peer, 1, 0, 2);
    group(peer, 2, 0, 3);
    assert.deepEqual(await take(3), ["lost 3", "2.0", "2.1"]);
    await client.close();
  });

  it("begins with a key frame for a loop that comes later", async () => {
    const { server, client, peer, video, take } = await subscribed();
    group(peer, 1, 0, 1);
    const late = new Recorded(video);
    group(peer, 1, 2, 3);
    group(peer, 2, 0, 0);
    await server.clock.settle();
    assert.equal((await take(5)).at(-1), "2.0");
    assert.deepEqual(
      late.events.map((event) => event.type === "frame" && [event.group, event.index]),
      [[2, 0]],
    );
    await client.close();
  });
});

describe("media that is published", () => {
  async function publishing() {
    const all = await opened();
    const video = all.client.channel("video/1", { kind: "media" });
    const outcomes: string[] = [];
    const send = async (isKey: boolean): Promise<void> => {
      const told = video.send({ data: Uint8Array.of(1), isKey });
      told.then(
        (outcome) => outcomes.push(outcome),
        (error: unknown) => outcomes.push((error as { code: string }).code),
      );
      await all.server.clock.settle();
    };
    /** Channel, group (from 1) and index of what was published. */
    const published = (): unknown[] => {
      const frames = all.peer.frames.filter(([operation]) => operation === "pubg");
      const first = Number(frames[0]?.[3]);
      return frames.map(([, , channel, group, index]) => [channel, Number(group) - first + 1, index]);
    };
    return { ...all, video, outcomes, send, published };
  }

  it("is numbered in groups, and answered", async () => {
    const { server, client, peer, published, video, outcomes, send } = await publishing();
    assert.equal(video.needsKey, true);
    await send(false);
    for (const isKey of [true, false, true]) await send(isKey);
    assert.equal(video.needsKey, false);
    assert.deepEqual(published(), [
      ["video/1", 1, 0],
      ["video/1", 1, 1],
      ["video/1", 2, 0],
    ]);
    for (let index = 0; index < 3; index++) peer.ok(peer.next("pubg"), { group: 9, index });
    await server.clock.settle();
    assert.deepEqual(outcomes, ["dropped", "sent", "sent", "sent"]);
    assert.equal(video.dropped, 1);
    await client.close();
  });

  it("is counted on where another handle publishes, so that none of its groups is taken for an old one", async () => {
    const { server, client, published, send } = await publishing();
    await send(true);
    void client.channel("video/2", { kind: "media" }).send({ data: Uint8Array.of(1), isKey: true });
    await server.clock.settle();
    await send(true);
    assert.deepEqual(published(), [
      ["video/1", 1, 0],
      ["video/2", 2, 0],
      ["video/1", 3, 0],
    ]);
    await client.close();
  });

  it("is counted on after a reload, by who says that it is the same client: from the time on", async () => {
    const before = Date.now();
    const { client, peer, send } = await publishing();
    await send(true);
    const frame = peer.frames.find(([operation]) => operation === "pubg");
    assert.ok(Number(frame?.[3]) > before);
    await client.close();
  });

  it("needs a key frame after what was refused, and after a reconnect", async () => {
    const { server, client, peer, video, outcomes, send } = await publishing();
    await send(true);
    peer.err(peer.next("pubg"), "conflict");
    await server.clock.settle();
    assert.equal(video.needsKey, true);
    for (const isKey of [false, true, false]) await send(isKey);
    const next = await server.reconnect();
    await server.clock.settle();
    for (const isKey of [false, true]) await send(isKey);
    next.ok(next.next("pubg", "video/1"), { group: 1, index: 0 });
    await server.clock.settle();
    assert.deepEqual(outcomes, ["conflict", "dropped", "connection-lost", "connection-lost", "dropped", "sent"]);
    assert.equal(video.dropped, 2);
    await client.close();
  });

  it("is dropped to the next key frame when the server does not keep up", async () => {
    const { server, client, peer, video, outcomes, send } = await publishing();
    for (let index = 0; index < 70; index++) await send(index === 0);
    assert.equal(video.dropped, 6);
    peer.ok(peer.next("pubg"), { group: 1, index: 0 });
    await server.clock.settle();
    await send(false);
    assert.equal(video.dropped, 7);
    await send(true);
    assert.equal(video.dropped, 7);
    assert.equal(outcomes.filter((outcome) => outcome === "dropped").length, 7);
    await client.close();
  });
});
