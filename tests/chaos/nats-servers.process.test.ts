/**
 * What goes on between servers of a cluster goes over ways that can be broken, and over no other.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, it } from "node:test";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { NatsServers } from "#src/chaos/nats-servers.js";
import { Proxies } from "#src/chaos/network.js";
import { noNats } from "../realtime/engines/nats/server.js";

const servers = [0, 1, 2] as const;

/** Says something of a subject until somebody has heard it. */
async function sayUntilHeard(from: NatsConnection, subject: string, by: NatsConnection): Promise<void> {
  const heard = by.subscribe(subject, { max: 1 });
  const saying = setInterval(() => from.publish(subject, "it"), 50);
  try {
    for await (const message of heard) assert.equal(message.string(), "it");
  } finally {
    clearInterval(saying);
  }
}

describe("servers of a cluster", { skip: noNats }, () => {
  it("can be parted from the others, and from nobody else", async (t) => {
    const folder = mkdtempSync(path.join(os.tmpdir(), "openline-chaos-test-"));
    const cluster = await NatsServers.start(folder, servers.length, 10_000_000, new Proxies());
    const connections: NatsConnection[] = [];
    t.after(async () => {
      // Waiting for servers that are about to go would be for nothing.
      for (const connection of connections) connection.close().catch(() => undefined);
      await cluster.close();
      rmSync(folder, { recursive: true });
    });
    for (const server of servers) {
      const url = cluster.url("127.0.0.1", cluster.port(server));
      connections.push(await connect({ servers: url, ignoreClusterUpdates: true }));
    }
    const [alone, one, other] = connections as [NatsConnection, NatsConnection, NatsConnection];
    await sayUntilHeard(one, "together", alone);

    const routes = cluster.routesOf(0);
    assert.equal(routes.length, 4);
    for (const route of routes) route.trouble = { isCut: true };
    // It hears nothing of what the others hear of each other, and is heard by who is with it.
    const heard: string[] = [];
    const parted = alone.subscribe("parted.*", { callback: (_error, message) => void heard.push(message.subject) });
    await alone.flush();
    await sayUntilHeard(one, "parted.others", other);
    await alone.flush();
    assert.deepEqual(heard, []);
    alone.publish("parted.itself");
    await alone.flush();
    assert.deepEqual(heard, ["parted.itself"]);
    parted.unsubscribe();

    for (const route of routes) route.trouble = {};
    await sayUntilHeard(one, "again", alone);
  });
});
