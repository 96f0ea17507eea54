import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import type { Engine, LogPage } from "#src/realtime/engines/index.js";
import { FollowedLog } from "../recorders.js";
import { append, createHost, everything } from "../world.js";
import { NatsServer, noNats } from "./server.js";
import { createHold, TamperedLink } from "./tampered.js";
import { NatsNodes } from "./world.js";

// For what must not be needed.
const neverMs = 600_000;

describe("streams of NATS that are replaced", { skip: noNats }, () => {
  let server: NatsServer;
  let administrator: NatsConnection;
  let nodes: NatsNodes;
  before(async () => {
    server = await NatsServer.start();
    administrator = await connect({ servers: server.url });
  });
  after(async () => {
    await administrator.close();
    await server.dispose();
  });
  beforeEach(() => {
    nodes = new NatsNodes(server);
  });
  afterEach(() => nodes.dispose());

  /** Somebody else makes a stream anew. */
  async function replace(kind: "log" | "call" = "log"): Promise<void> {
    const stream = `${nodes.prefix}_${kind}`;
    const info = await administrator.request(`$JS.API.STREAM.INFO.${stream}`);
    const { config } = info.json<{ config: object }>();
    await administrator.request(`$JS.API.STREAM.DELETE.${stream}`);
    await administrator.request(`$JS.API.STREAM.CREATE.${stream}`, JSON.stringify(config));
  }

  /** It goes on in the new stream, where it was told that it does, and with nothing of the old one. */
  async function assertNew(engine: Engine, log: FollowedLog): Promise<void> {
    await log.resets.until(({ length }) => length === 1);
    const [reset] = log.resets.items;
    assert.ok(reset !== undefined);
    const [reason, { epoch, end }] = reset;
    assert.equal(reason, "epoch");
    const position = await append(engine, "room", "new");
    await log.has("new");
    assert.equal(log.entries.items.at(-1)?.previous, end);
    const page = await engine.logs.read("room", { limit: 10 });
    assert.ok(page.status === "ok");
    assert.deepEqual([page.epoch, page.entries.map((entry) => entry.value)], [epoch, ["new"]]);
    assert.deepEqual(await engine.logs.bounds("room"), { epoch, start: "0", end: position });
  }

  it("are told of when they can be read, and nothing of the old one is said meanwhile", async () => {
    const link = new TamperedLink();
    const node = await nodes.start({ connect: link.connect, auditIntervalMs: 20 });
    const log = await FollowedLog.of(node, "room");
    for (const value of ["old 1", "old 2"]) await append(node, "room", value);
    link.refuses = (subject) => subject === `$JS.API.STREAM.MSG.GET.${nodes.prefix}_log`;
    await replace();
    const isLook = (subject: string): boolean => subject === `$JS.API.STREAM.INFO.${nodes.prefix}_log`;
    const looks = link.answered.items.filter(isLook).length;
    // One of them has begun after it was replaced.
    await link.answered.until((answered) => answered.filter(isLook).length > looks + 1);
    const refused = link.refused.items.length;
    await link.refused.until(({ length }) => length > refused);
    assert.equal(log.resets.items.length, 0);
    await assert.rejects(node.logs.read("room", { limit: 10 }), { code: "unavailable" });
    await assert.rejects(node.logs.bounds("room"), { code: "unavailable" });
    await assert.rejects(FollowedLog.of(node, "room"), { code: "unavailable" });
    link.refuses = () => false;
    await assertNew(node, log);
  });

  it("are noticed by who appends and wants a stream to keep messages for longer", async () => {
    const node = await nodes.start({ auditIntervalMs: neverMs });
    const log = await FollowedLog.of(node, "room");
    await append(node, "room", "old");
    await replace();
    await append(node, "other", 1, { retain: { ...everything, ageMs: 40 * 86_400_000 } });
    await assertNew(node, log);
  });

  it("are noticed at a reconnect, whatever was asked before and is not answered", async () => {
    const link = new TamperedLink();
    const node = await nodes.start({ connect: link.connect, auditIntervalMs: 20 });
    const log = await FollowedLog.of(node, "room");
    await append(node, "room", "old");
    const { hold } = createHold();
    link.holds = () => hold;
    const before = link.asked.items.length;
    await link.asked.until((asked) => asked.slice(before).some((subject) => subject.startsWith("$JS.API.STREAM.INFO")));
    await replace();
    link.holds = () => undefined;
    await link.connection?.reconnect();
    await assertNew(node, log);
  });

  it("lose nothing to what was to be taken away of the old ones: claims that were given up", async () => {
    const host = createHost();
    const node = await nodes.start({ auditIntervalMs: neverMs }, host);
    const claim = (key: string) => node.calls.claim({ key, windowMs: 600_000 }, 1000);
    const before = await claim("a");
    assert.ok(before.status === "claimed");
    await before.release();
    await replace("call");
    const after = await claim("b");
    assert.ok(after.status === "claimed");
    await after.complete({ ok: true, value: 7 });
    await host.clock.advance(120_000);
    await nodes.settle();
    assert.equal((await claim("b")).status, "done");
  });

  it("lose nothing to what was to be taken away of the old ones: messages whose time is over", async () => {
    const host = createHost();
    const node = await nodes.start({ auditIntervalMs: neverMs }, host);
    const retain = { ...everything, ageMs: 12_000 };
    for (let index = 0; index < 10; index++) await append(node, "room", index, { retain });
    await host.clock.advance(9000);
    await replace();
    for (const value of ["x", "y", "z"]) await append(node, "room", value, { retain });
    await host.clock.advance(8000);
    await nodes.settle();
    const other = await nodes.start({}, host);
    const page = (await other.logs.read("room", { limit: 100 })) as LogPage;
    assert.deepEqual(
      page.entries.map(({ value }) => value),
      ["x", "y", "z"],
    );
  });

  it("keep a message once that was published before anybody noticed, and again under its key", async () => {
    const [late, early] = await Promise.all([
      nodes.start({ auditIntervalMs: neverMs }),
      nodes.start({ auditIntervalMs: neverMs }),
    ]);
    await append(late, "room", "old");
    await replace();
    const keyed = { idempotency: { key: "k", windowMs: 60_000 } };
    const position = await append(late, "other", "new", keyed);
    // Who starts now knows the new stream alone.
    const fresh = await nodes.start();
    assert.equal(await append(fresh, "other", "new", keyed), position);
    assert.equal(await append(fresh, "other", "new", keyed), position);
    assert.equal(await append(early, "other", "new", keyed), position);
    const page = (await fresh.logs.read("other", { limit: 10 })) as LogPage;
    assert.equal(page.entries.length, 1);
  });

  it("are noticed by who appends, where positions do not rise", async () => {
    const node = await nodes.start({ auditIntervalMs: neverMs });
    for (const value of ["old 1", "old 2"]) await append(node, "room", value);
    const { epoch } = await node.logs.bounds("room");
    await replace();
    const appended = await node.logs.append("room", { value: "new", meta: {}, retain: everything });
    assert.deepEqual([appended.position, appended.epoch === epoch], ["1", false]);
  });

  /** What a server of a cluster says of when a stream was made, which is another time each time. */
  function atServers(cluster: object): (subject: string, answer: object) => object {
    let times = 0;
    return (subject, answer) => {
      if (!/^\$JS\.API\.STREAM\.(?:INFO|CREATE)/u.test(subject)) return answer;
      return { ...answer, created: `2026-01-01T00:00:00.${String(times++)}Z`, cluster };
    };
  }

  it("are the same ones where servers of a cluster do not agree on when they were made", async () => {
    const link = new TamperedLink();
    link.isOfCluster = true;
    link.rewritesAnswer = atServers({ leader: "n0", raft_group: "S-R3F-1" });
    const options = { connect: link.connect, auditIntervalMs: 20 };
    const [a, b] = await Promise.all([nodes.start(options), nodes.start(options)]);
    const [log] = await Promise.all([FollowedLog.of(a, "room"), FollowedLog.of(b, "room")]);
    const once = { retain: everything, idempotency: { key: "once", windowMs: 60_000 } };
    const position = await append(a, "room", 1, once);
    const isLook = (subject: string): boolean => subject.startsWith("$JS.API.STREAM.INFO");
    const looks = link.answered.items.filter(isLook).length;
    await link.answered.until((answered) => answered.filter(isLook).length > looks + 20);
    assert.equal(await append(b, "room", 1, once), position);
    assert.deepEqual(log.resets.items, []);
    assert.equal((await a.logs.bounds("room")).epoch, (await b.logs.bounds("room")).epoch);
  });

  it("are found by who was told, while another made them, that their subjects are in use", async () => {
    const link = new TamperedLink();
    const node = await nodes.start();
    const position = await append(node, "room", 1);
    const isMaking = (subject: string): boolean => subject.startsWith("$JS.API.STREAM.CREATE");
    const overlap = { error: { err_code: 10065, description: "subjects overlap with an existing stream" } };
    link.rewritesAnswer = (subject, answer) => (isMaking(subject) ? overlap : answer);
    const other = await nodes.start({ connect: link.connect });
    assert.equal((await other.logs.bounds("room")).end, position);
  });

  it("are refused where their subjects are another stream's", async () => {
    const config = { name: `${nodes.prefix}_theirs`, subjects: [`${nodes.prefix}.log.>`], storage: "memory" };
    await administrator.request(`$JS.API.STREAM.CREATE.${config.name}`, JSON.stringify(config));
    await assert.rejects(nodes.start(), { code: "unavailable", message: /subjects overlap/u });
  });

  it("are not known by who answers where nobody leads", async () => {
    const link = new TamperedLink();
    link.isOfCluster = true;
    const node = await nodes.start({ connect: link.connect, auditIntervalMs: 20 });
    const log = await FollowedLog.of(node, "room");
    link.rewritesAnswer = atServers({ replicas: [] });
    const isLook = (subject: string): boolean => subject.startsWith("$JS.API.STREAM.INFO");
    const looks = link.answered.items.filter(isLook).length;
    await link.answered.until((answered) => answered.filter(isLook).length > looks + 5);
    assert.deepEqual(log.resets.items, []);
  });

  it("and those that are not: what is told while a log is being read is not lost, however much, and though that fails", async () => {
    const link = new TamperedLink();
    const options = { connect: link.connect, auditIntervalMs: neverMs };
    const [a, b] = await Promise.all([nodes.start(options), nodes.start()]);
    const log = await FollowedLog.of(a, "room");
    const { hold, fail } = createHold();
    link.isDeaf = true;
    await append(b, "room", "unheard");
    await link.connection?.flush();
    link.isDeaf = false;
    const isReading = (subject: string): boolean => subject.startsWith("$JS.API.CONSUMER.CREATE");
    const before = link.asked.items.length;
    link.holds = (subject) => (isReading(subject) ? hold : undefined);
    const reading = assert.rejects(a.logs.read("room", { after: "1000", limit: 1 }), { code: "unavailable" });
    await link.asked.until((asked) => asked.slice(before).some(isReading));
    const values = Array.from({ length: 5 }, (_, index) => String(index).padStart(400_000, "-"));
    for (const value of values) await append(b, "room", value);
    await link.connection?.flush();
    link.holds = () => undefined;
    fail(new Error("refused"));
    await reading;
    await log.has(values.at(-1));
    assert.deepEqual(log.values, ["unheard", ...values]);
    log.assertChained();
  });
});
