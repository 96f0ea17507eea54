import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import { describe, it, type TestContext } from "node:test";
import { environment } from "#src/chaos/child.js";
import type { Link } from "#src/chaos/link.js";
import { Namespaces } from "#src/chaos/namespaces.js";
import { makeNetwork, type Network, nodeHost, planNetwork, serverHost } from "#src/chaos/network.js";
import { ip, noNamespaces, ownCables, ownNamespaces } from "./namespaces.js";

async function network(t: TestContext): Promise<Network> {
  const made = await Namespaces.make(planNetwork(1, 1));
  t.after(() => made.close());
  return made;
}

/** A program that repeats what it is told, on a host, and the way of another host to it. */
async function repeating(t: TestContext, made: Network): Promise<Link> {
  const { command, listensOn } = made.place(serverHost(0));
  const script = `const server = require("net").createServer((peer) => peer.on("error", () => {}).pipe(peer));
server.listen(0, "${listensOn}", () => console.log(server.address().port));`;
  const [program, ...args] = [...command, process.execPath, "-e", script];
  const child = spawn(program, args, { env: environment(), stdio: ["ignore", "pipe", "inherit"] });
  const [port] = (await once(child.stdout, "data")) as [Buffer];
  const link = await made.open(nodeHost(0), serverHost(0));
  link.target = Number(port);
  t.after(async () => {
    link.close();
    child.kill();
    await once(child, "exit");
  });
  return link;
}

/** Says something over a way on the host where it begins, and resolves to a function that says more and hears it all again. */
async function speaking(t: TestContext, made: Network, link: Link): Promise<(text: string) => Promise<void>> {
  const { command } = made.place(nodeHost(0));
  const script = `const socket = require("net").connect(${link.port}, "${link.host}");
socket.on("close", () => process.exit());
process.stdin.pipe(socket).pipe(process.stdout);`;
  const [program, ...args] = [...command, process.execPath, "-e", script];
  const child = spawn(program, args, { env: environment(), stdio: ["pipe", "pipe", "inherit"] });
  t.after(async () => {
    child.kill("SIGKILL");
    await once(child, "exit");
  });
  let [said, heard] = ["", ""];
  child.stdout.on("data", (data: Buffer) => (heard += data.toString()));
  return async (text) => {
    said += text;
    child.stdin.write(text);
    while (heard.length < said.length) {
      // It has not noticed anything.
      assert.equal(child.exitCode, null);
      await once(child.stdout, "data");
    }
    assert.equal(heard, said);
  };
}

describe("hosts that are network namespaces", { skip: noNamespaces }, () => {
  it("lose what is sent, either way or both, and nobody is told; what was lost comes when they do not any more", async (t) => {
    const made = await network(t);
    const link = await repeating(t, made);
    const say = await speaking(t, made, link);
    await say("first");
    for (const loss of [
      { isUpLost: true, isDownLost: false },
      { isUpLost: false, isDownLost: true },
      { isUpLost: true, isDownLost: true },
    ]) {
      await made.lose([link], loss);
      let isMended = false;
      const heard = say("more").then(() => assert.ok(isMended));
      // A program is started and has ended meanwhile.
      spawnSync(process.execPath, ["-e", ""]);
      isMended = true;
      await made.lose([link], { isUpLost: false, isDownLost: false });
      await heard;
    }
  });

  it("are gone when it is over, and all that leads to them", async () => {
    const made = await Namespaces.make(planNetwork(1, 2));
    assert.deepEqual([ownNamespaces().length, ownCables().length > 3], [3, true]);
    await made.close();
    assert.deepEqual([ownNamespaces(), ownCables()], [[], []]);
  });

  it("of a run that was killed go when the next one begins, with what still runs there", async (t) => {
    const ended = spawnSync(process.execPath, ["-e", ""]);
    const name = `openline-chaos-${ended.pid}-left-0`;
    ip("netns", "add", name);
    const left = spawn(
      "ip",
      ["netns", "exec", name, process.execPath, "-e", "console.log(1); setInterval(() => {}, 1e6)"],
      {
        env: environment(),
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    await once(left.stdout, "data");
    const exited = once(left, "exit");
    await network(t);
    await exited;
    assert.ok(!(ip("netns", "list") ?? "").includes(name));
  });
});

describe("a network", () => {
  it("is one of proxies where there can be no other, which is told, unless another one was asked for", async () => {
    // More than there are addresses for, where nothing else is in the way.
    const plan = planNetwork(200, 3);
    const told: string[] = [];
    assert.equal((await makeNetwork(undefined, plan, (line) => told.push(line))).kind, "proxies");
    assert.match(told.join("\n"), /^proxies in place of network namespaces.*: ./u);
    await assert.rejects(
      makeNetwork("namespaces", plan, () => undefined),
      /^Error: cannot make network namespaces: ./u,
    );
    const proxies = await makeNetwork("proxies", planNetwork(1, 1), () => assert.fail());
    await assert.rejects(proxies.lose([], { isUpLost: true, isDownLost: true }));
    const link = await proxies.open(undefined, serverHost(0));
    const server = net.createServer((peer) => peer.end("hello")).listen(0, "127.0.0.1");
    await once(server, "listening");
    link.target = (server.address() as net.AddressInfo).port;
    const socket = net.connect(link.port, proxies.place(nodeHost(0)).address);
    assert.equal(String((await once(socket, "data"))[0]), "hello");
    socket.destroy();
    link.close();
    server.close();
  });
});
