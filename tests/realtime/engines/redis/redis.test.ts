import { after, before, describe, it } from "node:test";
import { engineContract } from "#src/testing/index.js";
import { noRedis, RedisServer } from "./server.js";
import { RedisNodes } from "./world.js";

describe("the Redis engine", { skip: noRedis, timeout: 90_000 }, () => {
  let server: RedisServer;
  before(async () => {
    server = await RedisServer.start();
  });
  after(() => server.dispose());

  for (const { name, run } of engineContract) it(name, () => run(new RedisNodes({ url: server.url })));
});
