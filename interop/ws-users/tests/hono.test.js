import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, it } from "node:test";
import { serve } from "@hono/node-server";
import { createNodeWebSocket } from "@hono/node-ws";
import { Hono } from "hono";
import { assertOurs, WebSocket, WebSocketServer } from "../support/ours.js";
import { close, closeSockets } from "../support/servers.js";

describe("@hono/node-ws", () => {
  let server;
  let sockets;
  const events = [];
  before(async () => {
    const app = new Hono();
    const { injectWebSocket, upgradeWebSocket, wss } = createNodeWebSocket({ app });
    sockets = wss;
    app.get(
      "/echo/:name",
      upgradeWebSocket((context) => ({
        onOpen: () => events.push("open"),
        onMessage: (event, socket) => {
          events.push(typeof event.data);
          socket.send(typeof event.data === "string" ? `${context.req.param("name")}: ${event.data}` : event.data);
        },
        onClose: ({ code }) => events.push(`close ${code}`),
      })),
    );
    app.get("/", (context) => context.text("page"));
    await new Promise((resolve) => {
      server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, resolve);
    });
    injectWebSocket(server);
  });
  after(async () => {
    await closeSockets(sockets);
    await close(server);
  });

  it("gets ours", () => {
    assertOurs("@hono/node-ws");
    assert.ok(sockets instanceof WebSocketServer);
  });

  it("echoes on a route", async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${server.address().port}/echo/one`);
    await once(socket, "open");
    socket.send("text");
    assert.equal(String((await once(socket, "message"))[0]), "one: text");
    socket.send(Buffer.from([1, 2]));
    assert.deepEqual((await once(socket, "message"))[0], Buffer.from([1, 2]));
    const left = once([...sockets.clients][0], "close");
    socket.close(4000, "done");
    await left;
    assert.deepEqual(events, ["open", "string", "object", "close 4000"]);
  });

  it("turns away what has no route", async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${server.address().port}/nowhere`);
    await once(socket, "error");
  });
});
