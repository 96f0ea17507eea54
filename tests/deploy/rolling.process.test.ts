/**
 * A new version under the eyes of those who are there: old nodes are replaced one after the other, and nobody notices.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it, type TestContext } from "node:test";
import { RoomAccount } from "../crash/accountant.js";
import { NatsServer, noNats } from "../realtime/engines/nats/server.js";
import { freePort, noRedis, RedisServer } from "../realtime/engines/redis/server.js";
import { SKIP_WITHOUT_NGINX, startNginxAs } from "../support/reverse-proxies.js";
import { Balancer, DeployedNode, deployed } from "./nodes.js";
import { Visitor } from "./visitor.js";

const visitors = 4;
// Soon, and however long it takes where the machine is busy.
const pace = { SPREAD_MS: "500", DEADLINE_MS: "30000" };

/** Time passes for everybody: each has done so much more. */
async function goOn(all: readonly Visitor[], steps: number): Promise<void> {
  const until = all.map((visitor) => visitor.count + steps);
  while (all.some(({ count, faults }, index) => count < (until[index] ?? 0) && faults.length === 0)) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

async function roll(t: TestContext, env: Readonly<Record<string, string>>): Promise<void> {
  const settings = { ...env, ...pace };
  const start = (name: string): Promise<DeployedNode> => DeployedNode.start(t, { ...settings, HOSTNAME: name });
  const balancer = await Balancer.start(t);
  const old = await Promise.all(["old 1", "old 2"].map(start));
  for (const { port } of old) balancer.nodes.add(port);
  const room = new RoomAccount("room/1");
  const all = await Promise.all(
    Array.from({ length: visitors }, (_, index) => Visitor.enter(balancer.url, room, `visitor-${String(index)}`)),
  );
  t.after(() => Promise.all(all.map(({ client }) => client.close())));
  while (all.some(({ present }) => present < visitors)) await new Promise((resolve) => setTimeout(resolve, 1));
  const stop = new AbortController();
  for (const visitor of all) visitor.begin(stop.signal);
  await goOn(all, 5);
  for (const [index, node] of old.entries()) {
    const { port } = await start(`new ${String(index + 1)}`);
    balancer.nodes.add(port);
    balancer.nodes.delete(node.port);
    node.signal("SIGTERM");
    const [last, code] = await node.ended;
    assert.equal(code, 0);
    // Some may be in their closing handshake.
    const { terminated, lost } = last as { readonly terminated: number; readonly lost: number };
    assert.deepEqual({ terminated, lost }, { terminated: 0, lost: 0 });
    await goOn(all, 5);
  }
  stop.abort();
  await Promise.all(all.map((visitor) => visitor.done()));
  await Promise.all(all.map((visitor) => visitor.heardAll()));
  assert.deepEqual(
    all.flatMap(({ faults }) => faults),
    [],
  );
  assert.deepEqual(room.audit(), []);
  for (const { nodes, present } of all) {
    assert.equal(present, visitors);
    assert.ok([...nodes].some((name) => name.startsWith("new")));
  }
  for (const visitor of all) visitor.leaving();
}

describe("a rolling deployment", { timeout: 120_000 }, () => {
  it("is not noticed by anybody, over Redis", { skip: noRedis }, async (t) => {
    const server = await RedisServer.start();
    t.after(() => server.dispose());
    await roll(t, { ENGINE: "redis", REDIS_URL: server.url });
  });

  it("is not noticed through nginx as compose.yaml has it, which goes on asking nodes that end", {
    skip: noRedis || SKIP_WITHOUT_NGINX,
  }, async (t) => {
    const redis = await RedisServer.start();
    t.after(() => redis.dispose());
    const env = { ENGINE: "redis", REDIS_URL: redis.url, TRUSTED_PROXIES: "127.0.0.1", ...pace };
    const nodes = await Promise.all(["one", "two"].map((HOSTNAME) => DeployedNode.start(t, { ...env, HOSTNAME })));
    const [one, two] = nodes as [DeployedNode, DeployedNode];
    const text = readFileSync(deployed("nginx.conf"), "utf8");
    const port = await freePort();
    await startNginxAs(
      t,
      text
        .replace("node1:9000", `127.0.0.1:${String(one.port)}`)
        .replace("node2:9000", `127.0.0.1:${String(two.port)}`),
      port,
    );
    const room = new RoomAccount("room/1");
    const visitor = await Visitor.enter(`ws://127.0.0.1:${String(port)}/live`, room, "visitor");
    t.after(() => visitor.client.close());
    const stop = new AbortController();
    visitor.begin(stop.signal);
    await goOn([visitor], 5);
    const [here] = [...visitor.nodes];
    const ending = here === "one" ? one : two;
    ending.signal("SIGTERM");
    assert.equal((await ending.ended)[1], 0);
    await goOn([visitor], 5);
    stop.abort();
    await visitor.done();
    await visitor.heardAll();
    assert.deepEqual([visitor.faults, room.audit(), visitor.nodes.size], [[], [], 2]);
    visitor.leaving();
    // What is for those who look after the nodes stays inside.
    const health = await fetch(`http://127.0.0.1:${String(port)}/health/ready`, { headers: { connection: "close" } });
    assert.equal(health.status, 404);
  });

  it("is not noticed by anybody, over NATS", { skip: noNats }, async (t) => {
    const server = await NatsServer.start();
    t.after(() => server.dispose());
    await roll(t, { ENGINE: "nats", NATS_SERVERS: server.url });
  });
});
