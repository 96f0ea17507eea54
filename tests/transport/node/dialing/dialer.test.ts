import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createHttpsServer } from "node:https";
import type { TestContext } from "node:test";
import { describe, it } from "node:test";
import type { HandshakeRequest, WebSocketAddress } from "#src/protocol/index.js";
import type { DialOptions, DialResult } from "#src/transport/index.js";
import { createDialer } from "#src/transport/node/index.js";
import { listen, replying, serveRaw } from "../../../support/raw-http.js";
import { StreamRecorder } from "../../../support/stream-recorder.js";
import { testOnlyCertificate, testOnlyKey } from "../../../support/test-only-certificate.js";
import { upgradeHead } from "../../../support/upgrades.js";

const switching = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-Name: é\r\n\r\n";

function addressOf(port: number, host = "127.0.0.1", secure = false): WebSocketAddress {
  return { secure, host, port, target: "/chat?room=1" };
}

function dial(
  address: WebSocketAddress,
  options: Partial<DialOptions> = {},
  request: HandshakeRequest = upgradeHead(),
): Promise<DialResult> {
  const defaults = { signal: new AbortController().signal, maxHeaderBytes: 16_384, maxBodyBytes: 65_536 };
  return createDialer()(address, request, { ...defaults, ...options });
}

describe("dialing over HTTP/1.1", () => {
  it("sends the request as it was given, and no header beside", async (t) => {
    const heads: string[] = [];
    const port = await serveRaw(
      t,
      replying((head) => {
        heads.push(head);
        return switching;
      }),
    );
    const rawHeaders = ["Host", "example", "Upgrade", "websocket", "X-Twice", "1", "X-Twice", "2", "Cookie", "a=1"];
    const result = await dial(addressOf(port), {}, upgradeHead({ rawHeaders }));
    assert.equal(result.isUpgraded, true);
    const [requestLine, ...lines] = (heads[0] ?? "").trimEnd().split("\r\n");
    assert.equal(requestLine, "GET /chat?room=1 HTTP/1.1");
    assert.ok(lines.includes("Host: example"));
    assert.ok(lines.includes("X-Twice: 1") && lines.includes("X-Twice: 2"));
    const names = new Set(lines.map((line) => line.slice(0, line.indexOf(":")).toLowerCase()));
    names.delete("connection");
    assert.deepEqual([...names].sort(), ["cookie", "host", "upgrade", "x-twice"]);
  });

  it("returns the head of the answer and the stream, with what came with it", async (t) => {
    const port = await serveRaw(
      t,
      replying(() => `${switching}early`),
    );
    const result = await dial(addressOf(port));
    assert.ok(result.isUpgraded);
    assert.equal(result.response.status, 101);
    assert.equal(result.response.httpVersion, "1.1");
    assert.deepEqual(result.response.rawHeaders.slice(0, 2), ["Upgrade", "websocket"]);
    assert.equal(result.response.rawHeaders.at(-1), "é");
    const recorder = new StreamRecorder();
    result.stream.start(recorder);
    await recorder.untilReceived(5);
    assert.equal(Buffer.from(recorder.bytes).toString(), "early");
    result.stream.destroy();
  });

  it("returns what came with the answer even to who starts the stream late, and after the peer has ended", async (t) => {
    const port = await serveRaw(t, (socket) => {
      replying(() => `${switching}early`)(socket);
      socket.once("data", () => setImmediate(() => socket.end()));
    });
    const result = await dial(addressOf(port));
    assert.ok(result.isUpgraded);
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    const recorder = new StreamRecorder();
    result.stream.start(recorder);
    await recorder.untilEvent("ended");
    assert.equal(Buffer.from(recorder.bytes).toString(), "early");
    result.stream.destroy();
    await recorder.untilEvent("closed");
  });

  it("returns any other answer with its body, as far as it is wanted", async (t) => {
    const port = await serveRaw(
      t,
      replying(() => "HTTP/1.1 403 Forbidden\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 5\r\n\r\nsorry"),
    );
    const whole = await dial(addressOf(port));
    assert.ok(!whole.isUpgraded);
    assert.equal(whole.response.status, 403);
    assert.deepEqual(whole.response.rawHeaders.slice(0, 4), ["Set-Cookie", "a=1", "Set-Cookie", "b=2"]);
    assert.equal(Buffer.from(whole.body).toString(), "sorry");
    const part = await dial(addressOf(port), { maxBodyBytes: 3 });
    assert.ok(!part.isUpgraded);
    assert.equal(Buffer.from(part.body).toString(), "sor");
  });

  it("returns a body that breaks off as far as it came, and leaves nothing open", async (t) => {
    const closed: Promise<unknown>[] = [];
    const port = await serveRaw(t, (socket) => {
      closed.push(once(socket, "close"));
      replying(() => "HTTP/1.1 500 Oops\r\nContent-Length: 1000\r\n\r\npart")(socket);
      socket.once("data", () => setImmediate(() => socket.destroy()));
    });
    const result = await dial(addressOf(port));
    assert.ok(!result.isUpgraded);
    assert.equal(Buffer.from(result.body).toString(), "part");
    await Promise.all(closed);
  });

  it("does not wait for the end of a body that is longer than wanted", async (t) => {
    const port = await serveRaw(
      t,
      replying(() => `HTTP/1.1 500 Oops\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n${"x".repeat(16)}\r\n`),
    );
    const result = await dial(addressOf(port), { maxBodyBytes: 10 });
    assert.ok(!result.isUpgraded);
    assert.equal(result.body.byteLength, 10);
  });

  it("takes 101 without the headers of an upgrade for an answer, too, instead of waiting for another", async (t) => {
    for (const head of [
      "HTTP/1.1 101 Switching Protocols\r\n\r\n",
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\n",
    ]) {
      const port = await serveRaw(
        t,
        replying(() => head),
      );
      const result = await dial(addressOf(port));
      assert.equal(result.response.status, 101);
      assert.equal(result.isUpgraded, false);
    }
  });

  it("waits for the answer behind other informational ones", async (t) => {
    const port = await serveRaw(
      t,
      replying(() => `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${switching}`),
    );
    const result = await dial(addressOf(port));
    assert.equal(result.isUpgraded, true);
    if (result.isUpgraded) result.stream.destroy();
  });

  it("rejects with the network's error", async (t) => {
    const port = await serveRaw(t, (socket) => {
      socket.once("data", () => socket.resetAndDestroy());
    });
    await assert.rejects(dial(addressOf(port)), { code: "ECONNRESET" });
    const ended = await serveRaw(t, (socket) => {
      socket.once("data", () => socket.end());
    });
    await assert.rejects(dial(addressOf(ended)), { code: "ECONNRESET" });
  });

  it("rejects what is no HTTP, and headers longer than wanted", async (t) => {
    const noise = await serveRaw(
      t,
      replying(() => "SSH-2.0-OpenSSH_9.0\r\n\r\n"),
    );
    await assert.rejects(dial(addressOf(noise)), { code: /^HPE_/ });
    const long = await serveRaw(
      t,
      replying(() => `HTTP/1.1 101 Switching Protocols\r\nX-Long: ${"x".repeat(5000)}\r\n\r\n`),
    );
    await assert.rejects(dial(addressOf(long), { maxHeaderBytes: 1000 }), { code: "response-header-bytes" });
  });

  it("rejects with the signal's reason, and cuts the connection, when it is aborted", async (t) => {
    const reason = new Error("changed my mind");
    const controller = new AbortController();
    const cut = new Promise<void>((resolve, reject) => {
      serveRaw(t, (socket) => {
        socket.once("data", () => controller.abort(reason));
        socket.on("close", resolve);
        socket.on("end", () => socket.end());
      }).then((port) => {
        assert.rejects(dial(addressOf(port), { signal: controller.signal }), reason).catch(reject);
      }, reject);
    });
    await cut;
  });

  it("rejects at once when the signal was aborted before", async () => {
    const reason = new Error("too late");
    await assert.rejects(dial(addressOf(1), { signal: AbortSignal.abort(reason) }), reason);
  });

  it("gives up also while the body of a refusal is coming", async (t) => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const port = await serveRaw(t, (socket) => {
      replying(() => "HTTP/1.1 403 Forbidden\r\nContent-Length: 1000\r\n\r\npart")(socket);
      socket.once("data", () => setImmediate(() => controller.abort(reason)));
    });
    await assert.rejects(dial(addressOf(port), { signal: controller.signal }), reason);
  });
});

