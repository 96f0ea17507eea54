import { redis } from "#src/realtime/engines/redis/index.js";
import { nodesTogether } from "../../nodes/suite.js";
import { noRedis, RedisServer } from "./server.js";

nodesTogether({
  name: "Redis",
  skip: noRedis,
  scheme: "redis",
  startServer: () => RedisServer.start(),
  engine: (url, prefix) => redis({ url, prefix, connection: { retryStrategy: () => 10 } }),
});
