import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { describe, it } from "node:test";
import {
  type CookieJar,
  type ReconnectingOptions,
  type ReconnectingSocket,
  type ReconnectingState,
  reconnecting,
  type ServeOptions,
  type Server,
  serve,
  UsageError,
} from "#src/index.js";

const quickly = { minDelayMs: 5, maxDelayMs: 20 };

async function start(t: TestContext, port: number, options: Partial<ServeOptions> = {}): Promise<Server> {
  const server = await serve({
    port,
    host: "127.0.0.1",
    message: (socket, message) => socket.send(message),
    ...options,
  });
  t.after(() => server.close());
  return server;
}

async function until(socket: ReconnectingSocket, name: ReconnectingState["name"]): Promise<ReconnectingState> {
  for await (const state of socket.states()) if (state.name === name) return state;
  assert.fail(`never ${name}`);
}

describe("a client that reconnects, on Node", () => {
  it("refuses at once whatever connect would refuse at every attempt", () => {
    const options: ReconnectingOptions[] = [
      { redirects: { max: 99 } },
      { redirects: { keepHeaders: "x" as unknown as string[] } },
      { cookieJar: {} as CookieJar },
      { proxy: "ftp://x" },
      { socketPath: "" },
      { attemptDelayMs: 1 },
      { localAddress: "x" },
      { handshakeTimeoutMs: -1 },
      { protocols: ["a", "a"] },
      { headers: { "sec-websocket-key": "x" } },
    ];
    for (const given of options) {
      assert.throws(() => reconnecting("ws://localhost:1", given), UsageError, JSON.stringify(given));
      assert.throws(() => reconnecting(() => "ws://localhost:1", given), UsageError, JSON.stringify(given));
    }
    assert.throws(() => reconnecting("ws://localhost:1", { headers: { "two words": "x" } }), TypeError);
    assert.throws(() => reconnecting("ws+unix:/run/x.sock", { proxy: "http://x" }), UsageError);
  });

  it("comes back when its server was restarted on the same port, and sends what waited", async (t) => {
    const first = await start(t, 0);
    const { port } = first;
    assert.ok(port !== undefined);
    await using socket = reconnecting(`ws://127.0.0.1:${String(port)}`, { reconnect: quickly });
    assert.deepEqual(socket.send("before the first"), { ok: true, status: "buffered" });
    const messages = socket[Symbol.asyncIterator]();
    assert.equal((await messages.next()).value, "before the first");
    assert.equal(socket.current?.remoteAddress, "127.0.0.1");

    await first.close(1001);
    const lost = await until(socket, "waiting");
    assert.ok(lost.name === "waiting" && lost.loss.kind === "connection-lost" && lost.loss.report.code === 1001);
    // Nobody listens there now.
    for await (const state of socket.states()) {
      if (state.name === "waiting" && state.loss.kind === "attempt-failed") break;
    }
    socket.send("while it was away");
    const second = await start(t, port);
    assert.equal((await messages.next()).value, "while it was away");
    assert.equal(second.sockets.size, 1);
    assert.equal((await socket.close()).why, "closed");
    assert.equal((await messages.next()).done, true);
  });

  it("sends fresh headers and subprotocols with each attempt", async (t) => {
    const seen: unknown[] = [];
    const server = await start(t, 0, {
      accept: ({ headers, protocols }) => {
        seen.push([headers.get("authorization"), protocols]);
        return seen.length < 2 ? new Response("", { status: 503 }) : { protocol: protocols[0] };
      },
    });
    let tokens = 0;
    await using socket = reconnecting(() => new URL(server.url), {
      reconnect: quickly,
      headers: () => ({ authorization: `token ${String(++tokens)}` }),
      protocols: () => Promise.resolve([`v${String(tokens)}`]),
    });
    await socket.ready();
    assert.deepEqual(seen, [
      ["token 1", ["v1"]],
      ["token 2", ["v2"]],
    ]);
    assert.equal(socket.current?.protocol, "v2");
  });

  it("waits as long as Retry-After says, and gives up where it is not wanted", async (t) => {
    const statuses = [429, 403];
    const server = createServer((_request, response) => {
      response.writeHead(statuses.shift() ?? 500, { "retry-after": "1" }).end();
    });
    server.on("upgrade", (_request, stream) => {
      stream.end(`HTTP/1.1 ${String(statuses.shift())} No\r\nRetry-After: 1\r\nConnection: close\r\n\r\n`);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    t.after(() => server.close());
    const { port } = server.address() as AddressInfo;
    const socket = reconnecting(`ws://127.0.0.1:${String(port)}`, { reconnect: quickly });
    const waiting = await until(socket, "waiting");
    assert.ok(waiting.name === "waiting" && waiting.delayMs >= 1000 && waiting.delayMs <= 1020);
    socket.reconnectNow();
    const { why, loss } = await socket.closed;
    assert.equal(why, "not-retried");
    assert.match(String(loss?.kind === "attempt-failed" && loss.error), /UpgradeRefusedError.*403/);
  });

  it("tells at once of options and URLs that make no sense, and of what functions give when it has tried", async () => {
    assert.throws(() => reconnecting("http//nowhere"), UsageError);
    assert.throws(() => reconnecting("ftp://127.0.0.1"), UsageError);
    assert.throws(() => reconnecting("ws://127.0.0.1", { maxInboxBytes: -1 }), UsageError);
    assert.throws(() => reconnecting("ws://127.0.0.1", { outbox: { maxMessages: -1 } }), UsageError);
    const socket = reconnecting("ws://127.0.0.1", { protocols: () => ["a", "a"] });
    assert.equal((await socket.closed).why, "not-retried");
    const elsewhere = reconnecting(() => "nowhere");
    assert.equal((await elsewhere.closed).why, "not-retried");
  });

  it("closes a connection with 1011 whose handler throws, and comes back", async (t) => {
    const codes: number[] = [];
    const server = await start(t, 0, {
      open: (socket) => socket.send("hello"),
      close: (_socket, { code }) => void codes.push(code),
    });
    const errors: string[] = [];
    let count = 0;
    await using socket = reconnecting(server.url, {
      reconnect: quickly,
      message: () => {
        if (++count < 3) throw new Error(`number ${String(count)}`);
        void socket.close();
      },
      error: (error) => void errors.push(String(error)),
    });
    assert.equal((await socket.closed).why, "closed");
    assert.deepEqual(errors, ["Error: number 1", "Error: number 2"]);
    assert.deepEqual(codes.slice(0, 2), [1011, 1011]);
  });
});
