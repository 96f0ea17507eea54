import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import type { ClientRequest, IncomingMessage, RequestListener } from "node:http";
import { Agent, createServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo, Server as NetServer, Socket as TcpSocket } from "node:net";
import { connect, createServer as createNetServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";
import { describe, it } from "node:test";
import type { ClientOptions } from "#src/compat/ws/index.js";
import WebSocket, { WebSocketServer } from "#src/compat/ws/index.js";
import { acceptValue } from "#src/protocol/index.js";
import { testOnlyCertificate, testOnlyKey } from "../../support/test-only-certificate.js";
import { openClient, openPair, openServer, take, textOf, urlOf } from "../../support/ws-pairs.js";

async function listening(test: TestContext, server: NetServer): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  test.after(() => server.close());
  return `127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

/** An HTTP server that answers every request, and what was asked. */
async function answering(test: TestContext, listener: RequestListener): Promise<string> {
  return `ws://${await listening(test, createServer(listener))}`;
}

/** A server that answers upgrades with the head that is made for each. */
async function answeringUpgrades(test: TestContext, head: (key: string) => string): Promise<string> {
  const http = createServer();
  http.on("upgrade", (request: IncomingMessage, socket: TcpSocket) => {
    socket.on("error", () => undefined);
    socket.end(`HTTP/1.1 101 Switching Protocols\r\n${head(request.headers["sec-websocket-key"] ?? "")}\r\n\r\n`);
  });
  return `ws://${await listening(test, http)}`;
}

async function errorOf(client: WebSocket): Promise<Error & { code?: string }> {
  const closed = take(client, "close", 1);
  const [[error] = []] = await take(client, "error", 1);
  const [[code] = []] = await closed;
  assert.equal(code, 1006);
  assert.equal(client.readyState, WebSocket.CLOSED);
  return error as Error;
}

describe("the arguments of a client", () => {
  it("have a URL of a WebSocket", () => {
    const protocols = 'The URL\'s protocol must be one of "ws:", "wss:", "http:", "https:", or "ws+unix:"';
    for (const [url, message] of [
      ["nothing", "Invalid URL: nothing"],
      ["ftp://localhost", protocols],
      [new URL("file:///x"), protocols],
      ["ws+unix:", "The URL's pathname is empty"],
      ["ws://localhost/#", undefined],
      ["ws://localhost/#a", "The URL contains a fragment identifier"],
    ] as const) {
      if (message !== undefined) assert.throws(() => new WebSocket(url), { name: "SyntaxError", message });
    }
  });

  it("have subprotocols that are tokens, each once", () => {
    const expected = { name: "SyntaxError", message: "An invalid or duplicated subprotocol was specified" };
    for (const protocols of [["a", "a"], ["a b"], [""], [1 as unknown as string], null as unknown as string]) {
      assert.throws(() => new WebSocket("ws://localhost", protocols), expected);
    }
  });

  it("have version 13 or 8", () => {
    assert.throws(() => new WebSocket("ws://localhost", { protocolVersion: 10 }), {
      name: "RangeError",
      message: "Unsupported protocol version: 10 (supported versions: 8, 13)",
    });
  });

  it("may have the scheme of HTTP, options in place of subprotocols, and subprotocols among options", async (test) => {
    const server = await openServer(test);
    const url = new URL(urlOf(server).replace("ws:", "http:"));
    for (const client of [
      openClient(test, url, { protocols: ["a"] } as ClientOptions),
      openClient(test, url.href, { protocols: "a" } as ClientOptions),
      openClient(test, url.href, undefined, { protocols: "a" } as ClientOptions),
      openClient(test, url.href, "a", {}),
    ]) {
      await once(client, "open");
      assert.deepEqual([client.url, client.protocol], [urlOf(server), "a"]);
    }
  });
});

