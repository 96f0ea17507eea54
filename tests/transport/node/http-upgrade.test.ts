import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { Duplex } from "node:stream";
import { describe, it } from "node:test";
import { listeningAddress, takeHttpUpgrade } from "#src/transport/node/index.js";
import { connectRaw, listen } from "../../support/raw-http.js";
import { StreamRecorder } from "../../support/stream-recorder.js";

describe("an upgrade request of node:http", () => {
  it("is taken over with its head as it was sent, its stream, and what came with it", async (t) => {
    const server = createServer();
    const port = await listen(server);
    t.after(() => server.close());
    const upgraded = once(server, "upgrade") as Promise<[IncomingMessage, Socket, Buffer]>;
    const client = await connectRaw(t, port);
    client.write(
      "GET /a?b HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUPGRADE: WebSocket\r\nX-A: 1\r\nX-A: 2\r\n\r\nearly",
    );
    const { head, stream, isSecure } = takeHttpUpgrade(...(await upgraded));
    assert.deepEqual(head, {
      method: "GET",
      httpVersion: "1.1",
      target: "/a?b",
      rawHeaders: ["Host", "x", "Connection", "Upgrade", "UPGRADE", "WebSocket", "X-A", "1", "X-A", "2"],
    });
    assert.equal(isSecure, false);
    assert.equal(stream.remoteAddress, "127.0.0.1");
    const recorder = new StreamRecorder();
    stream.start(recorder);
    await recorder.untilReceived(5);
    assert.equal(Buffer.from(recorder.bytes).toString(), "early");
    stream.destroy();
    await recorder.untilEvent("closed");
  });
});

describe("the address that a server listens on", () => {
  it("is told by the sockets that came to it, as long as it listens", async (t) => {
    for (const [host, address] of [
      ["127.0.0.1", "127.0.0.1"],
      ["0.0.0.0", "0.0.0.0"],
    ] as const) {
      const server = createServer();
      server.listen({ port: 0, host });
      await once(server, "listening");
      const upgraded = once(server, "upgrade") as Promise<[IncomingMessage, Socket, Buffer]>;
      const client = await connectRaw(t, (server.address() as AddressInfo).port);
      client.write("GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
      const [, socket] = await upgraded;
      assert.equal(listeningAddress(socket), address);
      server.close();
      assert.equal(listeningAddress(socket), undefined);
      socket.destroy();
      assert.equal(listeningAddress(socket), undefined);
    }
  });

  it("is not known of a stream of another kind", () => {
    assert.equal(listeningAddress(new Duplex()), undefined);
  });
});
