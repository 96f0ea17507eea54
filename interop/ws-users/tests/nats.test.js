import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { wsconnect } from "@nats-io/nats-core";
import { assertOurs, WebSocket } from "../support/ours.js";

const command = ["/usr/sbin/nats-server", "/usr/bin/nats-server"].find((file) => existsSync(file));
const skip =
  command === undefined ? "wants a NATS server: apt-get install -y --no-install-recommends nats-server" : false;

describe("NATS over WebSockets", { skip }, () => {
  const folder = mkdtempSync(path.join(tmpdir(), "nats-"));
  let server;
  let url;
  const connections = [];
  before(async () => {
    // Its client takes the global class, which this Node has not got.
    globalThis.WebSocket = WebSocket;
    const config = path.join(folder, "nats.conf");
    writeFileSync(
      config,
      `host: "127.0.0.1"\nport: -1\nports_file_dir: "${folder}"\nwebsocket { host: "127.0.0.1", port: -1, no_tls: true, compression: true }\n`,
    );
    server = spawn(command, ["-c", config], { stdio: ["ignore", "ignore", "pipe"] });
    let printed = "";
    for await (const data of server.stderr) {
      printed += data;
      const found = /Listening for websocket clients on (ws:\/\/[^\s]+)/.exec(printed);
      if (found !== null) url = found[1];
      if (/Server is ready/.test(printed) && url !== undefined) break;
    }
    assert.ok(url, printed);
  });
  after(async () => {
    delete globalThis.WebSocket;
    for (const connection of connections) await connection.close();
    if (server.exitCode === null) {
      server.kill();
      await once(server, "exit");
    }
    rmSync(folder, { recursive: true });
  });

  async function connect() {
    const connection = await wsconnect({ servers: url, reconnect: false });
    connections.push(connection);
    return connection;
  }

  it("gets ours", () => {
    assertOurs("engine.io", "socket.io");
    assert.equal(globalThis.WebSocket, WebSocket);
  });

  it("publishes, subscribes and asks", async () => {
    const [one, other] = [await connect(), await connect()];
    const subscription = one.subscribe("greet.*", { max: 2 });
    const told = (async () => {
      const found = [];
      for await (const message of subscription) {
        message.respond(`hello ${message.subject.slice(6)}`);
        found.push(message.string().length);
      }
      return found;
    })();
    await one.flush();
    const long = "a".repeat(500_000);
    assert.equal((await other.request("greet.sue", "short")).string(), "hello sue");
    assert.equal((await other.request("greet.joe", long)).string(), "hello joe");
    assert.deepEqual(await told, [5, long.length]);
    await one.drain();
    await other.drain();
  });
});
