import assert from "node:assert/strict";
import { once } from "node:events";
import type { Socket } from "node:net";
import { connect as connectTcp } from "node:net";
import type { TestContext } from "node:test";
import { describe, it } from "node:test";
import type { ConnectionOptions, PeerCertificate, TLSSocket, TlsOptions } from "node:tls";
import { checkServerIdentity, createServer as createTlsServer } from "node:tls";
import { OpenedSockets } from "#src/transport/node/dialing/opened-sockets.js";
import { secure } from "#src/transport/node/dialing/secure.js";
import { listen, serveRaw } from "../../../support/raw-http.js";
import {
  expiredTestOnlyCertificate,
  expiredTestOnlyKey,
  testOnlyCertificate,
  testOnlyKey,
} from "../../../support/test-only-certificate.js";

const ca = { ca: testOnlyCertificate };

/** What a server learns of a client. */
interface Seen {
  readonly servername: string | false | null;
  readonly alpn: string | false | null;
  readonly clientName: string;
}

async function serveTls(t: TestContext, options: TlsOptions = {}): Promise<{ port: number; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createTlsServer({ key: testOnlyKey, cert: testOnlyCertificate, ...options }, (socket) => {
    const { servername, alpnProtocol } = socket as TLSSocket & { servername: string | false };
    seen.push({ servername, alpn: alpnProtocol, clientName: String(socket.getPeerCertificate().subject?.CN) });
    socket.on("error", () => undefined).end();
  });
  server.on("tlsClientError", () => undefined);
  t.after(() => server.close());
  return { port: await listen(server), seen };
}

async function secureTo(
  t: TestContext,
  port: number,
  host: string,
  tls: ConnectionOptions,
  signal: AbortSignal = new AbortController().signal,
): Promise<TLSSocket> {
  const opened = new OpenedSockets();
  t.after(() => opened.discardAll());
  const socket = opened.add(connectTcp({ host: "127.0.0.1", port, allowHalfOpen: true }));
  await once(socket, "connect");
  return secure(socket, host, tls, opened, signal);
}

describe("whom TLS lets us talk to", () => {
  it("is who has a certificate for the host, a name or an address, that somebody vouches for", async (t) => {
    const { port, seen } = await serveTls(t);
    for (const host of ["localhost", "127.0.0.1"]) {
      const socket = await secureTo(t, port, host, ca);
      assert.equal(socket.authorized, true, host);
      await once(socket.resume(), "end");
    }
    // Node 22.23 takes no certificate for an IPv6 address, however it is asked.
    const subject = { subject: { CN: "localhost" }, subjectaltname: "IP Address:0:0:0:0:0:0:0:1" };
    const refusal = checkServerIdentity("::1", subject as PeerCertificate);
    if (refusal === undefined) await once((await secureTo(t, port, "::1", ca)).resume(), "end");
    else await assert.rejects(secureTo(t, port, "::1", ca), { code: "ERR_TLS_CERT_ALTNAME_INVALID" });
    await assert.rejects(secureTo(t, port, "::2", ca), { code: "ERR_TLS_CERT_ALTNAME_INVALID" });
    // RFC 6066 §3: no addresses there.
    assert.deepEqual(
      seen.map(({ servername }) => servername),
      ["localhost", false, false, false].slice(0, seen.length),
    );
  });

  it("is nobody else: each reason has a code of its own", async (t) => {
    const { port } = await serveTls(t);
    const expired = await serveTls(t, { key: expiredTestOnlyKey, cert: expiredTestOnlyCertificate });
    await assert.rejects(secureTo(t, port, "localhost", {}), { code: "DEPTH_ZERO_SELF_SIGNED_CERT" });
    await assert.rejects(secureTo(t, port, "other.example", ca), { code: "ERR_TLS_CERT_ALTNAME_INVALID" });
    await assert.rejects(secureTo(t, port, "127.0.0.2", ca), { code: "ERR_TLS_CERT_ALTNAME_INVALID" });
    const tls = { ca: expiredTestOnlyCertificate };
    await assert.rejects(secureTo(t, expired.port, "localhost", tls), { code: "CERT_HAS_EXPIRED" });
  });

  it("is anybody where rejectUnauthorized is false, in so many words", async (t) => {
    const { port } = await serveTls(t);
    const before = process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
    process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
    t.after(() => {
      if (before === undefined) delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
      else process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = before;
    });
    for (const rejectUnauthorized of [true, undefined, 0, null, ""]) {
      const tls = { rejectUnauthorized } as ConnectionOptions;
      await assert.rejects(secureTo(t, port, "localhost", tls), { code: "DEPTH_ZERO_SELF_SIGNED_CERT" });
    }
    assert.equal((await secureTo(t, port, "localhost", { rejectUnauthorized: false })).authorized, false);
  });

  it("is who servername says, where that is given", async (t) => {
    const { port, seen } = await serveTls(t);
    const socket = await secureTo(t, port, "10.0.0.1", { ...ca, servername: "localhost" });
    await once(socket.resume(), "end");
    assert.equal(seen[0]?.servername, "localhost");
  });

  it("is not changed by options that say where to connect to", async (t) => {
    const { port } = await serveTls(t);
    const tls: ConnectionOptions = { ...ca, host: "other.example", port: 1, path: "/none", socket: connectNowhere(t) };
    assert.equal((await secureTo(t, port, "localhost", tls)).authorized, true);
  });
});

