import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { createServer } from "vite";
import { assertOurs, WebSocket, WebSocketServer } from "../support/ours.js";
import { closeSockets } from "../support/servers.js";

// Vite has a copy of ws within itself, so that its own end is not ours: ours is the page, and what it is a proxy of.
describe("Vite's dev server", () => {
  const root = mkdtempSync(path.join(tmpdir(), "vite-"));
  let target;
  let vite;
  before(async () => {
    writeFileSync(path.join(root, "index.html"), "<!doctype html><title>page</title>");
    target = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    target.on("connection", (socket) => socket.on("message", (data) => socket.send(`target: ${data}`)));
    await once(target, "listening");
    vite = await createServer({
      root,
      configFile: false,
      logLevel: "silent",
      cacheDir: path.join(root, "cache"),
      server: {
        host: "127.0.0.1",
        port: 0,
        watch: null,
        proxy: { "/api": { target: `ws://127.0.0.1:${target.address().port}`, ws: true } },
      },
    });
    await vite.listen();
  });
  after(async () => {
    await vite.close();
    await closeSockets(target);
    rmSync(root, { recursive: true });
  });
  const url = (rest) => `ws://127.0.0.1:${vite.httpServer.address().port}${rest}`;

  it("has ours at the other ends", () => assertOurs("engine.io", "socket.io"));

  it("tells a page what has changed", async () => {
    const socket = new WebSocket(url(`/?token=${vite.config.webSocketToken}`), "vite-hmr");
    const [connected] = await once(socket, "message");
    assert.deepEqual(JSON.parse(String(connected)), { type: "connected" });
    assert.equal(socket.protocol, "vite-hmr");
    vite.ws.send({ type: "full-reload", path: "*" });
    assert.deepEqual(JSON.parse(String((await once(socket, "message"))[0])), { type: "full-reload", path: "*" });
    const asked = new Promise((resolve) => vite.ws.on("page:asks", resolve));
    socket.send(JSON.stringify({ type: "custom", event: "page:asks", data: { of: "the server" } }));
    assert.deepEqual(await asked, { of: "the server" });
    socket.close();
    await once(socket, "close");
  });

  it("passes on what its proxy is for", async () => {
    const socket = new WebSocket(url("/api"));
    await once(socket, "open");
    socket.send("text");
    assert.equal(String((await once(socket, "message"))[0]), "target: text");
    socket.close();
    await once(socket, "close");
  });
});
