/**
 * A port in a process: where it listens, in a cluster, out of files, and at its end.
 */
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { Socket } from "node:net";
import { connect as connectTcp } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { connect, serve } from "#src/index.js";
import { headBytes, parseReply } from "../support/http-reply.js";
import { LineProcess } from "../support/line-process.js";
import { startOwnPort, transports } from "../support/own-port.js";
import { requestText } from "../support/raw-http.js";

const run = promisify(execFile);
const script = new URL("../support/port-process.js", import.meta.url);

async function echoes(url: string): Promise<void> {
  const socket = await connect(url);
  socket.send("hello");
  assert.equal((await socket[Symbol.asyncIterator]().next()).value, "hello");
  assert.equal((await socket.close()).wasClean, true);
}

for (const transport of transports) {
  describe(`a port over ${transport}`, () => {
    const echo = {
      transport,
      message: (socket: { send(data: string | Uint8Array): unknown }, data: string | Uint8Array): void =>
        void socket.send(data),
    };

    it("listens on a name, on IPv4 and on IPv6, and tells where", async (t) => {
      for (const [host, url] of [
        ["localhost", /^ws:\/\/(?:127\.0\.0\.1|\[::1\]):\d+$/u],
        ["127.0.0.1", /^ws:\/\/127\.0\.0\.1:\d+$/u],
        ["::1", /^ws:\/\/\[::1\]:\d+$/u],
        ["::", /^ws:\/\/localhost:\d+$/u],
      ] as const) {
        const addresses: (string | undefined)[] = [];
        const server = await startOwnPort(t, {
          ...echo,
          host,
          open: (socket) => void addresses.push(socket.remoteAddress),
        });
        assert.match(server.url, url);
        await echoes(server.url);
        assert.match(String(addresses[0]), host === "::1" ? /^::1$/u : /^(?:::1|(?:::ffff:)?127\.0\.0\.1)$/u);
      }
    });

    it("listens on every address where none is given", async (t) => {
      const server = await serve({ port: 0, ...echo });
      t.after(() => server.close());
      await echoes(server.url);
      await echoes(`ws://127.0.0.1:${server.port}`);
    });

    it("cannot be had twice, nor where there is no such address: the system's error says so", async (t) => {
      const { port } = await startOwnPort(t, echo);
      await assert.rejects(serve({ port, host: "127.0.0.1", ...echo }), {
        code: "EADDRINUSE",
        syscall: "listen",
        port,
        address: "127.0.0.1",
      });
      await assert.rejects(serve({ port: 0, host: "192.0.2.1", ...echo }), { code: "EADDRNOTAVAIL" });
      await assert.rejects(serve({ port: 65_536, ...echo }), { code: "ERR_SOCKET_BAD_PORT" });
    });

    it("works on a Unix socket, by an HTTP server of the application's", async (t) => {
      const folder = mkdtempSync(path.join(tmpdir(), "openline-"));
      t.after(() => rmSync(folder, { recursive: true }));
      const file = path.join(folder, "socket");
      const http = createServer().listen(file);
      await once(http, "listening");
      t.after(() => http.close());
      const server = await serve({ server: http, ...echo });
      t.after(() => server.close());
      assert.deepEqual([server.port, server.url, server.transport], [0, "", transport]);
      const socket = connectTcp(file);
      t.after(() => socket.destroy());
      socket.write(Buffer.concat([Buffer.from(requestText()), Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69])]));
      let bytes = Buffer.alloc(0);
      for await (const chunk of socket as AsyncIterable<Buffer>) {
        bytes = Buffer.concat([bytes, chunk]);
        const length = headBytes(bytes);
        if (length !== undefined && bytes.byteLength >= length + 4) break;
      }
      const reply = parseReply(bytes);
      assert.deepEqual([reply.status, Buffer.from(reply.rest).toString("latin1")], [101, "\x81\x02hi"]);
    });

    it("lets a process end by itself once it is closed", async (t) => {
      const child = LineProcess.start(t, script, JSON.stringify({ transport, once: true }));
      const { url, transport: told } = await child.next("url");
      assert.equal(told, transport);
      const { port } = new URL(String(url));
      // Somebody who never says anything must not keep it.
      const silent = connectTcp(Number(port), "127.0.0.1");
      t.after(() => silent.destroy());
      await once(silent, "connect");
      silent.resume();
      await echoes(String(url));
      await child.next("closed");
      // Its standard input is still open: only a handle or a timer of the server's could keep it alive.
      await child.exited;
    });

    it("works in a cluster, where the primary has the port and gives out the connections", async (t) => {
      const child = LineProcess.start(t, script, JSON.stringify({ transport, cluster: true }));
      const first = await child.next("url");
      const second = await child.next("url");
      for (const line of [first, second]) {
        assert.deepEqual([line["worker"], line["transport"], line["port"]], [true, transport, first["port"]]);
      }
      const url = String(first["url"]);
      const pids = new Set<string>();
      for (let count = 0; count < 10; count++) {
        // An odd number of connections, so that each kind comes to each worker.
        await echoes(url);
        for (let pages = 0; pages < 2; pages++) {
          const page = await fetch(url.replace("ws", "http"), { headers: { Connection: "close" } });
          pids.add(await page.text());
        }
      }
      assert.equal(pids.size, 2);
    });

    it("goes on after the process was out of files", async (t) => {
      // The limit is one for the process; its own files, the pipes and the listener take some.
      const child = spawn("sh", [
        "-c",
        `ulimit -n 200; exec "$0" "$@"`,
        process.execPath,
        fileURLToPath(script),
        JSON.stringify({ transport }),
      ]);
      child.stderr.pipe(process.stderr);
      t.after(async () => {
        child.stdin.end();
        if (child.exitCode === null) await once(child, "exit");
      });
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      const { url, port } = JSON.parse((await lines.next()).value as string) as { url: string; port: number };
      const sockets: Socket[] = [];
      const closed: Promise<unknown>[] = [];
      let isOut = false;
      for (let count = 0; count < 230; count++) {
        const socket = connectTcp(port, "127.0.0.1");
        socket.on("error", () => undefined);
        sockets.push(socket);
        closed.push(
          once(socket, "close").then(() => {
            isOut = true;
          }),
        );
        await once(socket, "connect");
      }
      // Those beyond the limit are closed by the system's means; nobody else is.
      await Promise.race(closed);
      assert.equal(isOut, true);
      assert.equal(child.exitCode, null);
      for (const socket of sockets) socket.destroy();
      await Promise.all(closed);
      for (let attempt = 0; ; attempt++) {
        try {
          await echoes(url);
          break;
        } catch (error) {
          // It has not noticed yet that they are gone.
          if (attempt === 100) throw error;
        }
      }
    });
  });
}

describe("an error of accepting", () => {
  it("goes to the error handler, and does not end the process", async () => {
    // What the listening handle tells its server, told to it: in a process of its own, where it can be reached.
    const source = `
      import { Server } from "node:http";
      import { connect, serve } from ${JSON.stringify(import.meta.resolve("#src/index.js"))};
      let http;
      const listen = Server.prototype.listen;
      Server.prototype.listen = function (...all) { http = this; return listen.apply(this, all); };
      const transport = process.argv[1];
      const told = [];
      const server = await serve({ port: 0, host: "127.0.0.1", transport, error: (error) => told.push(error.code) });
      http._handle.onconnection(-24, undefined);
      http._handle.onconnection(-23, undefined);
      await (await connect(server.url)).close();
      await server.close();
      console.log(server.transport, ...told);
    `;
    for (const transport of transports) {
      const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", source, transport]);
      assert.equal(stdout, `${transport} EMFILE ENFILE\n`);
    }
  });
});
