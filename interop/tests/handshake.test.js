import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { connect, serve, UpgradeRefusedError } from "openline";
import { WebSocket, WebSocketServer } from "ws";
import { join, openlineToWs, pairs, wsToOpenline } from "../support/pairs.js";
import { whatwgWebSockets } from "../support/whatwg-end.js";

const timeout = 20_000;

/** Options with which each server picks "second", or nothing where it was not asked for. */
const picksSecond = {
  openline: { accept: ({ protocols }) => (protocols.includes("second") ? { protocol: "second" } : undefined) },
  ws: { handleProtocols: (protocols) => (protocols.has("second") ? "second" : false) },
};

/** Options with which each server refuses everybody. */
const refusal = { error: "who are you?" };
const refuses = {
  openline: {
    accept: () => Response.json(refusal, { status: 401, headers: { "www-authenticate": "Bearer" } }),
  },
  ws: {
    verifyClient: (_info, answer) =>
      answer(false, 401, JSON.stringify(refusal), { "WWW-Authenticate": "Bearer", "Content-Type": "application/json" }),
  },
};

for (const pair of pairs) {
  const library = pair === openlineToWs ? "ws" : "openline";

  describe(`§1.9 subprotocols: ${pair.name}`, { timeout }, () => {
    it("agree on the one that the server picks", async (test) => {
      const { client, server } = await join(test, pair, {
        server: picksSecond[library],
        client: { protocols: ["first", "second", "third"] },
      });
      assert.deepEqual([client.protocol, server.protocol], ["second", "second"]);
    });

    it("agree on none when none was asked for", async (test) => {
      const { client, server } = await join(test, pair, { server: picksSecond[library] });
      assert.deepEqual([client.protocol, server.protocol], ["", ""]);
    });
  });
}

describe("§4.1 a subprotocol that the server will not have", { timeout }, () => {
  it("openline's client goes on without one where ws's server names none", async (test) => {
    const { client, server } = await join(test, openlineToWs, {
      server: picksSecond.ws,
      client: { protocols: ["other"] },
    });
    client.send("still open");
    assert.equal(await server.next(), "still open");
    assert.equal(client.protocol, "");
  });

  it("ws's client gives up by itself where openline's server names none", async (test) => {
    const running = await wsToOpenline.startServer(picksSecond.openline);
    test.after(() => running.stop());
    const [error] = await once(new WebSocket(running.url, ["other"]), "error");
    assert.match(error.message, /no subprotocol/u);
    assert.equal((await (await running.nextEnd()).closed).report?.outcome, "dropped");
  });
});

describe("§4.2.2 a refused upgrade", { timeout }, () => {
  it("by openline: ws's client sees status, headers and body", async (test) => {
    const server = await serve({ port: 0, host: "127.0.0.1", ...refuses.openline });
    test.after(() => server.close());
    const client = new WebSocket(server.url);
    const [, response] = await once(client, "unexpected-response");
    assert.equal(response.statusCode, 401);
    assert.equal(response.headers["www-authenticate"], "Bearer");
    assert.deepEqual(JSON.parse((await response.toArray()).join("")), refusal);
  });

  it("by ws: openline's client rejects with status, headers and body", async (test) => {
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1", ...refuses.ws });
    test.after(() => server.close());
    await once(server, "listening");
    await assert.rejects(connect(`ws://127.0.0.1:${server.address().port}`), (error) => {
      assert.ok(error instanceof UpgradeRefusedError);
      assert.equal(error.status, 401);
      assert.equal(error.headers.get("www-authenticate"), "Bearer");
      assert.deepEqual(JSON.parse(Buffer.from(error.body).toString()), refusal);
      return true;
    });
  });

  for (const [library, WhatwgWebSocket] of Object.entries(whatwgWebSockets)) {
    it(`by openline: ${library}'s client fails`, async (test) => {
      const server = await serve({ port: 0, host: "127.0.0.1", ...refuses.openline });
      test.after(() => server.close());
      const client = new WhatwgWebSocket(server.url);
      // The client of Node 22 fires no "close" after it, whoever refuses.
      await once(client, "error");
      assert.notEqual(client.readyState, WhatwgWebSocket.OPEN);
    });
  }
});

describe("§9.1 extensions", { timeout }, () => {
  it("openline's server, told not to compress, takes no permessage-deflate that ws's client offers", async (test) => {
    let offered;
    const { client, server } = await join(test, wsToOpenline, {
      server: {
        perMessageDeflate: false,
        accept: ({ headers }) => void (offered = headers.get("sec-websocket-extensions")),
      },
      client: { perMessageDeflate: { threshold: 0 } },
    });
    assert.match(offered, /permessage-deflate/u);
    assert.equal(client.native.extensions, "");
    const text = "compressible ".repeat(1000);
    client.send(text);
    assert.equal(await server.next(), text);
    server.send(text);
    assert.equal(await client.next(), text);
  });

  it("openline's client, told not to compress, offers none to a ws server that would take permessage-deflate", async (test) => {
    const { client, server } = await join(test, openlineToWs, {
      client: { perMessageDeflate: false },
      server: { perMessageDeflate: { threshold: 0 } },
    });
    assert.equal(server.native.extensions, "");
    const text = "compressible ".repeat(1000);
    client.send(text);
    assert.equal(await server.next(), text);
    server.send(text);
    assert.equal(await client.next(), text);
  });
});

describe("headers of the handshake", { timeout }, () => {
  it("openline's request headers reach ws's server", async (test) => {
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    test.after(() => server.close());
    await once(server, "listening");
    const connection = once(server, "connection");
    const socket = await connect(`ws://127.0.0.1:${server.address().port}/a/path?a=query`, {
      headers: { authorization: "Bearer token", cookie: "name=value" },
    });
    const [peer, request] = await connection;
    assert.equal(request.url, "/a/path?a=query");
    assert.equal(request.headers.authorization, "Bearer token");
    assert.equal(request.headers.cookie, "name=value");
    await socket.close();
    peer.terminate();
  });

  it("openline's response headers reach ws's client", async (test) => {
    const server = await serve({
      port: 0,
      host: "127.0.0.1",
      accept: () => ({
        headers: [
          ["set-cookie", "a=1"],
          ["set-cookie", "b=2"],
        ],
      }),
      message() {},
    });
    test.after(() => server.close());
    const client = new WebSocket(server.url);
    const [response] = await once(client, "upgrade");
    assert.deepEqual(response.headers["set-cookie"], ["a=1", "b=2"]);
    client.close();
  });
});
