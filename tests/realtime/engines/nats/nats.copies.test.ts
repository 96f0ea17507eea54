import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import type { Engine } from "#src/realtime/engines/index.js";
import { FollowedLog, FollowedState } from "../recorders.js";
import { append } from "../world.js";
import { NatsServer, noNats } from "./server.js";
import { TamperedLink } from "./tampered.js";
import { NatsNodes } from "./world.js";

// For what must not be needed.
const neverMs = 600_000;

/** What a consumer is told, changed as the copy that it is at makes of it. */
function atCopy(change: object): (subject: string, payload: string) => string {
  return (subject, payload) => {
    if (!isMade(subject)) return payload;
    const create = JSON.parse(payload) as { config: object };
    return JSON.stringify({ ...create, config: { ...create.config, ...change } });
  };
}

function isMade(subject: string): boolean {
  return subject.startsWith("$JS.API.CONSUMER.CREATE");
}

// It begins with the newest that it has, which is older than what it is asked for.
const older = atCopy({ opt_start_seq: 1 });
// It has nothing of what is asked for.
const nothing = atCopy({ opt_start_seq: 1_000_000 });

describe("copies of a stream of NATS that are not as its leader", { skip: noNats }, () => {
  let server: NatsServer;
  let nodes: NatsNodes;
  let link: TamperedLink;
  let other: Engine;
  before(async () => {
    server = await NatsServer.start();
  });
  after(() => server.dispose());
  beforeEach(async () => {
    nodes = new NatsNodes(server);
    link = new TamperedLink();
    link.isOfCluster = true;
    other = await nodes.start();
  });
  afterEach(() => nodes.dispose());

  /** A node that follows a log of which it has not heard the last two messages. */
  async function behind(timeoutMs: number): Promise<readonly [Engine, FollowedLog]> {
    const node = await nodes.start({ connect: link.connect, auditIntervalMs: neverMs, timeoutMs });
    const log = await FollowedLog.of(node, "room");
    for (const value of [1, 2]) await append(other, "room", value);
    await log.has(2);
    link.isDeaf = true;
    for (const value of [3, 4]) await append(other, "room", value);
    await link.connection?.flush();
    link.isDeaf = false;
    return [node, log];
  }

  function assertWhole(log: FollowedLog, values: readonly number[]): void {
    assert.deepEqual(log.values, values);
    assert.deepEqual(log.resets.items, []);
    log.assertChained();
  }

  it("make no gap where they begin with what is known", async () => {
    const [node, log] = await behind(5000);
    link.rewrites = older;
    await node.logs.read("room", { after: "1000", limit: 1 });
    assertWhole(log, [1, 2, 3, 4]);
  });

  it("make no gap where they do not have it yet: it cannot be read", async () => {
    const [node, log] = await behind(300);
    link.rewrites = nothing;
    await assert.rejects(node.logs.read("room", { after: "1000", limit: 1 }), { code: "unavailable" });
    link.rewrites = (_, payload) => payload;
    await node.logs.read("room", { after: "1000", limit: 1 });
    assertWhole(log, [1, 2, 3, 4]);
  });

  it("make no gap where they have lost what the leader has", async () => {
    const [node, log] = await behind(300);
    link.rewrites = atCopy({ opt_start_seq: 4 });
    await assert.rejects(node.logs.read("room", { after: "1000", limit: 1 }), { code: "unavailable" });
    link.rewrites = (_, payload) => payload;
    await node.logs.read("room", { after: "1000", limit: 1 });
    assertWhole(log, [1, 2, 3, 4]);
  });

  it("are read whole though a message gets lost on its way", async () => {
    const [node, log] = await behind(5000);
    let isLost = false;
    link.drops = ({ reply = "" }) => {
      // The second that is delivered.
      if (isLost || !reply.startsWith("$JS.ACK.") || reply.split(".")[6] !== "2") return false;
      isLost = true;
      return true;
    };
    await node.logs.read("room", { after: "1000", limit: 1 });
    assert.ok(isLost);
    assertWhole(log, [1, 2, 3, 4]);
  });

  it("tell no change of a state twice", async () => {
    const node = await nodes.start({ connect: link.connect });
    const state = await FollowedState.of(node, "board");
    for (const value of [1, 2]) await other.states.set("board", `key ${String(value)}`, value, undefined);
    await state.changes.until(({ length }) => length === 2);
    link.rewrites = older;
    const before = link.answered.items.length;
    await link.connection?.reconnect();
    await link.answered.until((answered) => answered.slice(before).some(isMade));
    await other.states.set("board", "key 3", 3, undefined);
    await state.changes.until((changes) => changes.some(({ entry }) => entry?.value === 3));
    assert.deepEqual(
      state.changes.items.map(({ entry }) => entry?.value),
      [1, 2, 3],
    );
  });

  it("are left for others where they tell nothing of a state, and beat", async () => {
    const node = await nodes.start({ connect: link.connect, auditIntervalMs: 20 });
    link.rewrites = atCopy({ filter_subject: `${nodes.prefix}.state.entry.nowhere.*` });
    const state = await FollowedState.of(node, "board");
    link.rewrites = (_, payload) => payload;
    await other.states.set("board", "key", 1, undefined);
    await state.changes.until(({ length }) => length === 1);
  });

  it("are not read where their leader knows less than what was heard", async () => {
    const node = await nodes.start({ connect: link.connect, auditIntervalMs: neverMs, timeoutMs: 300 });
    const state = await FollowedState.of(node, "board");
    for (const value of [1, 2]) await other.states.set("board", `key ${String(value)}`, value, undefined);
    await state.changes.until(({ length }) => length === 2);
    link.rewrites = (subject, payload) =>
      subject.startsWith("$JS.API.STREAM.MSG.GET") ? payload.replace("board", "nowhere") : payload;
    await assert.rejects(node.states.snapshot("board", { limit: 10 }), { code: "unavailable" });
    link.rewrites = (_, payload) => payload;
    assert.equal((await node.states.snapshot("board", { limit: 10 })).entries.length, 2);
  });

  it("do not say who is there where they do not know", async () => {
    await other.presence.beat("stays", neverMs);
    await other.presence.put("stays", "room", { user: "ann", state: null, connections: 1 });
    const node = await nodes.start({ connect: link.connect, auditIntervalMs: neverMs });
    const before = link.asked.items.length;
    link.rewrites = nothing;
    const watching = node.presence.watch("room", { came: () => undefined, left: () => undefined });
    await link.answered.until((answered) => answered.slice(before).some(isMade));
    link.rewrites = (_, payload) => payload;
    await watching;
    assert.equal((await node.presence.list("room", 10)).count, 1);
  });

  it("are asked less and less often while none of them has what there is", async () => {
    await other.presence.beat("stays", neverMs);
    await other.presence.put("stays", "room", { user: "ann", state: null, connections: 1 });
    const node = await nodes.start({ connect: link.connect, auditIntervalMs: neverMs });
    await node.presence.watch("room", { came: () => undefined, left: () => undefined });
    link.rewrites = (subject, payload) => (payload.includes("presence.user") ? nothing(subject, payload) : payload);
    const before = link.asked.items.length;
    await link.connection?.reconnect();
    /** How often it was asked what is left, of each of three copies. */
    const questions = (asked: readonly string[]): number[] => {
      const made = asked.flatMap((subject, index) => (isMade(subject) ? [index] : []));
      const isQuestion = (subject: string): boolean => subject.startsWith("$JS.API.CONSUMER.INFO");
      return made.slice(1).map((end, index) => asked.slice(made[index], end).filter(isQuestion).length);
    };
    await link.asked.until((asked) => questions(asked.slice(before)).filter((count) => count > 0).length === 3);
    const counts = questions(link.asked.items.slice(before)).filter((count) => count > 0);
    assert.deepEqual(counts, [10, 5, 3]);
    link.rewrites = (_, payload) => payload;
  });
});
