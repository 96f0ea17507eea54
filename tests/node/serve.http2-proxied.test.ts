/**
 * Peers that others wrote, whose HTTP/2 is none of Node's: reverse proxies between clients and servers of ours, and curl.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import type { TestContext } from "node:test";
import { describe, it } from "node:test";
import { connect as connectTls } from "node:tls";
import { promisify } from "node:util";
import type { ClientSocket, ConnectOptions } from "#src/index.js";
import { connect, Http2Error, UpgradeRefusedError } from "#src/index.js";
import type { Http2Frame } from "../support/http2-frames.js";
import {
  connectFields,
  enableConnectProtocol,
  endHeaders,
  FrameReader,
  frameType,
  http2Frame,
  preface,
  settingsFrame,
} from "../support/http2-frames.js";
import { rejection, startServer } from "../support/http2-servers.js";
import {
  SKIP_WITHOUT_CURL,
  SKIP_WITHOUT_HAPROXY,
  SKIP_WITHOUT_NGINX,
  startHaproxy,
  startNginx,
} from "../support/reverse-proxies.js";
import { testOnlyCertificate, testOnlyKey } from "../support/test-only-certificate.js";

const execute = promisify(execFile);
const tls = { ca: testOnlyCertificate };

/** A server of ours that speaks both versions in clear text, and notes by which each socket came. */
async function startBehind(t: TestContext) {
  const versions: (1 | 2)[] = [];
  const urls: string[] = [];
  const server = await startServer(t, {
    host: "127.0.0.1",
    hosts: "*",
    accept: (request: Request) => {
      if (new URL(request.url).pathname.endsWith("/no")) return new Response("no", { status: 403 });
      versions.push(request.headers.has("upgrade") ? 1 : 2);
      urls.push(request.url);
      return { protocol: "chat" };
    },
  });
  return { server, versions, urls };
}

/** Sends messages of every size there and back, compressed and not, and a ping; then closes. */
async function use(socket: ClientSocket): Promise<void> {
  assert.equal(socket.protocol, "chat");
  const messages = socket[Symbol.asyncIterator]();
  // One after the other: HAProxy 2.6 gets stuck where much goes both ways at once, see docs/http2.md.
  for (const sent of ["hello", "x".repeat(70_000), new Uint8Array(500_000).fill(7), "y".repeat(1_000_000)]) {
    socket.send(sent);
    const value: unknown = (await messages.next()).value;
    assert.ok(
      typeof value === "string" ? value === sent : Buffer.compare(value as Uint8Array, sent as Uint8Array) === 0,
    );
  }
  await socket.ping();
  const report = await socket.close(3000, "enough");
  assert.deepEqual([report.wasClean, report.code], [true, 3000]);
}

describe("HAProxy between client and server", { skip: SKIP_WITHOUT_HAPROXY }, () => {
  for (const toServer of [1, 2] as const) {
    for (const fromClient of [1, 2] as const) {
      for (const isSecure of [false, true]) {
        const ways = `HTTP/${fromClient === 1 ? "1.1" : "2"}${isSecure ? " over TLS" : ""} to HTTP/${toServer === 1 ? "1.1" : "2"}`;
        it(`passes WebSockets on from ${ways}`, async (t) => {
          const { server, versions, urls } = await startBehind(t);
          const { clear, secure } = await startHaproxy(t, server.port);
          const options: ConnectOptions = {
            socketPath: isSecure ? secure : clear,
            http2: fromClient === 2,
            protocols: ["chat"],
            tls,
          };
          const url = `${isSecure ? "wss" : "ws"}://localhost/${String(toServer)}`;
          const sockets = await Promise.all(
            [true, false].map((perMessageDeflate) => connect(url, { ...options, perMessageDeflate })),
          );
          assert.match(sockets[0]?.extensions ?? "", /^permessage-deflate/u);
          await Promise.all(sockets.map(use));
          assert.deepEqual(versions, [toServer, toServer]);
          assert.equal(new URL(urls[0] ?? "").pathname, `/${String(toServer)}`);
          const refused = await rejection(connect(`${url}/no`, options));
          assert.ok(refused instanceof UpgradeRefusedError, String(refused));
          assert.equal(refused.status, 403);
        });
      }
    }
  }

  it('is spoken HTTP/2 with by "auto", over TLS', async (t) => {
    const { server } = await startBehind(t);
    const { secure } = await startHaproxy(t, server.port);
    const options: ConnectOptions = { socketPath: secure, http2: "auto", protocols: ["chat"], tls };
    await use(await connect("wss://localhost/2", options));
    const only = await connect("wss://localhost/2", { ...options, http2: true });
    await use(only);
  });

  it("tells both sides of a drop at the other", async (t) => {
    const { server } = await startBehind(t);
    const { clear } = await startHaproxy(t, server.port);
    const options: ConnectOptions = { socketPath: clear, http2: true, protocols: ["chat"] };
    const [first, second] = [await connect("ws://localhost/2", options), await connect("ws://localhost/2", options)];
    const [one, other] = server.sockets;
    one?.terminate();
    const { code } = await Promise.race([first.closed, second.closed]);
    assert.equal(code, 1006);
    for (const socket of [first, second]) socket.terminate();
    assert.equal((await other?.closed)?.wasClean, false);
  });
});

