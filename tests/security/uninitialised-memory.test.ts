/**
 * What lies in memory that was never written to must not reach the wire: a number or a view of wider elements, taken for
 * octets, measures memory that others have left.
 */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { describe, it } from "node:test";
import type { Socket } from "#src/index.js";
import { connect, prepare } from "#src/index.js";
import { NodeByteStream } from "#src/transport/node/index.js";
import { deferred } from "../support/endpoints.js";
import { replying, serveRaw, upgradeRaw } from "../support/raw-http.js";
import { RawPeer } from "../support/raw-peer.js";
import { acceptingHead } from "../support/raw-server.js";
import { startVictim } from "../support/victim.js";

/** What a careless or hostile caller hands over where text or octets are expected. */
const measures: readonly (readonly [string, unknown])[] = [
  ["a number", 100],
  ["a Float32Array", new Float32Array(20)],
  ["a Uint16Array", new Uint16Array(20)],
  ["a DataView", new DataView(new ArrayBuffer(20))],
  ["an ArrayBuffer", new ArrayBuffer(20)],
  ["a Buffer", Buffer.alloc(20, "r")],
  ["an object with a length", { length: 100 }],
  ["an object with a byteLength", { byteLength: 100 }],
  ["an array", [100]],
];

/** A socket of ours at either end, and a peer that shows what it sends. */
async function meet(t: TestContext, role: "server" | "client"): Promise<{ socket: Socket<unknown>; peer: RawPeer }> {
  if (role === "server") {
    const opened = deferred<Socket<unknown>>();
    const { server } = await startVictim(t, { open: (socket) => opened.resolve(socket) });
    const { peer } = await upgradeRaw(t, server.port);
    return { socket: await opened.promise, peer };
  }
  const upgraded = deferred<RawPeer>();
  const port = await serveRaw(t, (tcpSocket) => {
    replying((head) => {
      setImmediate(() => {
        tcpSocket.removeAllListeners("data");
        upgraded.resolve(new RawPeer(new NodeByteStream(tcpSocket), "server"));
      });
      return acceptingHead(head);
    })(tcpSocket);
  });
  const socket = await connect(`ws://127.0.0.1:${port}`, { closeTimeoutMs: 50 });
  t.after(() => socket.terminate());
  return { socket, peer: await upgraded.promise };
}

for (const role of ["server", "client"] as const) {
  describe(`memory of others, on the wire of a ${role}`, () => {
    it("is not in a Close frame whose reason is no string (CVE-2026-45736)", async (t) => {
      for (const [what, reason] of measures) {
        const { socket, peer } = await meet(t, role);
        assert.throws(() => socket.close(1000, reason as string), { code: "invalid-argument" }, what);
        assert.equal(socket.readyState, "open", what);
        void socket.close(1000, "bye");
        await peer.untilFrames(1);
        assert.deepEqual(peer.lines, ["close 1000 bye"], what);
      }
    });

    it("is not in a ping to which a number or a view is given (ws, 2016)", async (t) => {
      for (const [what, payload] of measures) {
        const { socket, peer } = await meet(t, role);
        void (socket.ping as (payload: unknown) => Promise<number>).call(socket, payload);
        void socket.close(1000, "bye");
        await peer.untilFrames(2);
        // Four octets that count pings, and no octet of what was given.
        assert.match(peer.lines.join(), /^ping 0{7}[01],close 1000 bye$/u, what);
      }
    });

    it("is not in a message that is no string and no octets", async (t) => {
      const { socket, peer } = await meet(t, role);
      for (const [what, data] of measures) {
        if (ArrayBuffer.isView(data) || data instanceof ArrayBuffer) continue;
        assert.throws(() => socket.send(data as string), { code: "invalid-argument" }, what);
        assert.throws(() => prepare(data as string), { code: "invalid-argument" }, what);
      }
      // Views are what they show, and nothing around it.
      const memory = Buffer.alloc(64, "s");
      socket.send(new Uint16Array(memory.buffer, memory.byteOffset, 2).fill(0x3131));
      await peer.untilFrames(1);
      assert.deepEqual(peer.frames[0]?.payload, Uint8Array.from(Buffer.from("1111")));
    });
  });
}
