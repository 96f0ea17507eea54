/**
 * One node in a process of its own, over the engine of the first argument ("nats" or "redis") at the address of the
 * second. It prints where it listens, and is there to be killed.
 */
import { serve } from "#src/index.js";
import { nats } from "#src/realtime/engines/nats/index.js";
import { redis } from "#src/realtime/engines/redis/index.js";
import { createRealtime } from "#src/realtime/index.js";
import { api } from "./api.js";

const [, , kind = "", url = ""] = process.argv;
const engine = kind === "nats" ? nats({ servers: url, storage: "memory" }) : redis({ url });
const realtime = createRealtime(api, {
  engine,
  authenticate: ({ token }) => ({ user: String(token) }),
  limits: { maxRequests: 10_000, requestBurst: 10_000, requestsPerSecond: 10_000 },
});
await realtime.ready;
const server = await serve({ port: 0, ...realtime.handlers });
process.stdout.write(`${JSON.stringify({ port: server.port })}\n`);
process.stdin
  .on("end", () => {
    void server.close().then(() => realtime.close());
  })
  .resume();
