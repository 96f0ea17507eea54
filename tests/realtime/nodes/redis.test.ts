import { redis } from "#src/realtime/engines/redis/index.js";
import { noRedis, RedisServer } from "../engines/redis/server.js";
import { nodesTogether } from "./suite.js";

nodesTogether({
  name: "Redis",
  skip: noRedis,
  scheme: "redis",
  startServer: () => RedisServer.start(),
  engine: (url, prefix) => redis({ url, prefix, connection: { retryStrategy: () => 10 } }),
});
