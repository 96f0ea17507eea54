import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { Redis } from "ioredis";
import * as calls from "#src/realtime/engines/redis/calls.js";
import * as logs from "#src/realtime/engines/redis/log-scripts.js";
import * as media from "#src/realtime/engines/redis/media.js";
import * as presence from "#src/realtime/engines/redis/presence-scripts.js";
import { Script } from "#src/realtime/engines/redis/script.js";
import * as signals from "#src/realtime/engines/redis/signals.js";
import * as states from "#src/realtime/engines/redis/state-scripts.js";
import { engineContract } from "#src/testing/index.js";
import { append } from "../world.js";
import { noRedis, RedisServer } from "./server.js";
import { RedisNodes } from "./world.js";

const page = readFileSync(new URL("../../../../../docs/engines.md", import.meta.url), "utf8");
/** The smaller rights of a user, as the documentation names them. */
const rights =
  /^```text\n(?<rights>~openline:\*[^`]*)```$/mu.exec(page)?.groups?.["rights"]?.trim().split(/\s+/u) ?? [];

const scripts = [calls, logs, media, presence, signals, states]
  .flatMap((module): unknown[] => Object.values(module))
  .filter((value) => value instanceof Script);

describe("the smaller rights of a user of Redis that docs/engines.md names", { timeout: 60_000 }, () => {
  it("are every command of every script, and no command that is none's", () => {
    const commands = scripts.flatMap(({ lua }) =>
      [...lua.matchAll(/redis\.p?call\('(?<name>\w+)'/gu)].map(
        ({ groups }) => `+${groups?.["name"]?.toLowerCase() ?? ""}`,
      ),
    );
    const sent = ["eval", "evalsha", "script|load", "ssubscribe", "sunsubscribe", "wait", "time", "info", "ping"];
    const others = [...sent, "client|setname", "cluster|slots", "cluster|info"].map((name) => `+${name}`);
    assert.deepEqual(rights.slice(2).sort(), [...new Set([...commands, ...others])].sort());
  });

  describe("over a server", { skip: noRedis }, () => {
    let server: RedisServer;
    let admin: Redis;
    before(async () => {
      server = await RedisServer.start();
      admin = new Redis(server.url);
    });
    after(async () => {
      // But for what servers of before 7.2 do not know, nothing was denied.
      const denied = (await admin.call("ACL", "LOG")) as string[][];
      const objects = denied.map((entry) => entry[entry.indexOf("object") + 1]);
      admin.disconnect();
      await server.dispose();
      assert.deepEqual(
        objects.filter((object) => object !== "client|setinfo"),
        [],
      );
    });

    async function createNodes(): Promise<RedisNodes> {
      const connection = { username: "small", password: "word", retryStrategy: () => 10 };
      const nodes = new RedisNodes({ url: server.url, connection });
      const own = rights.map((right) => right.replace("openline:", `${nodes.prefix}:`));
      await admin.acl("SETUSER", "small", "reset", "on", ">word", ...own);
      return nodes;
    }

    for (const { name, run } of engineContract) it(name, async () => await run(await createNodes()));

    it("wait for replicas", async (t) => {
      const nodes = await createNodes();
      t.after(() => nodes.dispose());
      const engine = await nodes.start({ replicas: 1, timeoutMs: 200 });
      await assert.rejects(append(engine, "room", 1), /0 replicas/u);
    });
  });
});
