import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import {
  type NodeConnectionOptions,
  nkeyAuthenticator,
  nkeys,
  usernamePasswordAuthenticator,
} from "@nats-io/transport-node";
import type { EngineError } from "#src/realtime/engines/index.js";
import { testOnlyCertificate, testOnlyKey } from "../../../support/test-only-certificate.js";
import { FollowedLog } from "../recorders.js";
import { append } from "../world.js";
import { NatsServer, noNats } from "./server.js";
import { NatsNodes } from "./world.js";

const jetStream = 'jetstream: { store_dir: "%/store" }';
const permissions =
  'permissions: { publish: ["mine.>", "$JS.API.>", "$JS.FC.>", "_INBOX.>"], subscribe: ["mine.>", "_INBOX.>"] }';

async function startServer(t: TestContext, config: string, files?: Readonly<Record<string, string>>) {
  const server = await NatsServer.start(`${jetStream}\n${config}\n`, files);
  t.after(() => server.dispose());
  return (connection: Omit<NodeConnectionOptions, "servers">) => {
    const nodes = new NatsNodes(server, { prefix: "mine", connection, timeoutMs: 2000 });
    t.after(() => nodes.dispose());
    return nodes;
  };
}

let uses = 0;

async function assertUsable(nodes: NatsNodes): Promise<void> {
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
  assert.equal((await b.media.tail(key, () => undefined)).newest.length, 1);
}

/** It says what is wrong when it starts, and does not go on trying. */
async function assertRefused(nodes: NatsNodes, text: RegExp): Promise<void> {
  await assert.rejects(nodes.start(), (error: EngineError) => {
    assert.equal(error.code, "unavailable");
    assert.match(error.message, text);
    return true;
  });
}

describe("credentials of the NATS engine", { skip: noNats, timeout: 20_000 }, () => {
  it("are a user and a password, with no more rights than the documentation says", async (t) => {
    const nodes = await startServer(
      t,
      `authorization: { users: [{ user: "ann", password: "secret", ${permissions} }] }`,
    );
    await assertUsable(nodes({ user: "ann", pass: "secret" }));
    await assertUsable(nodes({ authenticator: usernamePasswordAuthenticator("ann", "secret") }));
    const refused = /NATS refuses these credentials/u;
    await assertRefused(nodes({ user: "ann", pass: "wrong" }), refused);
    await assertRefused(nodes({}), refused);
  });

  it("are an nkey", async (t) => {
    const [mine, other] = [nkeys.createUser(), nkeys.createUser()];
    const nodes = await startServer(t, `authorization: { users: [{ nkey: ${mine.getPublicKey()}, ${permissions} }] }`);
    await assertUsable(nodes({ authenticator: nkeyAuthenticator(mine.getSeed()) }));
    await assertRefused(
      nodes({ authenticator: nkeyAuthenticator(other.getSeed()) }),
      /NATS refuses these credentials/u,
    );
  });

  it("are over TLS, whose certificate is checked", async (t) => {
    const tls = 'tls: { cert_file: "%/cert.pem", key_file: "%/key.pem" }';
    const authorization = 'authorization: { user: "ann", password: "secret" }';
    const files = { "cert.pem": testOnlyCertificate, "key.pem": testOnlyKey };
    const nodes = await startServer(t, `${tls}\n${authorization}`, files);
    await assertUsable(nodes({ user: "ann", pass: "secret", tls: { ca: testOnlyCertificate } }));
    await assertRefused(nodes({ user: "ann", pass: "secret" }), /self-signed certificate/u);
    await assertRefused(nodes({ user: "ann", pass: "wrong", tls: { ca: testOnlyCertificate } }), /these credentials/u);
  });

  it("lack a right that is needed: it does not start, and says which", async (t) => {
    const little = 'permissions: { publish: ["mine.>", "_INBOX.>"], subscribe: [">"] }';
    const nodes = await startServer(t, `authorization: { users: [{ user: "ann", password: "secret", ${little} }] }`);
    await assertRefused(nodes({ user: "ann", pass: "secret" }), /\$JS\.API/u);
  });
});