describe("nginx between client and server", { skip: SKIP_WITHOUT_NGINX }, () => {
  it("passes upgrades of HTTP/1.1 on to a server that speaks both versions", async (t) => {
    const { server, versions } = await startBehind(t);
    const { clear, secure } = await startNginx(t, server.port);
    await use(await connect("ws://localhost/", { socketPath: clear, protocols: ["chat"] }));
    await use(await connect("wss://localhost/", { socketPath: secure, protocols: ["chat"], tls }));
    assert.deepEqual(versions, [1, 1]);
  });

  it('speaks HTTP/2 without the setting: "auto" comes to HTTP/1.1, and true to an error', async (t) => {
    const { server, versions } = await startBehind(t);
    const { secure } = await startNginx(t, server.port);
    const options: ConnectOptions = { socketPath: secure, protocols: ["chat"], tls };
    for (let count = 0; count < 2; count++) {
      await use(await connect("wss://localhost/", { ...options, http2: "auto" }));
    }
    assert.deepEqual(versions, [1, 1]);
    const error = await rejection(connect("wss://localhost/", { ...options, http2: true }));
    assert.ok(error instanceof Http2Error, String(error));
    assert.equal(error.code, "http2-setting-missing");
  });

  it("lets nobody through who asks by extended CONNECT all the same", async (t) => {
    const { server, versions } = await startBehind(t);
    const { secure } = await startNginx(t, server.port);
    const socket = connectTls({
      path: secure,
      servername: "localhost",
      ca: testOnlyCertificate,
      ALPNProtocols: ["h2"],
    });
    t.after(() => socket.destroy());
    await once(socket, "secureConnect");
    assert.equal(socket.alpnProtocol, "h2");
    const fields = connectFields({ ":scheme": "https" });
    socket.write(Buffer.concat([preface, settingsFrame(), http2Frame(frameType.headers, endHeaders, 1, fields)]));
    const reader = new FrameReader();
    let answer: Http2Frame | undefined;
    for await (const chunk of socket) {
      const frames = reader.push(chunk as Buffer);
      for (const { payload } of frames.filter(({ type, flags }) => type === frameType.settings && flags === 0)) {
        for (let at = 0; at < payload.byteLength; at += 6) {
          assert.notEqual(payload.readUInt16BE(at), enableConnectProtocol);
        }
      }
      answer = frames.find(({ type }) => type === frameType.reset || type === frameType.headers);
      if (answer !== undefined) break;
    }
    // Of HPACK's static table (RFC 7541 appendix A), 8 is status 200, and 14 status 500; 12 is 400.
    const refused = answer?.type === frameType.reset || (answer?.payload[0] ?? 0) >= (0x80 | 11);
    assert.ok(refused, answer?.payload.toString("hex"));
    assert.deepEqual(versions, []);
  });
});

describe("curl and a server that speaks both versions", { skip: SKIP_WITHOUT_CURL }, () => {
  const cases: readonly (readonly [what: string, isSecure: boolean, options: readonly string[], answer: string])[] = [
    ["HTTP/2 with prior knowledge", false, ["--http2-prior-knowledge"], "2 405"],
    ["HTTP/1.1, with an upgrade to h2c on offer", false, ["--http2"], "1.1 426"],
    ["HTTP/1.1 in clear text", false, ["--http1.1"], "1.1 426"],
    ["HTTP/2 by ALPN", true, ["--http2", "--insecure"], "2 405"],
    ["HTTP/1.1 by ALPN", true, ["--http1.1", "--insecure"], "1.1 426"],
  ];
  for (const [what, isSecure, options, answer] of cases) {
    it(`is told by ${what} that there are WebSockets only`, async (t) => {
      const server = await startServer(t, {
        host: "127.0.0.1",
        ...(isSecure && { tls: { key: testOnlyKey, cert: testOnlyCertificate } }),
      });
      const shown = ["--silent", "--noproxy", "*", "--output", "-", "--write-out", "%{http_version} %{http_code}"];
      const { stdout } = await execute("curl", [...shown, ...options, server.url.replace("ws", "http")]);
      assert.match(stdout, /WebSocket/iu);
      assert.equal(stdout.split("\n").at(-1), answer);
    });
  }
});