describe("the request of a client", () => {
  it("says what the options say", async (test) => {
    const server = await openServer(test);
    const client = openClient(test, urlOf(server, "/x?y").replace("//", "//user:p%40ss@"), ["a", "b"], {
      headers: { "X-Own": "value" },
      origin: "http://here.example",
      perMessageDeflate: false,
    });
    const [, request] = (await once(server, "connection")) as [WebSocket, IncomingMessage];
    await once(client, "open");
    const { headers, url } = request;
    assert.equal(url, "/x?y");
    assert.deepEqual(
      [headers["x-own"], headers.origin, headers["sec-websocket-protocol"], headers["sec-websocket-version"]],
      ["value", "http://here.example", "a,b", "13"],
    );
    assert.equal(headers.authorization, `Basic ${Buffer.from("user:p@ss").toString("base64")}`);
    assert.equal(headers["sec-websocket-extensions"], undefined);
  });

  it("offers permessage-deflate, and has another name for its origin in version 8", async (test) => {
    const { request } = await openPair(test, {}, {
      protocolVersion: 8,
      origin: "http://here.example",
      auth: "a:b",
    } as ClientOptions);
    assert.match(request.headers["sec-websocket-extensions"] ?? "", /^permessage-deflate; /u);
    assert.equal(request.headers["sec-websocket-origin"], "http://here.example");
    assert.equal(request.headers.authorization, `Basic ${Buffer.from("a:b").toString("base64")}`);
  });

  it("goes by the application's agent, or its connection", async (test) => {
    const server = await openServer(test);
    const agent = new Agent();
    let created = 0;
    const createConnection = (...args: Parameters<typeof connect>): TcpSocket => {
      created++;
      return connect(...args);
    };
    await once(openClient(test, urlOf(server), { agent }), "open");
    await once(openClient(test, urlOf(server), { createConnection: createConnection as typeof connect }), "open");
    assert.equal(created, 1);
    agent.destroy();
  });

  it("can be changed by finishRequest, which ends it", async (test) => {
    let given: WebSocket | undefined;
    const { client, request } = await openPair(
      test,
      {},
      {
        finishRequest: (clientRequest, webSocket) => {
          given = webSocket;
          clientRequest.setHeader("X-Late", "yes");
          clientRequest.end();
        },
      },
    );
    assert.equal(given, client);
    assert.equal(request.headers["x-late"], "yes");
  });

  it("goes over a Unix socket", async (test) => {
    const folder = mkdtempSync(path.join(tmpdir(), "openline-"));
    test.after(() => rmSync(folder, { recursive: true }));
    const at = path.join(folder, "socket");
    const http = createServer();
    http.listen(at);
    await once(http, "listening");
    test.after(() => http.close());
    const server = new WebSocketServer({ server: http });
    for (const [url, target] of [
      [`ws+unix:${at}:/x?y`, "/x?y"],
      [`ws+unix:${at}`, "/"],
    ] as const) {
      const connection = once(server, "connection");
      await once(openClient(test, url), "open");
      const [, request] = (await connection) as [WebSocket, IncomingMessage];
      assert.equal(request.url, target);
    }
  });

  it("goes over TLS, with its options", async (test) => {
    const https = createHttpsServer({ key: testOnlyKey, cert: testOnlyCertificate });
    const place = await listening(test, https);
    const server = new WebSocketServer({ server: https, verifyClient: ({ secure }: { secure: boolean }) => secure });
    const connection = once(server, "connection");
    const client = openClient(test, `wss://${place.replace("127.0.0.1", "localhost")}`, {
      ca: testOnlyCertificate,
      family: 4,
    });
    await once(client, "open");
    const [socket] = (await connection) as [WebSocket];
    const message = once(socket, "message");
    client.send("over TLS");
    assert.equal(textOf((await message)[0]), "over TLS");
    const refused = await errorOf(openClient(test, `wss://${place}`));
    assert.equal(refused.code, "DEPTH_ZERO_SELF_SIGNED_CERT");
  });

  it("masks with what generateMask makes", async (test) => {
    const keys: string[] = [];
    const { client, socket } = await openPair(
      test,
      {},
      {
        generateMask: (mask) => {
          mask.writeUInt32BE(0x01020304 + keys.length);
          keys.push(mask.toString("hex"));
        },
      },
    );
    const messages = take(socket, "message", 2);
    client.send("a");
    client.send(Buffer.from("b"));
    assert.deepEqual(
      (await messages).map(([data]) => textOf(data)),
      ["a", "b"],
    );
    assert.deepEqual(keys, ["01020304", "01020305"]);
  });
});