function connectNowhere(t: TestContext): Socket {
  const socket = connectTcp({ host: "127.0.0.1", port: 1 });
  socket.on("error", () => undefined);
  t.after(() => socket.destroy());
  return socket;
}

describe("what TLS tells the server", () => {
  it("is that HTTP/1.1 will be spoken (RFC 7301), unless something else is wanted", async (t) => {
    const { port, seen } = await serveTls(t, { ALPNProtocols: ["h2", "http/1.1"] });
    const socket = await secureTo(t, port, "localhost", ca);
    assert.equal(socket.alpnProtocol, "http/1.1");
    await once(socket.resume(), "end");
    assert.equal(seen[0]?.alpn, "http/1.1");
    assert.equal((await secureTo(t, port, "localhost", { ...ca, ALPNProtocols: ["h2"] })).alpnProtocol, "h2");
  });

  it("is our certificate, where we have one and it is wanted", async (t) => {
    const { port, seen } = await serveTls(t, { requestCert: true, ...ca });
    const socket = await secureTo(t, port, "localhost", { ...ca, key: testOnlyKey, cert: testOnlyCertificate });
    await once(socket.resume(), "end");
    assert.equal(seen[0]?.clientName, "localhost");
  });
});

describe("TLS that does not come about", () => {
  it("rejects where the other side speaks something else, ends, or resets", async (t) => {
    const deeds: ((socket: Socket) => void)[] = [
      (socket) => socket.write("HTTP/1.1 400 Bad Request\r\n\r\n"),
      (socket) => socket.end(),
      (socket) => socket.resetAndDestroy(),
      (socket) => socket.end(Buffer.of(22, 3, 3)),
    ];
    for (const deed of deeds) {
      const port = await serveRaw(t, (socket) => {
        socket.on("end", () => socket.end());
        socket.once("data", () => deed(socket));
      });
      await assert.rejects(secureTo(t, port, "localhost", ca), (error: NodeJS.ErrnoException) => {
        return error.code === "ECONNRESET" || error.code?.startsWith("ERR_SSL_") === true;
      });
    }
  });

  it("rejects where the connection was lost before it began", async (t) => {
    const port = await serveRaw(t, () => undefined);
    const opened = new OpenedSockets();
    const socket = opened.add(connectTcp({ host: "127.0.0.1", port }));
    await once(socket, "connect");
    socket.destroy();
    const { signal } = new AbortController();
    await assert.rejects(secure(socket, "localhost", ca, opened, signal), { code: "ECONNRESET" });
  });

  it("rejects with the signal's reason when that is aborted", async (t) => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const port = await serveRaw(t, (socket) => socket.once("data", () => controller.abort(reason)));
    await assert.rejects(secureTo(t, port, "localhost", ca, controller.signal), reason);
  });
});
