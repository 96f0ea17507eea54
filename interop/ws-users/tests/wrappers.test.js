import assert from "node:assert/strict";
import { once } from "node:events";
import { createRequire } from "node:module";
import { after, before, describe, it } from "node:test";
import IsomorphicWebSocket from "isomorphic-ws";
import ReconnectingWebSocket from "reconnecting-websocket";
import { assertOurs, WebSocket, WebSocketServer } from "../support/ours.js";
import { closeSockets } from "../support/servers.js";

let server;
before(async () => {
  server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  server.on("connection", (socket) => socket.on("message", (data, binary) => socket.send(data, { binary })));
  await once(server, "listening");
});
after(() => closeSockets(server));

const url = () => `ws://127.0.0.1:${server.address().port}`;
const next = (target, type) => new Promise((resolve) => target.addEventListener(type, resolve, { once: true }));

describe("isomorphic-ws", () => {
  it("is ours, by import and by require", () => {
    assertOurs("isomorphic-ws");
    assert.equal(IsomorphicWebSocket, WebSocket);
    assert.equal(createRequire(import.meta.url)("isomorphic-ws"), WebSocket);
  });

  it("echoes", async () => {
    const socket = new IsomorphicWebSocket(url());
    socket.onopen = () => socket.send("text");
    const { data } = await new Promise((resolve) => {
      socket.onmessage = resolve;
    });
    assert.equal(data, "text");
    socket.close();
    await next(socket, "close");
  });
});

describe("reconnecting-websocket", () => {
  it("comes back over ours, and sends what has waited", async () => {
    const socket = new ReconnectingWebSocket(url, [], { WebSocket, minReconnectionDelay: 1, maxReconnectionDelay: 10 });
    socket.send("before it was open");
    assert.equal((await next(socket, "message")).data, "before it was open");
    assert.ok(socket._ws instanceof WebSocket);
    const [lost, opened] = [next(socket, "close"), once(server, "connection")];
    for (const client of server.clients) client.terminate();
    await lost;
    await opened;
    socket.send("again");
    assert.equal((await next(socket, "message")).data, "again");
    const closed = next(socket, "close");
    socket.close(1000, "done");
    await closed;
  });
});
