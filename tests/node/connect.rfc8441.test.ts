/**
 * Every MUST of RFC 8441 that is about a client; serve.rfc8441.test.ts has those about a server.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { ServerHttp2Stream, Settings } from "node:http2";
import { connect as connectHttp2, constants, createSecureServer, createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { createServer as createTcpServer } from "node:net";
import type { TestContext } from "node:test";
import { describe, it } from "node:test";
import { connect } from "#src/index.js";
import { frame } from "../support/frames.js";
import { openHttp2Client } from "../support/http2-client.js";
import type { Http2Frame } from "../support/http2-frames.js";
import {
  enableConnectProtocol,
  endHeaders,
  endStream,
  fieldBlock,
  frameType,
  http2Frame,
  serveFrames,
  settingsFrame,
} from "../support/http2-frames.js";
import { rejection, startBare, startServer } from "../support/http2-servers.js";
import { startConnectProxy } from "../support/proxies.js";
import { turns } from "../support/task-queue.js";
import { testOnlyCertificate, testOnlyKey } from "../support/test-only-certificate.js";

const serverTls = { key: testOnlyKey, cert: testOnlyCertificate };
const tls = { ca: testOnlyCertificate };

describe("every MUST of RFC 8441 for a client", () => {
  /** A server that says SETTINGS_ENABLE_CONNECT_PROTOCOL with values of its own, and nothing else. */
  async function startRaw(t: TestContext, ...values: readonly number[]): Promise<string> {
    const server = createTcpServer((socket) => {
      socket.on("error", () => undefined);
      socket.resume();
      for (const value of values) socket.write(Uint8Array.of(0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, value));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    t.after(() => server.close());
    return `ws://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  }

  it('§3: "The value of the parameter MUST be 0 or 1": a server that says 2 gets no request', async (t) => {
    const error = await rejection(connect(await startRaw(t, 2), { http2: true }));
    assert.equal(error.code, "http2-session-failed");
  });

  it("§3: a sender MUST NOT send 0 after 1: a server that does is left, and ours does not", async (t) => {
    const error = await rejection(connect(await startRaw(t, 1, 0), { http2: true, handshakeTimeoutMs: 2000 }));
    assert.match(String(error.code), /^http2-/);
    const server = await startServer(t);
    const session = connectHttp2(server.url.replace("ws:", "http:"));
    t.after(() => session.destroy());
    const [settings] = (await once(session, "remoteSettings")) as [{ enableConnectProtocol?: boolean }];
    assert.equal(settings.enableConnectProtocol, true);
    session.on("remoteSettings", (later: Settings) => assert.equal(later.enableConnectProtocol, true));
    const closing = server.close();
    await once(session, "close");
    await closing;
  });

  for (const secure of [false, true]) {
    it(`§4, §5: what the client sends ${secure ? "over TLS" : "in clear text"}`, async (t) => {
      const options = { settings: { enableConnectProtocol: true } };
      const server = secure ? createSecureServer({ ...options, ...serverTls }) : createServer(options);
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      t.after(() => server.close());
      const host = `localhost:${String((server.address() as AddressInfo).port)}`;
      const asked = once(server, "stream") as Promise<[ServerHttp2Stream, Record<string, string>]>;
      const connecting = connect(`${secure ? "wss" : "ws"}://${host}/chat?a=b`, { http2: true, tls });
      const [stream, headers] = await asked;
      // §5: ":protocol […] MUST be included in the CONNECT request, and it MUST have a value of "websocket"".
      assert.equal(headers[":method"], "CONNECT");
      assert.equal(headers[":protocol"], "websocket");
      // §4: ":scheme and :path […] MUST also be included"; §5: it "MUST be "https" for "wss"-schemed WebSockets".
      assert.equal(headers[":scheme"], secure ? "https" : "http");
      assert.equal(headers[":path"], "/chat?a=b");
      assert.equal(headers[":authority"], host);
      // §5: Connection and Upgrade "MUST NOT be included".
      for (const name of ["connection", "upgrade", "host", "sec-websocket-key"]) assert.equal(name in headers, false);
      assert.equal(headers["sec-websocket-version"], "13");
      stream.respond({ ":status": 200 });
      const socket = await connecting;
      socket.terminate();
    });
  }

  it("§5: does no processing of Sec-WebSocket-Accept", async (t) => {
    const bare = await startBare(t, (stream) => stream.respond({ ":status": 200, "sec-websocket-accept": "whatever" }));
    const socket = await connect(bare.url, { http2: true });
    assert.equal(socket.readyState, "open");
    socket.terminate();
  });

  it("§5: what follows is the WebSocket protocol; the end is END_STREAM, and a cut RST_STREAM with CANCEL", async (t) => {
    const frames: Http2Frame[] = [];
    const url = await serveFrames(
      t,
      (socket) => socket.write(settingsFrame({ [enableConnectProtocol]: 1 })),
      (received, socket) => {
        frames.push(received);
        const { type, streamId } = received;
        if (type === frameType.headers) {
          socket.write(http2Frame(frameType.headers, endHeaders, streamId, fieldBlock({ ":status": "200" })));
        }
        // Of the first stream, the Close frame is answered, and the end with it.
        if (type === frameType.data && streamId === 1 && received.payload.byteLength > 0) {
          const close = frame({ opcode: 8, payload: Uint8Array.of(3, 0xe8) });
          socket.write(http2Frame(frameType.data, endStream, streamId, close));
        }
      },
    );
    const ended = await connect(url, { http2: true });
    assert.equal((await ended.close()).wasClean, true);
    const cut = await connect(url, { http2: true });
    cut.terminate();
    await cut.closed;
    while (!frames.some(({ type }) => type === frameType.reset)) await turns(1);
    const ofFirst = frames.filter(({ streamId }) => streamId === 1);
    assert.ok(ofFirst.some(({ type, flags }) => type === frameType.data && (flags & endStream) !== 0));
    const resets = frames.filter(({ type }) => type === frameType.reset);
    assert.deepEqual(
      resets.map(({ streamId, payload }) => [streamId, payload.readUInt32BE()]),
      [[3, constants.NGHTTP2_CANCEL]],
    );
  });

  it('§7: "should continue to use a traditional CONNECT" to a proxy, whatever is spoken through its tunnel', async (t) => {
    const server = await startServer(t, { tls: serverTls });
    const proxy = await startConnectProxy(t);
    const url = server.url.replace("127.0.0.1", "localhost");
    const socket = await connect(url, { http2: true, tls, proxy: `http://127.0.0.1:${String(proxy.port)}` });
    assert.match(proxy.asked.join(), /^CONNECT localhost:\d+ HTTP\/1\.1\r\n/u);
    assert.doesNotMatch(proxy.asked.join(), /protocol/iu);
    await socket.close();
  });

  it("§4: the server MUST NOT create a tunnel to the host that :authority names", async (t) => {
    const server = await startServer(t);
    let connections = 0;
    const other = createTcpServer(() => connections++);
    other.listen(0, "127.0.0.1");
    await once(other, "listening");
    t.after(() => other.close());
    const client = await openHttp2Client(t, server.url);
    const authority = `127.0.0.1:${String((other.address() as AddressInfo).port)}`;
    const peer = await client.open({ ":authority": authority });
    peer.sendText("for the server itself");
    await peer.untilFrames(1);
    assert.deepEqual(peer.lines, ["text for the server itself"]);
    assert.equal(connections, 0);
  });
});
