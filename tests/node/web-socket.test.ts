/**
 * The WebSocket class over real ports.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { UsageError, WebSocket, type WebSocketInit } from "#src/index.js";
import { startOwnPort } from "../support/own-port.js";
import { testOnlyCertificate, testOnlyKey } from "../support/test-only-certificate.js";

describe("the WebSocket class on Node", () => {
  it("refuses at once options that make no sense, those of how servers are reached among them", () => {
    const options: WebSocketInit[] = [
      { proxy: "ftp://x" },
      { socketPath: "" },
      { attemptDelayMs: 1 },
      { redirects: { max: 99 } },
      { urlCredentials: "x" as "basic" },
    ];
    for (const given of options) {
      assert.throws(() => new WebSocket("ws://localhost:1", [], given), UsageError, JSON.stringify(given));
    }
  });

  it("echoes text and octets, compressed, and closes cleanly", async (t) => {
    const server = await startOwnPort(t, { message: (socket, message) => void socket.send(message) });
    const socket = new WebSocket(`ws://localhost:${server.port}/`);
    socket.binaryType = "arraybuffer";
    const received: unknown[] = [];
    socket.onmessage = ({ data }) => {
      received.push(data);
      if (received.length === 3) socket.close(3000, "done");
    };
    socket.onopen = () => {
      socket.send("hello ".repeat(1000));
      socket.send(Uint8Array.of(1, 2, 3));
      socket.send(new Blob(["blob"]));
    };
    const [event] = (await once(socket, "close")) as [CloseEvent];
    assert.match(socket.extensions, /^permessage-deflate/u);
    assert.deepEqual(received.slice(0, 2), ["hello ".repeat(1000), Uint8Array.of(1, 2, 3).buffer]);
    assert.equal(Buffer.from(received[2] as ArrayBuffer).toString(), "blob");
    assert.deepEqual([event.code, event.wasClean, socket.bufferedAmount], [3000, true, 0]);
  });

  it("sends octets as they were when send was called, also where they are compressed later", async (t) => {
    const received: Uint8Array[] = [];
    const server = await startOwnPort(t, {
      perMessageDeflate: { thresholdBytes: 0 },
      limits: { maxMessageBytes: 2 ** 24 },
      message: (socket, message) => {
        received.push(message as Uint8Array);
        if (received.length === 3) void socket.close();
      },
    });
    const socket = new WebSocket(`ws://localhost:${server.port}/`);
    await once(socket, "open");
    const octets = new Uint8Array(2 ** 20);
    for (const value of [1, 2, 3]) {
      octets.fill(value);
      socket.send(octets);
    }
    octets.fill(4);
    await once(socket, "close");
    assert.deepEqual(
      received.map((message) => [message.byteLength, message[0], message.at(-1)]),
      [1, 2, 3].map((value) => [2 ** 20, value, value]),
    );
    assert.equal(socket.bufferedAmount, 0);
  });

  it("counts a message that is being compressed until it has left", async (t) => {
    const server = await startOwnPort(t, {
      limits: { maxMessageBytes: 2 ** 24 },
      message: (socket, message) => void socket.send(String(message.length)),
    });
    const socket = new WebSocket(`ws://localhost:${server.port}/`);
    await once(socket, "open");
    socket.send("x".repeat(2 ** 22));
    assert.equal(socket.bufferedAmount, 2 ** 22);
    const [{ data }] = (await once(socket, "message")) as [{ readonly data: unknown }];
    assert.deepEqual([data, socket.bufferedAmount], [String(2 ** 22), 0]);
    socket.close();
    await once(socket, "close");
  });

  it("speaks TLS, with options of its own", async (t) => {
    const server = await startOwnPort(t, {
      tls: { key: testOnlyKey, cert: testOnlyCertificate },
      accept: (request) => (request.headers.get("x-token") === "1" ? {} : new Response(null, { status: 403 })),
    });
    const options = { tls: { ca: testOnlyCertificate }, headers: { "X-Token": "1" } };
    const socket = new WebSocket(`wss://localhost:${server.port}/`, [], options);
    await once(socket, "open");
    socket.close();
    await once(socket, "close");
    const refused = new WebSocket(`wss://localhost:${server.port}/`, [], { tls: { ca: testOnlyCertificate } });
    const [{ code }] = (await once(refused, "close")) as [CloseEvent];
    assert.equal(code, 1006);
  });

  it("opens many at once, one after the other (RFC 6455 §4.1)", async (t) => {
    let pending = 0;
    const most: number[] = [];
    const server = await startOwnPort(t, {
      accept: async () => {
        most.push(++pending);
        await new Promise((resolve) => setImmediate(resolve));
        pending--;
        return {};
      },
    });
    const sockets = Array.from({ length: 25 }, () => new WebSocket(`ws://localhost:${server.port}/`));
    await Promise.all(sockets.map((socket) => once(socket, "open")));
    assert.deepEqual([Math.max(...most), most.length], [1, 25]);
    for (const socket of sockets) socket.close();
    await Promise.all(sockets.map((socket) => once(socket, "close")));
  });
});
