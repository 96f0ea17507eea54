// The environment's variables, each with its default. What makes no sense ends the process before it serves anybody.

/** @param {NodeJS.ProcessEnv} env */
export function readSettings(env) {
  return {
    nodeName: text("HOSTNAME", `process ${process.pid}`),
    port: whole("PORT", 9000),
    /** Of its own, so that it need not be reachable from everywhere. */
    metricsPort: whole("METRICS_PORT", 9100),
    path: text("WS_PATH", "/live"),
    /** Pages of other origins than the server's own. */
    origins: env["ORIGINS"] ? list("ORIGINS", "") : undefined,
    trustedProxies: list("TRUSTED_PROXIES", ""),
    engine: oneOf("ENGINE", ["memory", "nats", "redis"]),
    natsServers: list("NATS_SERVERS", "nats://127.0.0.1:4222"),
    natsReplicas: whole("NATS_REPLICAS", 1),
    redisUrl: text("REDIS_URL", "redis://127.0.0.1:6379"),
    isAppendOnlyRequired: env["REDIS_APPEND_ONLY"] === "required",
    maxConnections: whole("MAX_CONNECTIONS", 50_000),
    maxConnectionsPerAddress: whole("MAX_CONNECTIONS_PER_ADDRESS", 1000),
    maxNewConnectionsPerSecond: whole("MAX_NEW_CONNECTIONS_PER_SECOND", 500),
    /** How long it goes on as before when it is told to end, so that balancers notice that it is not ready. */
    noticeMs: whole("NOTICE_MS", 0),
    /** How long clients take to move to other nodes. */
    spreadMs: whole("SPREAD_MS", 10_000),
    /** How long whoever has not moved by then is waited for, and as long again until what is left is cut. */
    deadlineMs: whole("DEADLINE_MS", 5000),
  };

  function text(name, defaultValue) {
    return env[name] || defaultValue;
  }

  function list(name, defaultValue) {
    return text(name, defaultValue)
      .split(",")
      .map((part) => part.trim())
      .filter((part) => part !== "");
  }

  function whole(name, defaultValue) {
    const value = Number(text(name, String(defaultValue)));
    if (Number.isSafeInteger(value) && value >= 0) return value;
    throw new RangeError(`${name} has to be a whole number, and is "${env[name]}"`);
  }

  function oneOf(name, values) {
    const value = text(name, values[0]);
    if (values.includes(value)) return value;
    throw new RangeError(`${name} has to be one of ${values.join(", ")}, and is "${value}"`);
  }
}
