import assert from "node:assert/strict";
import { once } from "node:events";
import { after, describe, it } from "node:test";
import { Server } from "socket.io";
import { io } from "socket.io-client";
import { assertOurs, WebSocket, WebSocketServer } from "../support/ours.js";
import { listen } from "../support/servers.js";

describe("Socket.IO", () => {
  const closing = [];
  after(async () => {
    for (const close of closing.reverse()) await close();
  });

  async function pair(serverOptions, clientOptions) {
    const { server, port } = await listen();
    const sockets = new Server(server, serverOptions);
    closing.push(() => sockets.close());
    const connected = once(sockets, "connection");
    const begun = new Promise((resolve) => sockets.engine.once("connection", (raw) => resolve(raw.transport.name)));
    const client = io(`http://127.0.0.1:${port}`, { reconnection: false, ...clientOptions });
    closing.push(() => client.disconnect());
    await once(client, "connect");
    const [socket] = await connected;
    return { sockets, socket, client, begunOver: await begun };
  }

  it("gets ours at both ends", () => {
    assertOurs("engine.io", "socket.io");
    assertOurs("engine.io-client", "socket.io-client");
    assertOurs("socket.io-adapter", "socket.io");
  });

  for (const [name, options] of [
    ["by default", {}],
    ["given as wsEngine, with compression", { wsEngine: WebSocketServer, perMessageDeflate: { threshold: 16 } }],
  ]) {
    it(`sends events, binary and acknowledgements over WebSockets, ${name}`, async () => {
      const { sockets, socket, client } = await pair(options, { transports: ["websocket"] });
      assert.ok(sockets.engine.ws instanceof WebSocketServer);
      assert.ok(client.io.engine.transport.ws instanceof WebSocket);
      assert.ok(socket.conn.transport.socket instanceof WebSocket);
      socket.on("echo", (...values) => values.at(-1)(...values.slice(0, -1)));
      assert.equal(await client.emitWithAck("echo", "text ".repeat(100)), "text ".repeat(100));
      const octets = Buffer.from([1, 2, 3]);
      assert.deepEqual(await client.emitWithAck("echo", { octets }), { octets });
      socket.join("room");
      const told = once(client, "news");
      sockets.to("room").emit("news", "of the room");
      assert.deepEqual(await told, ["of the room"]);
      const left = once(socket, "disconnect");
      client.disconnect();
      assert.deepEqual((await left)[0], "client namespace disconnect");
    });
  }

  it("goes on from polling to a WebSocket", async () => {
    const { socket, client, begunOver } = await pair({}, {});
    assert.equal(begunOver, "polling");
    if (socket.conn.transport.name === "polling") await once(socket.conn, "upgrade");
    assert.ok(socket.conn.transport.socket instanceof WebSocket);
    const told = once(client, "after");
    socket.emit("after", 1);
    assert.deepEqual(await told, [1]);
    const lost = once(client, "disconnect");
    socket.disconnect(true);
    assert.deepEqual((await lost)[0], "io server disconnect");
  });
});
