/**
 * What goes on between servers of a cluster goes over ways that can be broken, and over no other.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, it } from "node:test";
import { connect, type NatsConnection, type Subscription } from "@nats-io/transport-node";
import { NatsServers } from "#src/chaos/nats-servers.js";
import { Proxies } from "#src/chaos/network.js";
import { noNats } from "../realtime/engines/nats/server.js";

const servers = [0, 1, 2] as const;

/** Says something until it has been heard. @returns what was heard */
async function sayUntilHeard(from: NatsConnection, text: string, heard: Subscription): Promise<string> {
  const saying = setInterval(() => from.publish("news", text), 50);
  try {
    for await (const message of heard) return message.string();
    throw new Error("it is over");
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
      await Promise.all(connections.map((connection) => connection.close()));
      await cluster.close();
      rmSync(folder, { recursive: true });
    });
    for (const server of servers) {
      const url = cluster.url("127.0.0.1", cluster.port(server));
      connections.push(await connect({ servers: url, ignoreClusterUpdates: true }));
    }
    const [alone, one, other] = connections as [NatsConnection, NatsConnection, NatsConnection];
    const hearing = (connection: NatsConnection): Subscription => connection.subscribe("news", { max: 1 });
    assert.equal(await sayUntilHeard(one, "together", hearing(alone)), "together");

    const routes = cluster.routesOf(0);
    assert.equal(routes.length, 4);
    for (const route of routes) route.trouble = { isCut: true };
    // It hears nothing of what the others hear of each other, and is heard by who is with it.
    const heard: string[] = [];
    const parted = alone.subscribe("news", { callback: (_error, message) => void heard.push(message.string()) });
    await alone.flush();
    assert.equal(await sayUntilHeard(one, "without it", hearing(other)), "without it");
    await alone.flush();
    assert.deepEqual(heard, []);
    alone.publish("news", "by itself");
    await alone.flush();
    assert.deepEqual(heard, ["by itself"]);
    parted.unsubscribe();

    for (const route of routes) route.trouble = {};
    assert.equal(await sayUntilHeard(one, "again", hearing(alone)), "again");
  });
});
