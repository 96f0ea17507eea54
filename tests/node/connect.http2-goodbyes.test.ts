/**
 * What servers of HTTP/2 say to a client that is about to connect: settings that come late, GOAWAY, and that they would
 * rather speak HTTP/1.1.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import type { ServerHttp2Stream } from "node:http2";
import { constants, createSecureServer } from "node:http2";
import type { Duplex } from "node:stream";
import type { TestContext } from "node:test";
import { describe, it } from "node:test";
import { connect, Http2Error, serve } from "#src/index.js";
import { deferred } from "../support/endpoints.js";
import {
  ack,
  enableConnectProtocol,
  endHeaders,
  fieldBlock,
  frameType,
  goawayFrame,
  http2Frame,
  resetFrame,
  serveFrames,
  settingsFrame,
} from "../support/http2-frames.js";
import { accept, rejection, startBare } from "../support/http2-servers.js";
import { listen } from "../support/raw-http.js";
import { testOnlyCertificate, testOnlyKey } from "../support/test-only-certificate.js";

const tls = { ca: testOnlyCertificate };
const { NGHTTP2_NO_ERROR, NGHTTP2_ENHANCE_YOUR_CALM, NGHTTP2_HTTP_1_1_REQUIRED, NGHTTP2_CANCEL } = constants;
const allowed = settingsFrame({ [enableConnectProtocol]: 1 });
const accepted = (streamId: number): Buffer =>
  http2Frame(frameType.headers, endHeaders, streamId, fieldBlock({ ":status": "200" }));

describe("RFC 8441 §3 the setting in a later SETTINGS frame", () => {
  it("counts until the server has answered a ping, which is sent upon the first", async (t) => {
    const pings: number[] = [];
    const url = await serveFrames(
      t,
      (socket) => socket.write(settingsFrame()),
      ({ type, flags, streamId, payload }, socket) => {
        if (type === frameType.ping && flags === 0) {
          pings.push(payload.byteLength);
          socket.write(allowed);
          socket.write(http2Frame(frameType.ping, ack, 0, payload));
        }
        if (type === frameType.headers) socket.write(accepted(streamId));
      },
    );
    const socket = await connect(url, { http2: true });
    assert.deepEqual(pings, [8]);
    socket.terminate();
  });

  it("does not count where it comes after that answer", async (t) => {
    const url = await serveFrames(
      t,
      (socket) => socket.write(settingsFrame()),
      ({ type, flags, payload }, socket) => {
        if (type === frameType.ping && flags === 0) socket.write(http2Frame(frameType.ping, ack, 0, payload));
      },
    );
    const error = await rejection(connect(url, { http2: true }));
    assert.equal(error.code, "http2-setting-missing");
  });

  it("is no reason to wait for a server that leaves", async (t) => {
    const url = await serveFrames(
      t,
      (socket) => socket.write(settingsFrame()),
      ({ type }, socket) => {
        if (type === frameType.ping) socket.end();
      },
    );
    const error = await rejection(connect(url, { http2: true }));
    assert.equal(error.code, "http2-session-failed");
  });

  it("MUST NOT be 0 after 1: a session that goes on so is left with an error, and its sockets with it", async (t) => {
    let answer: ((octets: Buffer) => void) | undefined;
    const codes: number[] = [];
    const left = deferred();
    const url = await serveFrames(
      t,
      (socket) => {
        answer = (octets) => socket.write(octets);
        socket.on("close", () => left.resolve());
        socket.write(allowed);
      },
      ({ type, streamId, payload }, socket) => {
        if (type === frameType.headers) socket.write(accepted(streamId));
        if (type === frameType.goaway) codes.push(payload.readUInt32BE(4));
      },
    );
    const socket = await connect(url, { http2: true });
    answer?.(settingsFrame({ [enableConnectProtocol]: 0 }));
    const { code, cause } = await socket.closed;
    assert.equal(code, 1006);
    assert.ok(cause instanceof Http2Error, String(cause));
    assert.equal(cause.code, "http2-session-lost");
    await left.promise;
    assert.equal(codes.length, 1);
    assert.notEqual(codes[0], NGHTTP2_NO_ERROR);
  });
});

describe("RFC 9113 §6.8 GOAWAY while a stream is asked for", () => {
  /** Says goodbye to whoever asks first, and is there for whoever comes then. */
  async function leaveOnce(
    t: TestContext,
    goodbye: (streamId: number) => Buffer,
  ): Promise<{ url: string; asked: number[] }> {
    const asked: number[] = [];
    const url = await serveFrames(
      t,
      (socket) => socket.write(allowed),
      ({ type, streamId }, socket, connection) => {
        if (type !== frameType.headers) return;
        asked.push(connection);
        socket.write(connection === 1 ? goodbye(streamId) : accepted(streamId));
        if (connection === 1) socket.end();
      },
    );
    return { url, asked };
  }

  for (const code of [NGHTTP2_NO_ERROR, NGHTTP2_ENHANCE_YOUR_CALM]) {
    it(`asks again over another session where it was not processed, whatever the code: ${String(code)}`, async (t) => {
      const { url, asked } = await leaveOnce(t, () => goawayFrame(0, code));
      const socket = await connect(url, { http2: true });
      assert.deepEqual(asked, [1, 2]);
      socket.terminate();
    });

    it(`does not ask again where it may have been processed: ${String(code)}`, async (t) => {
      const { url, asked } = await leaveOnce(t, (streamId) => goawayFrame(streamId, code));
      const error = await rejection(connect(url, { http2: true }));
      assert.equal(error.code, "http2-session-lost");
      assert.deepEqual(asked, [1]);
    });
  }

  it("asks again for all that were on their way", async (t) => {
    let waiting = 0;
    const url = await serveFrames(
      t,
      (socket) => socket.write(allowed),
      ({ type, streamId }, socket, connection) => {
        if (type !== frameType.headers) return;
        if (connection > 1) socket.write(accepted(streamId));
        else if (++waiting === 3) socket.end(goawayFrame(0, NGHTTP2_NO_ERROR));
      },
    );
    const sockets = await Promise.all([1, 2, 3].map(() => connect(url, { http2: true })));
    for (const socket of sockets) socket.terminate();
  });

  it("leaves a stream that is answered all the same", async (t) => {
    const url = await serveFrames(
      t,
      (socket) => socket.write(allowed),
      ({ type, streamId }, socket) => {
        if (type === frameType.headers) {
          socket.write(Buffer.concat([goawayFrame(streamId, NGHTTP2_NO_ERROR), accepted(streamId)]));
        }
      },
    );
    const socket = await connect(url, { http2: true });
    assert.equal(socket.readyState, "open");
    socket.terminate();
  });

  it("comes with the settings already: there is another session, and no third", async (t) => {
    let connections = 0;
    const url = await serveFrames(
      t,
      (socket, connection) => {
        connections = connection;
        socket.write(Buffer.concat([allowed, goawayFrame(0, NGHTTP2_NO_ERROR)]));
      },
      () => undefined,
    );
    const error = await rejection(connect(url, { http2: true }));
    assert.equal(error.code, "http2-session-lost");
    assert.equal(connections, 2);
  });
});

