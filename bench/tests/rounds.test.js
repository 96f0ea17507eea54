import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { figures } from "../lib/figures.js";
import { measureRounds } from "../lib/rounds.js";
import { buildLoad, libraries } from "../load/build.js";
import { client } from "../measure/client.js";
import { connect, idle } from "../measure/connections.js";
import { broadcast, compressedBroadcast, compressedEcho, echo } from "../measure/server.js";
import { peer as honest } from "./support/peers/honest.js";
import { peer as liar } from "./support/peers/liar.js";

const { zlib } = await buildLoad();

/** @param {import("../lib/peer.js").Peer} peer */
function rival(peer) {
  const file = new URL(`support/peers/${peer.name}.js`, import.meta.url).href;
  return { peer, file, versions: {}, lacks: {} };
}

const settings = { timing: { warmUpMs: 10, windowMs: 50 }, quick: true, rounds: 2 };
const small = { connections: 3, messageBytes: 64, inFlight: 2, type: "binary" };

const workloads = [
  { name: "echo", kind: echo, serve: "echo", load: { ...small, mode: "echo" } },
  { name: "broadcast", kind: broadcast, serve: "broadcast", load: { ...small, mode: "broadcast" } },
  { name: "connect", kind: connect, serve: "echo", load: { mode: "connect", connections: 20, inFlight: 4 } },
  { name: "idle", kind: idle, serve: "echo", load: { mode: "connect", connections: 20, inFlight: 4 } },
  {
    name: "compressed echo",
    kind: compressedEcho,
    serve: "compressedEcho",
    load: { ...small, mode: "echo", type: "json", deflate: true },
  },
  {
    name: "compressed broadcast",
    kind: compressedBroadcast,
    serve: "compressedBroadcast",
    load: { ...small, mode: "broadcast", type: "json", deflate: true },
  },
  {
    name: "idle, compressed",
    kind: idle,
    serve: "compressedEcho",
    load: { mode: "connect", connections: 20, inFlight: 4, type: "json", deflate: true },
  },
  { name: "client", kind: client, load: { ...small, mode: "serve" } },
];

const skipOf = ({ load }) => (load.deflate && !zlib ? libraries.zlib.advice : false);

describe("rounds", () => {
  for (const workload of workloads) {
    it(`give a sample each, of figures that can be printed: ${workload.name}`, { skip: skipOf(workload) }, async () => {
      const { samples, failures } = await measureRounds([rival(honest)], workload, settings);
      assert.deepEqual(failures, []);
      const all = samples.get("honest");
      assert.equal(all.length, 2);
      for (const sample of all) {
        for (const [name, value] of Object.entries(sample)) assert.ok(Number.isFinite(figures[name] && value), name);
        for (const name of [...workload.kind.columns, ...workload.kind.compared]) assert.ok(name in sample, name);
      }
    });
  }

  it("go on without whoever is wrong, and name it", async () => {
    const { samples, failures } = await measureRounds([rival(liar), rival(honest)], workloads[0], settings);
    assert.deepEqual([...samples.keys()], ["honest"]);
    assert.equal(samples.get("honest").length, 2);
    assert.equal(failures.length, 1);
    assert.match(
      failures[0].message,
      /the liar, echo: the load on the liar ended by itself with 1:\nthe server sent a wrong octet/u,
    );
  });

  it("take what is smaller in a quick run", async () => {
    const workload = { ...workloads[3], load: { ...workloads[3].load, connections: 1e6 }, quick: { connections: 2 } };
    const { failures } = await measureRounds([rival(honest)], workload, { ...settings, rounds: 1 });
    assert.deepEqual(failures, []);
  });
});
