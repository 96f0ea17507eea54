/**
 * Media that clients publish, honest ones and others: docs/protocol.md, "Publishing".
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { contract, log, media } from "#src/realtime/contract/index.js";
import type { AnyRealtimeOptions } from "#src/realtime/server/index.js";
import { believe, type Peer, World } from "./world.js";

const api = contract({ channels: { "video/{id}": media({ groupBytesMax: 500 }), "room/{id}": log() } });

function frame(peer: Peer, group: number, index: number, length = 10, name = "video/1") {
  return peer.ask("pubg", name, group, index, new Uint8Array(length).fill(index), 1.5);
}

/** What came of a frame: its place in the channel, or the code of the error. */
async function tried(...parameters: Parameters<typeof frame>): Promise<unknown> {
  const [operation, , told] = await frame(...parameters);
  const { group, index, code } = told as { group: number; index: number; code: string };
  return operation === "ok" ? `${String(group)}.${String(index)}` : code;
}

async function create(options: AnyRealtimeOptions = {}) {
  const world = new World(api, { authenticate: believe, ...options });
  const reader = await world.peer({ token: "reader" });
  await reader.done("sub", "video/1", {});
  const seen = () => reader.all("g").map(([, , group, index]) => `${String(group)}.${String(index)}`);
  return { world, ann: await world.peer({ token: "ann" }), bob: await world.peer({ token: "bob" }), reader, seen };
}

describe("media that a client publishes", () => {
  it("comes to who subscribes, as it was sent", async () => {
    const { world, ann, reader, seen } = await create();
    const told = [await tried(ann, 3, 0), await tried(ann, 3, 1), await tried(ann, 7, 0)];
    assert.deepEqual(told, ["1.0", "1.1", "2.0"]);
    assert.deepEqual(seen(), ["1.0", "1.1", "2.0"]);
    assert.deepEqual(reader.all("g")[1]?.slice(4), [new Uint8Array(10).fill(1), 1.5]);
    await world.close();
  });

  it("is not shown behind what its publisher has published over another connection since", async () => {
    const { world, seen } = await create();
    const first = await world.peer({ token: "ann", client: "camera" });
    const again = await world.peer({ token: "ann", client: "camera" });
    const other = await world.peer({ token: "ann", client: "phone" });
    await tried(first, 4, 0);
    await tried(again, 9, 0);
    assert.equal(await tried(first, 5, 0), "3.0", "it was on its way");
    assert.equal(await tried(first, 5, 1), "3.1");
    await tried(other, 1, 0);
    await tried(again, 10, 0);
    assert.deepEqual(seen(), ["1.0", "2.0", "4.0", "5.0"]);
    await world.close();
  });

  it("is refused where it says what cannot be, and goes on with a key frame", async () => {
    const { world, ann, seen } = await create();
    assert.equal(await tried(ann, 1, 1), "bad-request", "no key frame");
    assert.equal(await tried(ann, 1, 0), "1.0");
    assert.equal(await tried(ann, 1, 2), "bad-request", "an index skipped");
    assert.equal(await tried(ann, 1, 1), "conflict", "the group is over");
    assert.equal(await tried(ann, 1, 0), "bad-request", "a group twice");
    assert.equal(await tried(ann, 2, 0), "2.0");
    assert.equal(await tried(ann, 3, 1), "bad-request", "another group without a key frame");
    assert.equal(await tried(ann, 2, 1), "2.1");
    assert.equal(await tried(ann, 2, 2, 481), "too-large");
    assert.equal(await tried(ann, 2, 3), "conflict");
    assert.equal(await tried(ann, 4, 0, 501), "too-large");
    assert.equal(await tried(ann, 4, 1), "conflict");
    assert.equal(await tried(ann, 5, 0, 500), "3.0");
    assert.equal(await tried(ann, 1, 0, 10, "room/1"), "wrong-kind");
    assert.equal((await ann.refused("pubg", "video/1", 9, 0, "no octets")).code, "bad-request");
    assert.equal((await ann.refused("pubg", "video/1", 0, 0, new Uint8Array(1))).code, "bad-request");
    assert.equal((await ann.refused("pubg", 77, 1, 0, new Uint8Array(1))).code, "not-found");
    assert.deepEqual(seen(), ["1.0", "2.0", "2.1", "3.0"]);
    await world.close();
  });

  it("is in order when nothing is waited for, and refused as a whole behind what is refused", async () => {
    const { world, ann, seen } = await create();
    const data = new Uint8Array(200);
    const say = (r: number, group: number, index: number): void => ann.say(["pubg", r, "video/1", group, index, data]);
    for (const index of [0, 1, 2, 3]) say(101 + index, 1, index);
    say(105, 2, 0);
    await world.settle();
    const codes = [101, 102, 103, 104, 105].map((r) => (ann.answerTo(r)?.[2] as { code?: string }).code);
    assert.deepEqual(codes, [undefined, undefined, "too-large", "conflict", undefined]);
    assert.deepEqual(seen(), ["1.0", "1.1", "2.0"]);
    await world.close();
  });

  it("takes turns with others', whose groups it ends and never mixes with", async () => {
    const { world, ann, bob, seen } = await create();
    assert.equal(await tried(ann, 1, 0), "1.0");
    assert.equal(await tried(bob, 1, 0), "2.0");
    assert.equal(await tried(ann, 1, 1), "conflict");
    assert.equal(await tried(ann, 1, 2), "conflict");
    assert.equal(await tried(bob, 1, 1), "2.1");
    await world.server.send("video/1", new Uint8Array(1), true);
    assert.equal(await tried(bob, 1, 2), "conflict");
    assert.equal(await tried(ann, 2, 0), "4.0");
    await assert.rejects(world.server.send("video/1", new Uint8Array(1), false), { code: "conflict" });
    assert.deepEqual(seen(), ["1.0", "2.0", "2.1", "3.0", "4.0"]);
    await world.close();
  });

  it("is asked about with each group, and again when what its user may do is another", async () => {
    let isAllowed = true;
    const asked: string[] = [];
    const { world, ann } = await create({
      authorize: {
        "video/{id}": (_user, _parameters, action) => {
          asked.push(action);
          return action === "subscribe" || isAllowed;
        },
      },
    });
    assert.equal(await tried(ann, 1, 0), "1.0");
    assert.equal(await tried(ann, 1, 1), "1.1");
    assert.deepEqual(asked, ["subscribe", "publish"]);
    await world.server.reauthorize("ann");
    assert.equal(await tried(ann, 1, 2), "1.2");
    isAllowed = false;
    await world.server.reauthorize("ann");
    assert.equal(await tried(ann, 1, 3), "forbidden");
    assert.equal(await tried(ann, 1, 4), "conflict");
    assert.equal(await tried(ann, 2, 0), "forbidden");
    isAllowed = true;
    assert.equal(await tried(ann, 3, 0), "2.0");
    await world.close();
  });

  it("is bounded like everything else", async () => {
    const { world, ann } = await create({ limits: { requestsPerSecond: 1, requestBurst: 5, maxSubscriptions: 2 } });
    assert.equal(await tried(ann, 1, 0, 10, "video/1"), "1.0");
    assert.equal(await tried(ann, 1, 0, 10, "video/2"), "1.0");
    assert.equal(await tried(ann, 1, 0, 10, "video/3"), "too-many");
    for (const index of [1, 2]) assert.equal(await tried(ann, 1, index), `1.${String(index)}`);
    assert.equal(await tried(ann, 1, 3), "rate-limited");
    await world.close();
  });
});