describe("RFC 9113 §7 HTTP_1_1_REQUIRED", () => {
  it("of a stream is an error that says so, and of a session", async (t) => {
    const bare = await startBare(t, (stream) => stream.close(NGHTTP2_HTTP_1_1_REQUIRED));
    const error = await rejection(connect(bare.url, { http2: true }));
    assert.ok(error instanceof Http2Error);
    assert.equal(error.code, "http2-http1-required");
    assert.equal(error.observed, NGHTTP2_HTTP_1_1_REQUIRED);
    const url = await serveFrames(
      t,
      (socket) => socket.write(allowed),
      ({ type }, socket) => {
        if (type === frameType.headers) socket.end(goawayFrame(0, NGHTTP2_HTTP_1_1_REQUIRED));
      },
    );
    assert.equal((await rejection(connect(url, { http2: true }))).code, "http2-http1-required");
  });

  it("is no matter of a stream that was reset otherwise", async (t) => {
    const url = await serveFrames(
      t,
      (socket) => socket.write(allowed),
      ({ type, streamId }, socket) => {
        if (type === frameType.headers) socket.write(resetFrame(streamId, NGHTTP2_CANCEL));
      },
    );
    assert.equal((await rejection(connect(url, { http2: true }))).code, "http2-stream-reset");
  });

  it('is heeded with "auto", and remembered', async (t) => {
    const http = createSecureServer({
      key: testOnlyKey,
      cert: testOnlyCertificate,
      allowHTTP1: true,
      settings: { enableConnectProtocol: true },
    });
    let asked = 0;
    http.on("stream", (stream: ServerHttp2Stream) => {
      asked++;
      stream.on("error", () => undefined);
      stream.close(NGHTTP2_HTTP_1_1_REQUIRED);
    });
    const server = await serve({ noServer: true, message: (socket, message) => void socket.send(message) });
    http.on("upgrade", (upgrade: IncomingMessage, socket: Duplex, head: Uint8Array) =>
      server.handleUpgrade(upgrade, socket, head),
    );
    const port = await listen(http);
    t.after(async () => {
      await server.close();
      http.close();
    });
    for (let count = 0; count < 2; count++) {
      const socket = await connect(`wss://localhost:${String(port)}`, { http2: "auto", tls });
      socket.send("hello");
      assert.equal((await socket[Symbol.asyncIterator]().next()).value, "hello");
      await socket.close();
    }
    assert.equal(asked, 1);
  });
});

describe("RFC 9113 §5.1.2 the streams that a server allows", () => {
  it("are named by the error of whoever gets none", async (t) => {
    const bare = await startBare(t, accept, { enableConnectProtocol: true, maxConcurrentStreams: 0 });
    const error = await rejection(connect(bare.url, { http2: true }));
    assert.ok(error instanceof Http2Error);
    assert.deepEqual([error.code, error.observed], ["http2-no-streams", 0]);
    assert.match(error.message, /SETTINGS_MAX_CONCURRENT_STREAMS/u);
  });

  it("may become more, and fewer, while the session goes on", async (t) => {
    const bare = await startBare(t, accept, { enableConnectProtocol: true, maxConcurrentStreams: 1 });
    const first = await connect(bare.url, { http2: true });
    const [session] = bare.sessions;
    assert.ok(session !== undefined);
    session.settings({ enableConnectProtocol: true, maxConcurrentStreams: 3 });
    await once(session, "localSettings");
    const more = [await connect(bare.url, { http2: true }), await connect(bare.url, { http2: true })];
    assert.equal(bare.sessions.length, 1);
    const beyond = await connect(bare.url, { http2: true });
    assert.equal(bare.sessions.length, 2);
    for (const socket of [first, ...more, beyond]) socket.terminate();
  });
});
