/**
 * `connect` over Unix sockets.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import type { Server as HttpServer } from "node:http";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";
import { describe, it } from "node:test";
import type { Socket } from "#src/index.js";
import { ConnectError, connect, serve } from "#src/index.js";
import { testOnlyCertificate, testOnlyKey } from "../support/test-only-certificate.js";

interface UnixServer {
  readonly socketPath: string;
  readonly hosts: readonly (string | null)[];
}

async function start(t: TestContext, httpServer: HttpServer, name = "a b.sock"): Promise<UnixServer> {
  const folder = mkdtempSync(path.join(tmpdir(), "openline-unix-"));
  const socketPath = name.startsWith("\0") ? `${name}-${String(process.pid)}` : path.join(folder, name);
  const hosts: (string | null)[] = [];
  const server = await serve({
    server: httpServer,
    hosts: "*",
    accept: (request) => {
      hosts.push(`${request.headers.get("host") ?? ""} ${new URL(request.url).pathname}`);
      return undefined;
    },
    message: (socket, message) => void socket.send(message),
  });
  httpServer.listen(socketPath);
  await new Promise((resolve) => httpServer.once("listening", resolve));
  t.after(async () => {
    await server.close();
    httpServer.close();
    rmSync(folder, { recursive: true });
  });
  return { socketPath, hosts };
}

async function exercise(socket: Socket): Promise<void> {
  const messages = socket[Symbol.asyncIterator]();
  const long = new Uint8Array(2_000_000).fill(7);
  socket.send("short");
  socket.send(long);
  assert.equal((await messages.next()).value, "short");
  assert.deepEqual((await messages.next()).value, long);
  assert.equal((await socket.close()).outcome, "closed-by-us");
}

describe("a Unix socket", { skip: process.platform === "win32" }, () => {
  for (const transport of ["net", "auto"] as const) {
    it(`is connected to in place of the URL's host, which Host still says (${transport})`, async (t) => {
      const { socketPath, hosts } = await start(t, createHttpServer());
      await exercise(await connect("ws://service.example:81/path", { socketPath, transport }));
      assert.deepEqual(hosts, ["service.example:81 /path"]);
    });

    it(`carries TLS (${transport})`, async (t) => {
      const { socketPath } = await start(t, createHttpsServer({ key: testOnlyKey, cert: testOnlyCertificate }));
      const tls = { ca: testOnlyCertificate };
      await exercise(await connect("wss://localhost/", { socketPath, tls, transport }));
      await assert.rejects(connect("wss://service.example/", { socketPath, tls, transport }), ConnectError);
    });
  }

  it("is named by a ws+unix: URL", async (t) => {
    const { socketPath, hosts } = await start(t, createHttpServer());
    await exercise(await connect(`ws+unix:${encodeURI(socketPath)}:/path?a=1`));
    await exercise(await connect(new URL(`ws+unix://${socketPath}:/path`)));
    assert.deepEqual(hosts, ["localhost /path", "localhost /path"]);
  });

  it("may be in the abstract namespace", { skip: process.platform !== "linux" }, async (t) => {
    const { socketPath } = await start(t, createHttpServer(), "\0openline-test");
    await exercise(await connect("ws://localhost/", { socketPath }));
  });

  it("that nobody listens on is no connection", async () => {
    const socketPath = path.join(tmpdir(), "openline-no-such-socket");
    for (const connecting of [connect("ws://localhost/", { socketPath }), connect(`ws+unix:${socketPath}:/`)]) {
      await assert.rejects(connecting, (error: unknown) => {
        assert.ok(error instanceof ConnectError);
        assert.equal((error.cause as NodeJS.ErrnoException).code, "ENOENT");
        return error.message.includes(socketPath);
      });
    }
  });

  it("has one name", async () => {
    const connecting = connect("ws+unix:/a.sock:/", { socketPath: "/b.sock" });
    await assert.rejects(connecting, { name: "UsageError", code: "invalid-argument" });
    await assert.rejects(connect("ws+unix:/a.sock:/", { proxy: "http://a" }), { code: "invalid-argument" });
  });
});
