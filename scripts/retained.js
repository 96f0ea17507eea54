// What messages take that a log keeps: node scripts/retained.js [--count 20000] [--bytes 200] [--redis URL] [--nats URL]
// Servers have to be empty; what is theirs is asked of them (used_memory of Redis, the octets of the stream of NATS).
import { parseArgs } from "node:util";
import { createRealtime, log, memory } from "openline/realtime";

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "20000" },
    bytes: { type: "string", default: "200" },
    redis: { type: "string" },
    nats: { type: "string" },
  },
});
const count = Number(values.count);
// Each its own, as what comes from clients is.
const textOf = (index) => Buffer.alloc(Number(values.bytes), String(index).padStart(8, "0")).toString("latin1");

async function measure(name, engine, bytesNow) {
  const realtime = createRealtime({ engine, channel: log({ retain: { count } }) });
  await realtime.ready;
  const before = await bytesNow();
  for (let index = 0; index < count; index += 100) {
    await Promise.all(Array.from({ length: 100 }, (_, part) => realtime.publish("room/1", textOf(index + part))));
  }
  const each = (await bytesNow()) - before;
  console.log(`${name}: ${Math.round(each / count)} octets for each message of ${values.bytes}`);
  await realtime.close();
}

globalThis.gc ??= () => console.log("(memory: run with --expose-gc)");
await measure("memory", memory(), () => {
  gc();
  return process.memoryUsage().heapUsed + process.memoryUsage().external;
});
if (values.redis !== undefined) {
  const [{ redis }, { Redis }] = await Promise.all([import("openline/engines/redis"), import("ioredis")]);
  const client = new Redis(values.redis);
  await measure("Redis", redis({ url: values.redis }), async () =>
    Number(/used_memory:(\d+)/u.exec(await client.info("memory"))?.[1]),
  );
  await client.quit();
}
if (values.nats !== undefined) {
  const [{ nats }, { connect }] = await Promise.all([
    import("openline/engines/nats"),
    import("@nats-io/transport-node"),
  ]);
  const connection = await connect({ servers: values.nats });
  await measure("NATS", nats({ servers: [values.nats] }), async () => {
    const answer = await connection.request("$JS.API.STREAM.INFO.openline_log");
    return answer.json().state.bytes;
  });
  await connection.close();
}
