/**
 * `connect` and the way to the server: look-ups, families of addresses, local addresses, TLS, and what the environment
 * says.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import type { TestContext } from "node:test";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import type { ConnectOptions, ServeOptions, Server } from "#src/index.js";
import { ConnectError, connect, serve } from "#src/index.js";
import { startConnectProxy } from "../support/proxies.js";
import {
  expiredTestOnlyCertificate,
  expiredTestOnlyKey,
  testOnlyCertificate,
  testOnlyKey,
} from "../support/test-only-certificate.js";

async function start(t: TestContext, options: Partial<ServeOptions> = {}): Promise<Server> {
  const server = await serve({ port: 0, host: "127.0.0.1", hosts: "*", message: () => undefined, ...options });
  t.after(() => server.close());
  return server;
}

async function connectErrorOf(url: string, options: ConnectOptions): Promise<ConnectError> {
  const error: unknown = await connect(url, options).then(
    (socket) => socket.terminate(),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ConnectError, String(error));
  return error;
}

describe("a server's name", () => {
  it("is looked up by a function, and addresses are tried until one is reached", async (t) => {
    const server = await start(t);
    const url = `ws://service.example:${String(server.port)}`;
    const socket = await connect(url, { lookup: async () => ["127.0.0.2", "127.0.0.3", "127.0.0.1"] });
    assert.equal(socket.remoteAddress, "127.0.0.1");
    await socket.close();
  });

  it("that leads nowhere is told with every address and its reason", async (t) => {
    const server = await start(t);
    const url = `ws://service.example:${String(server.port)}/`;
    const error = await connectErrorOf(url, { lookup: async () => ["127.0.0.2", "127.0.0.3"] });
    assert.ok(error.cause instanceof AggregateError);
    assert.match(error.message, /^no connection to ws:\/\/service\.example:\d+\/: none of 2 addresses: /);
    assert.match(error.message, /ECONNREFUSED 127\.0\.0\.2:\d+.*; .*ECONNREFUSED 127\.0\.0\.3:\d+/);
  });

  it("without an address of the family that is wanted is not reached", async (t) => {
    const server = await start(t);
    const url = `ws://service.example:${String(server.port)}/`;
    const lookup: ConnectOptions["lookup"] = async () => ["127.0.0.1"];
    await (await connect(url, { lookup, addressFamily: 4 })).close();
    assert.match((await connectErrorOf(url, { lookup, addressFamily: 6 })).message, /no address of IPv6/);
    assert.match((await connectErrorOf(server.url, { addressFamily: 6 })).message, /no address of IPv6/);
    assert.match((await connectErrorOf(url, { lookup, localAddress: "::1" })).message, /no address of IPv6/);
  });

  it("is looked up for the proxy where there is one", async (t) => {
    const server = await start(t);
    const proxy = await startConnectProxy(t);
    const asked: string[] = [];
    const lookup: ConnectOptions["lookup"] = async (hostname) => {
      asked.push(hostname);
      return ["127.0.0.2", "127.0.0.1"];
    };
    const options = { proxy: `http://proxy.example:${String(proxy.port)}`, lookup };
    await (await connect(`ws://service.example:${String(server.port)}`, options)).close();
    assert.deepEqual(asked, ["proxy.example"]);
  });
});

describe("the local address", () => {
  it("is where connections come from", async (t) => {
    const seen: (string | undefined)[] = [];
    const server = await start(t, { open: ({ remoteAddress }) => void seen.push(remoteAddress) });
    await (await connect(server.url, { localAddress: "127.0.0.99" })).close();
    assert.deepEqual(seen, ["127.0.0.99"]);
  });
});

describe("TLS that does not come about", () => {
  it("is told with the reason: nobody vouches, another's name, a certificate that is over", async (t) => {
    const server = await start(t, { tls: { key: testOnlyKey, cert: testOnlyCertificate } });
    const expired = await start(t, { tls: { key: expiredTestOnlyKey, cert: expiredTestOnlyCertificate } });
    const codeOf = async (url: string, options: ConnectOptions): Promise<string> => {
      const { cause, message } = await connectErrorOf(url, options);
      return `${String((cause as NodeJS.ErrnoException).code)}: ${message.split(": ").slice(1).join(": ")}`;
    };
    const ca = testOnlyCertificate;
    assert.match(await codeOf(server.url, {}), /^DEPTH_ZERO_SELF_SIGNED_CERT: self-signed certificate/);
    const other = `wss://other.example:${String(server.port)}`;
    const lookup: ConnectOptions["lookup"] = async () => "127.0.0.1";
    assert.match(await codeOf(other, { tls: { ca }, lookup }), /^ERR_TLS_CERT_ALTNAME_INVALID: .*other\.example/);
    const overdue = { tls: { ca: expiredTestOnlyCertificate } };
    assert.match(await codeOf(expired.url, overdue), /^CERT_HAS_EXPIRED: certificate has expired/);
  });

  it("is for want of a certificate of ours, and comes about with one", async (t) => {
    const server = await start(t, {
      tls: {
        key: testOnlyKey,
        cert: testOnlyCertificate,
        ca: testOnlyCertificate,
        requestCert: true,
        rejectUnauthorized: true,
      },
    });
    await connectErrorOf(server.url, { tls: { ca: testOnlyCertificate } });
    const tls = { ca: testOnlyCertificate, key: testOnlyKey, cert: testOnlyCertificate };
    await (await connect(server.url, { tls })).close();
  });
});

describe("the environment", () => {
  it("says which proxy, where that is wanted, for whatever is not on this machine", async (t) => {
    const server = await start(t);
    const proxy = await startConnectProxy(t);
    const script = `
      import { connect } from "openline";
      const [port] = process.argv.slice(1);
      const open = async (host, options) => (await connect(\`ws://\${host}:\${port}\`, options)).close();
      await open("127.0.0.1", { proxy: "environment" });
      await open("service.example", { proxy: "environment" });
      await open("a.direct.example", { proxy: "environment", lookup: async () => "127.0.0.1" });
      await open("service.example", { proxy: () => "environment" });
      await open("service.example", { lookup: async () => "127.0.0.1" });
    `;
    const url = `http://127.0.0.1:${String(proxy.port)}`;
    const env = { ...process.env, HTTP_PROXY: url, NO_PROXY: "direct.example" };
    const args = ["--input-type=module", "--eval", script, String(server.port)];
    await promisify(execFile)(process.execPath, args, { env, cwd: new URL("../../../", import.meta.url) });
    assert.equal(proxy.asked.length, 2);
    for (const head of proxy.asked) assert.match(head, /^CONNECT service\.example:/);
  });
});
