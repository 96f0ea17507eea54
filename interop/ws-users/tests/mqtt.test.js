import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, it } from "node:test";
import { Aedes } from "aedes";
import mqtt from "mqtt";
import { assertOurs, createWebSocketStream, WebSocketServer } from "../support/ours.js";
import { closeSockets } from "../support/servers.js";

describe("mqtt with aedes", () => {
  let broker;
  let server;
  const clients = [];
  before(async () => {
    broker = await Aedes.createBroker();
    server = new WebSocketServer({ port: 0, host: "127.0.0.1", handleProtocols: () => "mqtt" });
    server.on("connection", (socket, request) => broker.handle(createWebSocketStream(socket), request));
    await once(server, "listening");
  });
  after(async () => {
    await Promise.all(clients.map((client) => client.endAsync(true)));
    await new Promise((resolve) => broker.close(resolve));
    await closeSockets(server);
  });

  async function connect(options) {
    const url = `ws://127.0.0.1:${server.address().port}`;
    const client = await mqtt.connectAsync(url, { reconnectPeriod: 0, ...options });
    clients.push(client);
    return client;
  }

  it("gets ours", () => assertOurs("mqtt"));

  it("publishes and subscribes, short and long, at every quality of service", async () => {
    const [one, other] = [await connect(), await connect({ protocolVersion: 4 })];
    await one.subscribeAsync("topic/#", { qos: 2 });
    for (const qos of [0, 1, 2]) {
      for (const payload of ["short", "long".repeat(50_000)]) {
        const told = once(one, "message");
        await other.publishAsync(`topic/${qos}`, payload, { qos });
        const [topic, received] = await told;
        assert.deepEqual([topic, String(received) === payload], [`topic/${qos}`, true]);
      }
    }
    assert.equal(server.clients.size, 2);
  });
});
