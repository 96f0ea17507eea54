// What the image runs: one node of many, to begin from. All that differs from place to place comes from the environment.
import { healthChecks, overload, serve } from "openline";
import { call, contract, createRealtime, log, memory, signal, state, unchecked } from "openline/realtime";
import { serveMetrics } from "./metrics.js";
import { readSettings } from "./settings.js";

const settings = readSettings(process.env);

const api = contract({
  channels: {
    "room/{id}": log({ message: unchecked(), retain: { count: 1000, ageMs: 86_400_000 } }),
    "board/{id}": state({ value: unchecked() }),
    "cursor/{id}": signal({ message: unchecked() }),
  },
  calls: { node: call({ output: unchecked() }) },
});

/** The package of an engine is loaded where it is used. */
async function createEngine() {
  switch (settings.engine) {
    case "nats": {
      const { nats } = await import("openline/engines/nats");
      return nats({ servers: settings.natsServers, replicas: settings.natsReplicas });
    }
    case "redis": {
      const { redis } = await import("openline/engines/redis");
      return redis({ url: settings.redisUrl, requireAppendOnly: settings.isAppendOnlyRequired });
    }
    default:
      return memory();
  }
}

const realtime = createRealtime(api, {
  engine: await createEngine(),
  // Who somebody says to be is believed: put your own check of tokens here.
  authenticate: ({ token }) =>
    typeof token === "string" && /^[\w-]{1,64}$/u.test(token) ? { user: token } : undefined,
  calls: { node: () => settings.nodeName },
});
// Not to be reached is not to be ready; an engine that this node must not use at all ends it, and says why.
await realtime.ready;

let isStopping = false;
const isOverloaded = overload();
const health = healthChecks({
  ready: {
    engine: () => realtime.health().reason,
    stopping: () => (isStopping ? "stopping" : undefined),
  },
});
const server = await serve({
  port: settings.port,
  path: settings.path,
  ...(settings.origins === undefined ? {} : { origins: settings.origins }),
  trustedProxies: settings.trustedProxies,
  maxConnections: settings.maxConnections,
  maxConnectionsPerAddress: settings.maxConnectionsPerAddress,
  maxNewConnectionsPerSecond: settings.maxNewConnectionsPerSecond,
  isOverloaded,
  request: (request, response) => {
    if (!health(request, response)) response.writeHead(404).end();
  },
  ...realtime.handlers,
});
const metrics = await serveMetrics({ port: settings.metricsPort, server, realtime, isOverloaded });
console.log(JSON.stringify({ message: "listening", port: server.port, metricsPort: metrics.port }));

/** Nobody is sent here any more, those who are here move, and then the process ends by itself. */
async function stop() {
  isStopping = true;
  await new Promise((resolve) => setTimeout(resolve, settings.noticeMs));
  const { spreadMs, deadlineMs } = settings;
  await realtime.drain({ spreadMs, deadlineMs: spreadMs + deadlineMs });
  const { sockets, terminated, lost } = await server.drain({ deadlineMs });
  await realtime.close();
  await metrics.close();
  isOverloaded.stop();
  console.log(JSON.stringify({ message: "stopped", sockets, terminated, lost }));
}

for (const signalName of ["SIGTERM", "SIGINT"]) {
  process.on(signalName, () => {
    // Whoever asks twice does not want to wait.
    if (isStopping) process.exit(1);
    void stop();
  });
}
