/**
 * Servers as several processes: they share a port and an engine, and nothing is lost when one of them ends.
 */
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { createClient, type UntypedClient } from "#src/realtime/client/node/index.js";
import { memoryBytes } from "#src/transport/node/index.js";
import { LineProcess } from "../support/line-process.js";

const script = new URL("../support/cluster-process.js", import.meta.url);

class World {
  readonly process: LineProcess;
  readonly url: string;
  /** Of the workers. */
  readonly pids: readonly number[];
  readonly #clients: UntypedClient[];

  private constructor(clients: UntypedClient[], process: LineProcess, port: unknown, pids: readonly number[]) {
    this.#clients = clients;
    this.process = process;
    this.pids = pids;
    this.url = `ws://127.0.0.1:${String(port)}`;
  }

  static async start(t: TestContext, options: object = {}): Promise<World> {
    const clients: UntypedClient[] = [];
    // Before the process ends, so that it need not wait for them.
    t.after(() => Promise.all(clients.map((client) => client.close())));
    const child = LineProcess.start(t, script, JSON.stringify({ workers: 2, ...options }));
    const { port } = await child.next("port");
    const { pids } = await child.next("pids");
    return new World(clients, child, port, pids as number[]);
  }

  /** Closes all clients. */
  async leave(): Promise<void> {
    await Promise.all(this.#clients.splice(0).map((client) => client.close()));
  }

  client(user: string): UntypedClient {
    const client = createClient(this.url, { token: user, reconnect: { minDelayMs: 1, maxDelayMs: 50 } });
    this.#clients.push(client);
    return client;
  }

  /** Clients, one for each worker. */
  async clients(): Promise<Map<number, UntypedClient>> {
    const byWorker = new Map<number, UntypedClient>();
    // Connections are given to the workers in turn.
    for (let count = 0; byWorker.size < 2 && count < 20; count++) {
      const client = this.client(`user${String(count)}`);
      byWorker.set((await client.call("pid")) as number, client);
    }
    assert.equal(byWorker.size, 2);
    return byWorker;
  }
}

/** Follows a log. */
function follow(client: UntypedClient, name: string): { values: unknown[]; until: (count: number) => Promise<void> } {
  const values: unknown[] = [];
  let check: () => void = () => undefined;
  client.channel(name, { last: 1000 }).listen((event) => {
    if (event.type === "gap") values.push(event.reason);
    if (event.type === "message") values.push(event.value);
    check();
  });
  const until = async (count: number): Promise<void> => {
    await new Promise<void>((resolve) => {
      check = () => {
        if (values.length >= count) resolve();
      };
      check();
    });
  };
  return { values, until };
}

describe("a cluster", () => {
  it("has one port and one engine for all workers, replaces them one by one unnoticed, and ends in order", async (t) => {
    const world = await World.start(t);
    const before = await world.clients();
    assert.deepEqual(new Set(before.keys()), new Set(world.pids));
    const [left, right] = [...before.values()];
    assert.ok(left !== undefined && right !== undefined);
    // Of this machine's memory the two and the first process have a part each.
    assert.deepEqual(
      await Promise.all([left, right].map((client) => client.call("memoryBytes"))),
      [1, 2].map(() => Math.floor(memoryBytes / 3)),
    );
    for (let count = 0; count < 2; count++) {
      const health = await fetch(`${world.url.replace("ws:", "http:")}/health/ready`, {
        headers: { connection: "close" },
      });
      assert.deepEqual([health.status, await health.json()], [200, { status: "ok", checks: { engine: "ok" } }]);
    }
    const rooms = [left, right].map((client) => client.channel("lobby", { presence: true }));
    for (const room of rooms) room.listen(() => undefined);
    for (const room of rooms) {
      while (room.presence.count < 2) await new Promise((resolve) => setImmediate(resolve));
    }
    const heard = [left, right].map((client) => follow(client, "room"));
    let isOver = false;
    const publishing = (async () => {
      let count = 0;
      for (; !isOver; count++) await left.channel("room").publish(count);
      return count;
    })();
    world.process.write("restart\n");
    await world.process.next("restarted");
    isOver = true;
    const count = await publishing;
    await Promise.all(heard.map(({ until }) => until(count)));
    for (const { values } of heard)
      assert.deepEqual(
        values,
        Array.from({ length: count }, (_, index) => index),
      );
    const after = await world.clients();
    for (const pid of after.keys()) assert.ok(!before.has(pid));
    await world.leave();
    world.process.endInput();
    await world.process.next("closed");
    await world.process.exited;
  });

  it("replaces a worker that is killed, whose clients lose nothing, and ends while one is starting", async (t) => {
    const world = await World.start(t);
    const clients = await world.clients();
    const [[victim, left], [other, right]] = [...clients] as [[number, UntypedClient], [number, UntypedClient]];
    const heard = [follow(left, "room"), follow(right, "room")];
    await right.channel("room").publish("before");
    await Promise.all(heard.map(({ until }) => until(1)));
    process.kill(victim, "SIGKILL");
    const sent = Array.from({ length: 20 }, (_, index) => index);
    await Promise.all(sent.flatMap((index) => [left, right].map((client) => client.channel("room").publish(index))));
    await Promise.all(heard.map(({ until }) => until(41)));
    for (const { values } of heard) {
      assert.deepEqual([...values].sort(), ["before", ...sent, ...sent].sort());
    }
    assert.match(String((await world.process.next("log"))["log"]), /^worker \d+ has ended by SIGKILL$/u);
    // The one in its place.
    await world.process.next("port");
    assert.ok(!(await world.clients()).has(victim));
    await world.leave();
    process.kill(other, "SIGKILL");
    await world.process.next("log");
    let pids: readonly unknown[] = [];
    while (pids.length < 2) {
      world.process.write("status\n");
      pids = (await world.process.next("pids"))["pids"] as readonly unknown[];
    }
    world.process.endInput();
    await world.process.next("closed");
    await world.process.exited;
  });

  for (const fails of ["at-once", "later"]) {
    it(`says why its workers do not start, when that is known ${fails}`, async (t) => {
      const child = LineProcess.start(t, script, JSON.stringify({ workers: 2, fails }));
      assert.match(String((await child.next("failed"))["failed"]), /^a worker did not start: .*there is no database/u);
      await child.exited;
    });
  }

  it("says so when the system gives it no process", async (t) => {
    const child = LineProcess.start(t, script, JSON.stringify({ workers: 2, execPath: "/nowhere/node" }));
    assert.match(String((await child.next("failed"))["failed"]), /^a worker did not start: .*ENOENT/u);
    await child.exited;
  });

  it("refuses to be in a worker of another cluster", async (t) => {
    const child = LineProcess.start(t, new URL("../support/foreign-cluster-process.js", import.meta.url));
    assert.match(String((await child.next("failed"))["failed"]), /^this process is a worker of another cluster/u);
    await child.exited;
  });

  it("has as many workers as before when one ends while another is being replaced", async (t) => {
    const world = await World.start(t, { waits: true });
    world.process.write("restart\n");
    const replacement = (await world.process.next("waiting"))["waiting"] as number;
    // The one whose turn has not come.
    process.kill(world.pids[1] ?? 0, "SIGKILL");
    await world.process.next("log");
    const other = (await world.process.next("waiting"))["waiting"] as number;
    for (const pid of [replacement, other]) process.kill(pid, "SIGUSR2");
    await world.process.next("restarted");
    world.process.write("status\n");
    const { pids } = await world.process.next("pids");
    assert.deepEqual(new Set(pids as number[]), new Set([replacement, other]));
  });

  it("replaces the one whose place is being taken once, when it ends meanwhile", async (t) => {
    const world = await World.start(t, { waits: true });
    world.process.write("restart 1\n");
    const replacement = (await world.process.next("waiting"))["waiting"] as number;
    process.kill(world.pids[0] ?? 0, "SIGKILL");
    await world.process.next("log");
    process.kill(replacement, "SIGUSR2");
    await world.process.next("restarted");
    world.process.write("status\n");
    assert.deepEqual((await world.process.next("pids"))["pids"], [world.pids[1], replacement]);
    world.process.write("restart 77\n");
    assert.match(String((await world.process.next("restarted"))["restarted"]), /^RangeError: no worker has the id 77/u);
  });

  it("lets a worker that somebody tells to end drain, replaces it, and has none that a terminal's end takes away", async (t) => {
    const world = await World.start(t);
    const [[first, left], [other, right]] = [...(await world.clients())] as [
      [number, UntypedClient],
      [number, UntypedClient],
    ];
    process.kill(other, "SIGHUP");
    const heard = follow(left, "room");
    process.kill(first, "SIGTERM");
    // The one in its place.
    await world.process.next("port");
    for (let index = 0; index < 10; index++) await right.channel("room").publish(index);
    await heard.until(10);
    assert.deepEqual(heard.values, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const pids = [...(await world.clients()).keys()];
    assert.ok(pids.includes(other));
    assert.ok(!pids.includes(first));
    await world.leave();
    world.process.endInput();
    await world.process.next("closed");
    await world.process.exited;
  });

  it("kills a worker that does not take what the bus has for it", async (t) => {
    const world = await World.start(t, { maxBacklogBytes: 100_000 });
    const [[stuck, left], [, right]] = [...(await world.clients())] as [
      [number, UntypedClient],
      [number, UntypedClient],
    ];
    const heard = [follow(left, "room"), follow(right, "room")];
    await right.channel("room").publish("before");
    await Promise.all(heard.map(({ until }) => until(1)));
    process.kill(stuck, "SIGSTOP");
    for (let index = 0; index < 60; index++) await right.channel("room").publish("x".repeat(20_000));
    assert.match(String((await world.process.next("log"))["log"]), /SIGKILL: .*maxBacklogBytes/u);
    await Promise.all(heard.map(({ until }) => until(61)));
  });
});
