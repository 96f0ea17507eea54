import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, describe, it } from "node:test";
import express from "express";
import expressWs from "express-ws";
import { assertOurs, WebSocket, WebSocketServer } from "../support/ours.js";
import { close, closeSockets, listen } from "../support/servers.js";

describe("express-ws", () => {
  let server;
  let port;
  let sockets;
  before(async () => {
    const app = express();
    server = createServer(app);
    const { getWss } = expressWs(app, server);
    sockets = getWss();
    app.ws("/echo", (socket, request) => {
      socket.on("message", (data) => socket.send(`${request.query.name}: ${data}`));
    });
    app.ws("/broken", () => {
      throw new Error("a handler's own");
    });
    app.get("/", (_request, response) => response.send("page"));
    // What the handler throws is the test's own.
    app.use((_error, request, _response, _next) => request.ws?.close(1011, "broken"));
    ({ port } = await listen(server));
  });
  after(async () => {
    await closeSockets(sockets);
    await close(server);
  });

  it("gets ours", () => {
    assertOurs("express-ws");
    assert.ok(sockets instanceof WebSocketServer);
  });

  it("echoes on a route, beside pages", async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/echo?name=one`);
    await once(socket, "open");
    socket.send("text");
    assert.equal(String((await once(socket, "message"))[0]), "one: text");
    assert.equal(sockets.clients.size, 1);
    socket.close(1000);
    assert.equal((await once(socket, "close"))[0], 1000);
    assert.equal(await (await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: "close" } })).text(), "page");
  });

  it("ends what has no route", async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/nowhere`);
    const ended = Promise.race([once(socket, "close"), once(socket, "error")]);
    socket.on("error", () => {});
    await ended;
  });
});