describe("the answer to a client", () => {
  it("fails the connection where it is none of a WebSocket's", async (test) => {
    const upgrade = "Upgrade: websocket\r\nConnection: Upgrade";
    const accepted = (key: string): string => `${upgrade}\r\nSec-WebSocket-Accept: ${acceptValue(key)}`;
    const cases: readonly [(key: string) => string, string, string[]?, ClientOptions?][] = [
      [() => "Upgrade: other\r\nConnection: Upgrade", "Invalid Upgrade header"],
      [() => upgrade, "Invalid Sec-WebSocket-Accept header"],
      [accepted, "Server sent no subprotocol", ["a"]],
      [(key) => `${accepted(key)}\r\nSec-WebSocket-Protocol: a`, "Server sent a subprotocol but none was requested"],
      [(key) => `${accepted(key)}\r\nSec-WebSocket-Protocol: b`, "Server sent an invalid subprotocol", ["a"]],
      [
        (key) => `${accepted(key)}\r\nSec-WebSocket-Extensions: permessage-deflate`,
        "Server sent a Sec-WebSocket-Extensions header but no extension was requested",
        [],
        { perMessageDeflate: false },
      ],
      [(key) => `${accepted(key)}\r\nSec-WebSocket-Extensions: ;`, "Invalid Sec-WebSocket-Extensions header"],
      [
        (key) => `${accepted(key)}\r\nSec-WebSocket-Extensions: other`,
        "Server indicated an extension that was not requested",
      ],
      [
        (key) => `${accepted(key)}\r\nSec-WebSocket-Extensions: permessage-deflate; x=1`,
        "Invalid Sec-WebSocket-Extensions header",
      ],
    ];
    for (const [head, message, protocols = [], options = {}] of cases) {
      const url = await answeringUpgrades(test, head);
      const error = await errorOf(openClient(test, url, protocols, options));
      assert.equal(error.message, message);
    }
  });

  it("is shown to `unexpected-response`, or fails the connection", async (test) => {
    const url = await answering(test, (_request, response) => response.writeHead(401).end("no"));
    assert.equal((await errorOf(openClient(test, url))).message, "Unexpected server response: 401");
    const client = openClient(test, url);
    const [request, response] = (await once(client, "unexpected-response")) as [ClientRequest, IncomingMessage];
    assert.equal(response.statusCode, 401);
    request.destroy();
    const closed = take(client, "close", 1);
    client.on("error", () => undefined);
    client.terminate();
    await closed;
  });

  it("that does not come fails with the network's error", async (test) => {
    const server = createNetServer((socket) => socket.destroy());
    const place = await listening(test, server);
    assert.equal((await errorOf(openClient(test, `ws://${place}`))).code, "ECONNRESET");
  });

  it("that does not come in time is given up after handshakeTimeout", async (test) => {
    const sockets: TcpSocket[] = [];
    const server = createNetServer((socket) => void sockets.push(socket));
    const place = await listening(test, server);
    const error = await errorOf(openClient(test, `ws://${place}`, { handshakeTimeout: 20 }));
    assert.equal(error.message, "Opening handshake has timed out");
    for (const socket of sockets) socket.destroy();
  });

  it("may be turned down by a listener of `upgrade`", async (test) => {
    const server = await openServer(test);
    const client = openClient(test, urlOf(server));
    client.on("upgrade", () => client.terminate());
    const error = await errorOf(client);
    assert.equal(error.message, "WebSocket was closed before the connection was established");
  });
});

describe("redirects", () => {
  const to =
    (location: string): RequestListener =>
    (_request, response) => {
      response.writeHead(302, { Location: location }).end();
    };

  it("are not followed unless followRedirects says so", async (test) => {
    const server = await openServer(test);
    const url = await answering(test, to(urlOf(server)));
    assert.equal((await errorOf(openClient(test, url))).message, "Unexpected server response: 302");
    const client = openClient(test, url, { followRedirects: true });
    await once(client, "open");
    assert.equal(client.url, urlOf(server));
  });

  it("carry secrets only to where they were meant for", async (test) => {
    const server = await openServer(test);
    const options = { followRedirects: true, headers: { Cookie: "a=b", Authorization: "Basic eA==", Host: "named" } };
    const seen: unknown[] = [];
    server.on("connection", (_socket, { headers }) => {
      seen.push([headers.cookie, headers.authorization, headers.host === "named"]);
    });
    const url = await answering(test, to(urlOf(server)));
    await once(openClient(test, url, options), "open");
    const listenedTo = openClient(test, url, options);
    const redirected = once(listenedTo, "redirect");
    await once(listenedTo, "open");
    const [where, request] = (await redirected) as [string, ClientRequest];
    assert.deepEqual([where, request.getHeader("cookie")], [urlOf(server), "a=b"]);
    assert.deepEqual(seen, [
      [undefined, undefined, false],
      ["a=b", "Basic eA==", true],
    ]);
  });

  it("stay with their credentials on the same host", async (test) => {
    const http = createServer(to("/there"));
    const place = await listening(test, http);
    const server = new WebSocketServer({ server: http, path: "/there" });
    http.removeAllListeners("upgrade");
    http.on("upgrade", (request: IncomingMessage, socket: TcpSocket, head: Buffer) => {
      if (request.url === "/there")
        server.handleUpgrade(request, socket, head, (ws) => server.emit("connection", ws, request));
      else socket.end("HTTP/1.1 307 Temporary Redirect\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n");
    });
    const connection = once(server, "connection");
    const client = openClient(test, `ws://user:pass@${place}/here`, { followRedirects: true });
    await once(client, "open");
    const [, request] = (await connection) as [WebSocket, IncomingMessage];
    assert.equal(request.headers.authorization, `Basic ${Buffer.from("user:pass").toString("base64")}`);
  });

  it("come to an end after maxRedirects, and at what is no URL", async (test) => {
    const round = await answering(test, to("/again"));
    const error = await errorOf(openClient(test, round, { followRedirects: true, maxRedirects: 2 }));
    assert.equal(error.message, "Maximum redirects exceeded");
    const nowhere = await answering(test, to("http://"));
    const invalid = await errorOf(openClient(test, nowhere, { followRedirects: true }));
    assert.deepEqual([invalid.name, invalid.message], ["SyntaxError", "Invalid URL: http://"]);
    const elsewhere = await answering(test, to("ftp://localhost/"));
    assert.equal((await errorOf(openClient(test, elsewhere, { followRedirects: true }))).name, "SyntaxError");
  });
});
