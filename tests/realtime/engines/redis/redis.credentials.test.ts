import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { Redis } from "ioredis";
import type { EngineError } from "#src/realtime/engines/index.js";
import { type RedisEngineOptions, redis } from "#src/realtime/engines/redis/index.js";
import { testOnlyCertificate, testOnlyKey } from "../../../support/test-only-certificate.js";
import { FollowedLog } from "../recorders.js";
import { append, realHost } from "../world.js";
import { freePort, noRedis, RedisServer } from "./server.js";
import { RedisNodes } from "./world.js";

async function startServer(t: TestContext, ...args: string[]): Promise<RedisServer> {
  const server = await RedisServer.start(...args);
  t.after(() => server.dispose());
  return server;
}

function startNodes(t: TestContext, options: RedisEngineOptions): RedisNodes {
  const nodes = new RedisNodes({ prefix: "openline", ...options });
  t.after(() => nodes.dispose());
  return nodes;
}

let uses = 0;

async function assertUsable(nodes: RedisNodes): Promise<void> {
  const [a, b] = await Promise.all([nodes.start(), nodes.start()]);
  const key = `k${String(uses++)}`;
  const log = await FollowedLog.of(b, key);
  await append(a, key, 1, { idempotency: { key, windowMs: 1000 } });
  await log.has(1);
  await a.states.set("book", key, 1, null);
  await a.presence.beat("n", 10_000);
  await a.presence.put("n", key, { user: "ann", state: null, connections: 1 });
  assert.equal((await b.presence.list(key, 1)).count, 1);
  const claim = await a.calls.claim({ key, windowMs: 1000 }, 1000);
  assert.ok(claim.status === "claimed" && (await claim.complete({ ok: true, value: 1 })));
  await a.media.append(key, { data: Uint8Array.of(1), isKey: true }, 10);
  await a.signals.send("ping", { value: 1, user: undefined });
}

async function assertRefused(nodes: RedisNodes, text: RegExp): Promise<void> {
  await assert.rejects(nodes.start(), (error: EngineError) => {
    assert.equal(error.code, "unavailable");
    assert.match(error.message, text);
    return true;
  });
}

describe("credentials of the Redis engine", { skip: noRedis, timeout: 20_000 }, () => {
  it("are a password", async (t) => {
    const { url } = await startServer(t, "--requirepass", "secret");
    await assertUsable(startNodes(t, { url, connection: { password: "secret" } }));
    await assertUsable(startNodes(t, { url: url.replace("//", "//:secret@") }));
    await assertRefused(startNodes(t, { url, connection: { password: "wrong" } }), /WRONGPASS/u);
    await assertRefused(startNodes(t, { url }), /NOAUTH/u);
  });

  it("are a user with no more rights than the documentation says", async (t) => {
    const { url } = await startServer(t);
    const client = new Redis(url);
    const rights = ["~openline:*", "&openline:*", "+@all", "-@dangerous", "+info"];
    await client.acl("SETUSER", "ann", "on", ">secret", ...rights);
    await client.acl("SETUSER", "bob", "on", ">secret", ...rights, "-evalsha", "-eval", "-script");
    client.disconnect();
    await assertUsable(startNodes(t, { url, connection: { username: "ann", password: "secret" } }));
    await assertRefused(startNodes(t, { url, connection: { username: "ann", password: "wrong" } }), /WRONGPASS/u);
    await assertRefused(startNodes(t, { url, connection: { username: "bob", password: "secret" } }), /NOPERM/u);
  });

  it("are over TLS, whose certificate is checked", async (t) => {
    const files = await RedisServer.start();
    t.after(() => files.dispose());
    const [cert, key] = [path.join(files.folder, "cert.pem"), path.join(files.folder, "key.pem")];
    writeFileSync(cert, testOnlyCertificate);
    writeFileSync(key, testOnlyKey);
    const port = await freePort();
    const tls = [
      "--tls-port",
      String(port),
      "--tls-cert-file",
      cert,
      "--tls-key-file",
      key,
      "--tls-ca-cert-file",
      cert,
    ];
    await startServer(t, ...tls, "--tls-auth-clients", "no", "--requirepass", "secret");
    const url = `rediss://127.0.0.1:${String(port)}`;
    const ca = { tls: { ca: testOnlyCertificate } };
    await assertUsable(startNodes(t, { url, connection: { ...ca, password: "secret" } }));
    await assertRefused(startNodes(t, { url, connection: { ...ca, password: "wrong" } }), /WRONGPASS/u);
    await assertRefused(startNodes(t, { url, connection: { password: "secret" } }), /self-signed certificate/u);
    // Closed amid the handshake, wherever that stands: the client library lets an error go then, which would end the process.
    for (let round = 0; round < 120; round++) {
      const engine = redis({ url, connection: { ...ca, password: "secret" } });
      const starting = engine.start(realHost()).catch(() => undefined);
      await wait(round % 8);
      await engine.close();
      await starting;
    }
  });

  it("are of a Cluster", async (t) => {
    const server = await startServer(
      t,
      "--cluster-enabled",
      "yes",
      "--cluster-announce-ip",
      "127.0.0.1",
      "--requirepass",
      "secret",
    );
    const client = new Redis(server.url, { password: "secret" });
    await client.call("CLUSTER", "ADDSLOTSRANGE", 0, 16_383);
    while (!(await client.cluster("INFO")).includes("cluster_state:ok"));
    client.disconnect();
    const cluster = [{ host: "127.0.0.1", port: server.port }];
    await assertUsable(startNodes(t, { cluster, connection: { password: "secret" } }));
    await assertRefused(startNodes(t, { cluster, connection: { password: "wrong" } }), /WRONGPASS/u);
  });
});

describe("a Redis engine that is being started", { skip: noRedis, timeout: 20_000 }, () => {
  const nowhere = { host: "127.0.0.1", port: 1 };

  it("says that no Sentinel and no node of a Cluster is there", async () => {
    for (const where of [{ sentinels: { name: "main", nodes: [nowhere] } }, { cluster: [nowhere] }]) {
      const engine = redis({ ...where, timeoutMs: 300 });
      await assert.rejects(engine.start(realHost()), { code: "unavailable", message: /cannot be reached/u });
      await engine.close();
    }
  });

  it("is closed: it does not start", async () => {
    const engine = redis({ sentinels: { name: "main", nodes: [nowhere] }, timeoutMs: 60_000 });
    const starting = engine.start(realHost());
    await engine.close();
    await assert.rejects(starting, { name: "EngineError", code: "closed" });
  });

  it("gives up a server that stands still", async (t) => {
    const server = await startServer(t);
    await server.pause();
    const engine = redis({ url: server.url, timeoutMs: 300 });
    await assert.rejects(engine.start(realHost()), { code: "unavailable", message: /cannot be reached/u });
    server.unpause();
  });
});
