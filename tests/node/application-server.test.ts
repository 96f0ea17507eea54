/**
 * One HTTP server of the application's, and several who take upgrades of it.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { Server as HttpServer, IncomingMessage } from "node:http";
import { createServer } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { describe, it } from "node:test";
import type { ServeOptions, Server } from "#src/index.js";
import { connect, serve, UpgradeRefusedError } from "#src/index.js";
import { answerOf, openHttp2Client } from "../support/http2-client.js";
import { exchange, listen, requestText } from "../support/raw-http.js";

async function startHttp(t: TestContext): Promise<{ readonly http: HttpServer; readonly url: string }> {
  const http = createServer((_request, response) => response.end("page"));
  const url = `ws://127.0.0.1:${String(await listen(http))}`;
  t.after(() => http.close());
  return { http, url };
}

/** A server that greets with a name. */
async function start(t: TestContext, name: string, options: ServeOptions): Promise<Server> {
  const server = await serve({ open: (socket) => void socket.send(name), message: () => undefined, ...options });
  t.after(() => server.close());
  return server;
}

async function greetingAt(url: string): Promise<unknown> {
  await using socket = await connect(url);
  return (await socket[Symbol.asyncIterator]().next()).value;
}

async function statusAt(url: string): Promise<number> {
  const error: unknown = await connect(url).then(
    () => assert.fail("it was let in"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof UpgradeRefusedError, String(error));
  return error.status;
}

/** Listens as somebody who is not of us would, and answers what is for them. */
function listenElsewhere(http: HttpServer, path: string): readonly string[] {
  const seen: string[] = [];
  http.on("upgrade", (request, socket) => {
    seen.push(request.url ?? "");
    if (request.url === path) socket.end("HTTP/1.1 418 I'm a teapot\r\nConnection: close\r\n\r\n");
  });
  return seen;
}

describe("an HTTP server that several take upgrades of", () => {
  it("gives each of ours what is for its path", async (t) => {
    const { http, url } = await startHttp(t);
    await start(t, "chat", { server: http, path: "/chat" });
    await start(t, "feeds", { server: http, path: (path) => path.startsWith("/feeds/") });
    assert.equal(await greetingAt(`${url}/chat?room=1`), "chat");
    assert.equal(await greetingAt(`${url}/feeds/7`), "feeds");
    assert.equal(await statusAt(`${url}/`), 404);
    assert.equal(http.listenerCount("upgrade"), 1);
  });

  it("gives what is left to the one without a path, whichever came first", async (t) => {
    for (const order of [
      ["all", "chat"],
      ["chat", "all"],
    ] as const) {
      const { http, url } = await startHttp(t);
      for (const name of order) await start(t, name, { server: http, ...(name === "chat" ? { path: "/chat" } : {}) });
      assert.equal(await greetingAt(`${url}/chat`), "chat");
      assert.equal(await greetingAt(`${url}/else`), "all");
    }
  });

  it("gives everything to the first, where none has a path", async (t) => {
    const { http, url } = await startHttp(t);
    const first = await start(t, "first", { server: http });
    await start(t, "second", { server: http });
    assert.equal(await greetingAt(url), "first");
    await first.close();
    assert.equal(await greetingAt(url), "second");
  });

  it("leaves to other listeners what is for none of ours, and answers it where there are none", async (t) => {
    const { http, url } = await startHttp(t);
    const server = await start(t, "live", { server: http, path: "/live" });
    const { body } = await exchange(t, server.port, requestText(undefined, "GET /theirs HTTP/1.1"));
    assert.match(body, /^path-not-found: .*option path/u);
    const seen = listenElsewhere(http, "/theirs");
    assert.equal(await statusAt(`${url}/theirs`), 418);
    assert.equal(await greetingAt(`${url}/live`), "live");
    assert.deepEqual(seen, ["/theirs", "/live"]);
  });

  it("leaves them a request that no handshake could be, too", async (t) => {
    const { http } = await startHttp(t);
    const server = await start(t, "live", { server: http, path: "/live" });
    const request = requestText(undefined, "OPTIONS * HTTP/1.1");
    assert.equal((await exchange(t, server.port, request)).status, 405);
    listenElsewhere(http, "*");
    assert.equal((await exchange(t, server.port, request)).status, 418);
  });

  it("reads a path out of an absolute target (RFC 9112 §3.2.2)", async (t) => {
    const { http } = await startHttp(t);
    const server = await start(t, "live", {
      server: http,
      path: "/live",
      accept: () => new Response(null, { status: 401 }),
    });
    listenElsewhere(http, "");
    const request = requestText(undefined, "GET http://server.example:9000/live HTTP/1.1");
    assert.equal((await exchange(t, server.port, request)).status, 401);
  });

  it("is answered where a function fails to tell", async (t) => {
    const { http, url } = await startHttp(t);
    const failure = new Error("no idea");
    const errors: unknown[] = [];
    await start(t, "live", {
      server: http,
      path: () => {
        throw failure;
      },
      error: (error) => void errors.push(error),
    });
    listenElsewhere(http, "/theirs");
    assert.equal(await statusAt(`${url}/live`), 500);
    assert.deepEqual(errors, [failure]);
  });

  it("is let go with the last of ours", async (t) => {
    const { http, url } = await startHttp(t);
    const one = await start(t, "one", { server: http, path: "/one" });
    const two = await start(t, "two", { server: http, path: "/two" });
    await one.close();
    assert.equal(await greetingAt(`${url}/two`), "two");
    assert.equal(await statusAt(`${url}/one`), 404);
    await two.drain();
    assert.equal(http.listenerCount("upgrade"), 0);
    await start(t, "three", { server: http, path: "/one" });
    assert.equal(await greetingAt(`${url}/one`), "three");
  });

  it("is asked by path for the streams of HTTP/2 as well", async (t) => {
    const http = createHttp2Server();
    http.listen({ port: 0, host: "127.0.0.1" });
    await once(http, "listening");
    t.after(() => void http.close());
    const server = await start(t, "chat", { server: http, path: "/chat" });
    await start(t, "feeds", { server: http, path: "/feeds" });
    const { port } = http.address() as AddressInfo;
    const client = await openHttp2Client(t, `ws://127.0.0.1:${String(port)}`, server);
    for (const name of ["chat", "feeds"]) {
      const peer = await client.open({ ":path": `/${name}` });
      await peer.untilFrames(1);
      assert.deepEqual(peer.lines, [`text ${name}`]);
      peer.sendClose(1000);
      peer.stream.end();
    }
    const refused = client.ask({ ":path": "/else" });
    assert.equal((await answerOf(refused))[":status"], 404);
    refused.close();
  });
});

describe("the request as an HTTP server of the application's has it", () => {
  it("is given to accept, also of one that was handed over", async (t) => {
    const seen: (IncomingMessage | undefined)[] = [];
    const options: ServeOptions = {
      accept(_request, { httpRequest }) {
        seen.push(httpRequest);
        return undefined;
      },
    };
    const { http, url } = await startHttp(t);
    await start(t, "on a server", { ...options, server: http, path: "/on" });
    const without = await start(t, "without", { ...options, noServer: true });
    http.on("upgrade", (request, socket, head) => {
      if (request.url === "/without") without.handleUpgrade(request, socket, head);
    });
    await greetingAt(`${url}/on`);
    await greetingAt(`${url}/without`);
    assert.deepEqual(
      seen.map((request) => request?.url),
      ["/on", "/without"],
    );
  });

  for (const transport of ["net", "handle"] as const) {
    it(`is there on no port of our own, over ${transport}`, async (t) => {
      const seen: unknown[] = [];
      const server = await start(t, "own", {
        port: 0,
        transport,
        accept: (_request, context) => void seen.push(context.httpRequest),
      });
      await greetingAt(server.url);
      assert.deepEqual(seen, [undefined]);
    });
  }
});
