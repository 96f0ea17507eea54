import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Redis } from "ioredis";
import { listScript, putScript } from "#src/realtime/engines/redis/presence-scripts.js";
import { Recorder } from "../recorders.js";
import { noRedis, RedisServer } from "./server.js";
import { RedisNodes } from "./world.js";

describe("what is told of presence in Redis", { skip: noRedis, timeout: 20_000 }, () => {
  it("holds though what was told before it is run later, and nobody else's is held up", async (t) => {
    const server = await RedisServer.start();
    const client = new Redis(server.url);
    t.after(async () => {
      client.disconnect();
      await server.dispose();
    });
    const prefix = "{p}";
    const run = async (lua: string, ...more: (string | number)[]): Promise<unknown> =>
      client.eval(lua, 1, `${prefix}n`, 1000, prefix, "epoch", ...more);
    const put = async (user: string, connections: number, number: number): Promise<void> => {
      await run(putScript.lua, "node", "room", user, connections, "null", 60_000, number);
    };
    const users = async (): Promise<unknown[]> => {
      const [, , , ...found] = (await run(listScript.lua, "room", -1)) as unknown[];
      return found.filter((_, index) => index % 3 === 0).sort();
    };
    await put("ann", 0, 2);
    // Asked for before, and done now.
    await put("ann", 1, 1);
    assert.deepEqual(await users(), []);
    await put("bob", 1, 1);
    await put("ann", 1, 3);
    // Sent again.
    await put("ann", 1, 3);
    await put("bob", 0, 2);
    await put("bob", 1, 1);
    assert.deepEqual(await users(), ["ann"]);
  });

  it("holds no longer than its beats where a node was forgotten, tells something, and dies before it beats", async (t) => {
    const server = await RedisServer.start();
    const nodes = new RedisNodes({ url: server.url });
    t.after(async () => {
      await nodes.dispose();
      await server.dispose();
    });
    const [a, b] = [await nodes.start(), await nodes.start()];
    const events = new Recorder<string>();
    await a.presence.watch("room", {
      came: ({ user }) => events.add(`+${user}`),
      left: (user) => events.add(`-${user}`),
    });
    await b.presence.beat("n", 300);
    await a.presence.dropNode("n");
    await b.presence.put("n", "room", { user: "ann", state: null, connections: 1 });
    await b.close();
    await events.until(({ length }) => length === 2);
    assert.deepEqual(events.items, ["+ann", "-ann"]);
  });
});
