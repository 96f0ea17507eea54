import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, it } from "node:test";
import websocket from "@fastify/websocket";
import Fastify from "fastify";
import { assertOurs, WebSocket, WebSocketServer } from "../support/ours.js";

describe("@fastify/websocket", () => {
  const fastify = Fastify();
  before(async () => {
    await fastify.register(websocket, { options: { maxPayload: 1024 } });
    fastify.get("/echo/:name", { websocket: true }, (socket, request) => {
      socket.on("message", (data, isBinary) => socket.send(isBinary ? data : `${request.params.name}: ${data}`));
    });
    fastify.get("/page", () => "page");
    await fastify.listen({ port: 0, host: "127.0.0.1" });
  });
  after(() => fastify.close());
  const url = (path) => `ws://127.0.0.1:${fastify.server.address().port}${path}`;

  it("gets ours", () => {
    assertOurs("@fastify/websocket");
    assert.ok(fastify.websocketServer instanceof WebSocketServer);
  });

  it("echoes on a route", async () => {
    const socket = new WebSocket(url("/echo/one"));
    await once(socket, "open");
    socket.send("text");
    assert.equal(String((await once(socket, "message"))[0]), "one: text");
    socket.send(Buffer.from([1, 2]));
    assert.deepEqual((await once(socket, "message"))[0], Buffer.from([1, 2]));
    socket.send("a".repeat(1025));
    assert.equal((await once(socket, "close"))[0], 1009);
  });

  it("closes what comes to a route that has no WebSocket", async () => {
    const socket = new WebSocket(url("/page"));
    await once(socket, "open");
    const [code] = await once(socket, "close");
    assert.equal(typeof code, "number");
  });

  it("echoes in memory, by injectWS", async () => {
    const socket = await fastify.injectWS("/echo/injected");
    assert.ok(socket instanceof WebSocket);
    socket.send("text");
    assert.equal(String((await once(socket, "message"))[0]), "injected: text");
    socket.terminate();
  });
});
