import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, it } from "node:test";
import { CookieJar, JSDOM } from "jsdom";
import { assertOurs, WebSocketServer } from "../support/ours.js";
import { closeSockets } from "../support/servers.js";

describe("jsdom", () => {
  let server;
  let window;
  const requests = [];
  before(async () => {
    server = new WebSocketServer({ port: 0, host: "127.0.0.1", handleProtocols: () => "second" });
    server.on("connection", (socket, request) => {
      requests.push(request.headers);
      socket.on("message", (data, binary) => socket.send(data, { binary }));
    });
    await once(server, "listening");
    const url = `http://127.0.0.1:${server.address().port}/`;
    const cookieJar = new CookieJar();
    cookieJar.setCookieSync("name=value", url);
    ({ window } = new JSDOM("", { url, cookieJar }));
  });
  after(async () => {
    window.close();
    await closeSockets(server);
  });

  const next = (target, type) => new Promise((resolve) => target.addEventListener(type, resolve, { once: true }));

  it("gets ours", () => assertOurs("jsdom"));

  it("has a WebSocket over it, with origin and cookies", async () => {
    const socket = new window.WebSocket(`ws://127.0.0.1:${server.address().port}/`, ["first", "second"]);
    await next(socket, "open");
    assert.equal(socket.protocol, "second");
    assert.deepEqual([requests[0].origin, requests[0].cookie], [window.location.origin, "name=value"]);
    socket.send("text");
    assert.equal((await next(socket, "message")).data, "text");
    socket.binaryType = "arraybuffer";
    socket.send(new window.Uint8Array([1, 2]));
    assert.deepEqual(new Uint8Array((await next(socket, "message")).data), new Uint8Array([1, 2]));
    socket.close(4000, "done");
    const { code, reason, wasClean } = await next(socket, "close");
    assert.deepEqual([code, reason, wasClean], [4000, "done", true]);
  });

  it("tells when nobody is there", async () => {
    const other = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    await once(other, "listening");
    const { port } = other.address();
    await closeSockets(other);
    const socket = new window.WebSocket(`ws://127.0.0.1:${port}/`);
    const closed = next(socket, "close");
    await next(socket, "error");
    assert.equal((await closed).code, 1006);
  });
});