describe("dialing over TLS", () => {
  async function serveTls(t: TestContext): Promise<number> {
    const server = createHttpsServer({ key: testOnlyKey, cert: testOnlyCertificate });
    server.on("upgrade", (_request, socket) => socket.write(switching));
    // A client that does not trust us goes in the midst of the handshake.
    server.on("tlsClientError", () => undefined);
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    return listen(server);
  }

  it("verifies the certificate unless told otherwise", async (t) => {
    const port = await serveTls(t);
    const options = { signal: new AbortController().signal, maxHeaderBytes: 16_384, maxBodyBytes: 1000 };
    const address = addressOf(port, "localhost", true);
    await assert.rejects(createDialer()(address, upgradeHead(), options), { code: "DEPTH_ZERO_SELF_SIGNED_CERT" });
    for (const tls of [{ ca: testOnlyCertificate }, { rejectUnauthorized: false }]) {
      const result = await createDialer({ tls })(address, upgradeHead(), options);
      assert.ok(result.isUpgraded);
      result.stream.destroy();
    }
    const misnamed = createDialer({ tls: { ca: testOnlyCertificate, servername: "other.example" } });
    await assert.rejects(misnamed(address, upgradeHead(), options), { code: "ERR_TLS_CERT_ALTNAME_INVALID" });
  });

  it("does not let the options of TLS lead elsewhere", async (t) => {
    const port = await serveTls(t);
    const options = { signal: new AbortController().signal, maxHeaderBytes: 16_384, maxBodyBytes: 1000 };
    const tls = { ca: testOnlyCertificate, host: "192.0.2.1", port: 1 };
    const result = await createDialer({ tls })(addressOf(port, "localhost", true), upgradeHead(), options);
    assert.ok(result.isUpgraded);
    result.stream.destroy();
  });
});
