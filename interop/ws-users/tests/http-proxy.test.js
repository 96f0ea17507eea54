import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, it } from "node:test";
import httpProxy from "http-proxy";
import { assertOurs, WebSocket, WebSocketServer } from "../support/ours.js";
import { close, closeSockets, listen } from "../support/servers.js";

describe("http-proxy", () => {
  let target;
  let proxy;
  let server;
  let port;
  before(async () => {
    target = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: { threshold: 0 } });
    target.on("connection", (socket) => socket.on("message", (data, binary) => socket.send(data, { binary })));
    await once(target, "listening");
    proxy = httpProxy.createProxyServer({ target: `ws://127.0.0.1:${target.address().port}`, ws: true });
    ({ server, port } = await listen());
    server.on("upgrade", (request, socket, head) => proxy.ws(request, socket, head));
  });
  after(async () => {
    await closeSockets(target);
    proxy.close();
    await close(server);
  });

  // It uses no library of WebSockets: both of its ends here are ours.
  it("has ours at both ends", () => assertOurs("engine.io", "socket.io"));

  it("passes messages and the closing handshake on", async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/path`);
    await once(socket, "open");
    assert.match(socket.extensions, /permessage-deflate/);
    for (const text of ["one", "long ".repeat(100_000)]) {
      socket.send(text);
      assert.equal(String((await once(socket, "message"))[0]), text);
    }
    const left = once([...target.clients][0], "close");
    const closed = once(socket, "close");
    socket.close(4001, "done");
    const [code, reason] = await left;
    assert.deepEqual([code, String(reason)], [4001, "done"]);
    assert.equal((await closed)[0], 4001);
  });
});
