import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createServer } from "node:http";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { connect, serve } from "#src/index.js";

const run = promisify(execFile);

const echo = `
import { connect, serve } from ${JSON.stringify(new URL("../../../dist/index.js", import.meta.url).href)};
const server = await serve({ port: 0, host: "127.0.0.1", message: (socket, message) => socket.send(message) });
const socket = await connect(server.url);
socket.send("hello");
const { value } = await socket[Symbol.asyncIterator]().next();
console.log(server.transport, value);
await socket.close();
await server.close();
`;

/** What makes this Node give out nothing of its insides, but the network and the files. */
function permissionFlags(): string[] {
  const major = Number(process.versions.node.split(".")[0]);
  const flags = [major < 24 ? "--experimental-permission" : "--permission", "--allow-fs-read=*"];
  return major < 25 ? flags : [...flags, "--allow-net"];
}

describe("the transport of a server", () => {
  it("is the handle on a port of its own", async () => {
    const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", echo]);
    assert.equal(stdout, "handle hello\n");
  });

  it("falls back to net.Socket, and works the same, where Node gives out nothing of its insides", async () => {
    const { stdout } = await run(process.execPath, [...permissionFlags(), "--input-type=module", "--eval", echo]);
    assert.equal(stdout, "net hello\n");
  });

  it("is net.Socket where the HTTP server is not ours, unless it is asked for", async (t) => {
    const http = createServer();
    t.after(() => http.close());
    assert.equal((await serve({ server: http })).transport, "net");
    assert.equal((await serve({ noServer: true })).transport, "net");
    assert.equal((await serve({ noServer: true, transport: "handle" })).transport, "handle");
  });

  for (const ours of ["net", "handle"] as const) {
    for (const theirs of ["net", "handle"] as const) {
      it(`may be ${ours} while the client's is ${theirs}`, async (t) => {
        const server = await serve({
          port: 0,
          host: "127.0.0.1",
          transport: ours,
          message: (socket, message) => socket.send(message),
        });
        t.after(() => server.close());
        assert.equal(server.transport, ours);
        const socket = await connect(server.url, { transport: theirs });
        const large = new Uint8Array(3_000_000).fill(9);
        for (const message of ["small", large, "é€😀"]) socket.send(message);
        const messages = socket[Symbol.asyncIterator]();
        assert.equal((await messages.next()).value, "small");
        assert.deepEqual((await messages.next()).value, large);
        assert.equal((await messages.next()).value, "é€😀");
        assert.deepEqual((await socket.close()).outcome, "closed-by-us");
      });
    }
  }
});
