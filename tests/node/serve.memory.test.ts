/**
 * What a peer can make a server hold. The servers run in processes of their own, so that nothing else counts.
 */
import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { describe, it } from "node:test";
import type { FrameParts } from "../support/frames.js";
import { frame, sampleKey } from "../support/frames.js";
import { LineProcess } from "../support/line-process.js";
import { upgradeRaw } from "../support/raw-http.js";

const limitedServer = new URL("../support/limited-server.js", import.meta.url);
const mebibyte = 1024 * 1024;

function masked(parts: FrameParts): Buffer {
  return Buffer.from(frame({ key: sampleKey, ...parts }));
}

/** Writes, and waits where the socket wants it. Returns false when the socket is gone. */
async function write(socket: Socket, octets: Uint8Array): Promise<boolean> {
  if (socket.destroyed || !socket.writable) return false;
  if (socket.write(octets)) return true;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      socket.off("drain", done).off("close", done);
      resolve();
    };
    socket.on("drain", done).on("close", done);
  });
  return !socket.destroyed;
}

/** The port of a server in a process of its own. */
async function portOf(server: LineProcess): Promise<number> {
  return Number(new URL(String((await server.next("url"))["url"])).port);
}

describe("§10.4 the memory of a server", () => {
  it("does not grow by more than 16 MiB for a message of 1 GiB in frames of 64 KiB, which ends with 1009", async (t) => {
    const options = { limits: { maxMessageBytes: mebibyte }, closeTimeoutMs: 500 };
    const server = LineProcess.start(t, limitedServer, JSON.stringify(options));
    const { peer, socket } = await upgradeRaw(t, await portOf(server));
    await server.next("opened");
    // One buffer, written again and again: the masking key is the same in each frame.
    const payload = new Uint8Array(64 * 1024);
    const first = masked({ opcode: 2, fin: false, payload });
    const continuation = masked({ opcode: 0, fin: false, payload });
    const last = masked({ opcode: 0, payload });
    const frames = (1024 * mebibyte) / payload.byteLength;
    // On and on, whatever the server says, until it is through or cut.
    for (let index = 0; index < frames; index++) {
      if (!(await write(socket, index === 0 ? first : index === frames - 1 ? last : continuation))) break;
    }
    await peer.untilFrames(1);
    assert.match(peer.lines.join(), /^close 1009/);
    // Starting takes more for a moment than an open connection does, which is not of interest here.
    const { closed, code, peakGrownBytes: grownBytes } = await server.next("closed");
    assert.deepEqual([closed, code], ["failed", 1009]);
    t.diagnostic(`the resident set grew by ${Math.round(Number(grownBytes) / 1024)} KiB`);
    assert.ok(Number(grownBytes) <= 16 * mebibyte, `it grew by ${String(grownBytes)} octets`);
  });

  it("grows no more for a peer that has closed and floods on", async (t) => {
    const server = LineProcess.start(t, limitedServer, JSON.stringify({ closeTimeoutMs: 500 }));
    const { peer, socket } = await upgradeRaw(t, await portOf(server));
    await server.next("opened");
    peer.sendClose(1000);
    const noise = new Uint8Array(64 * 1024);
    for (let index = 0; index < 16_384; index++) if (!(await write(socket, noise))) break;
    const { closed, peakGrownBytes: grownBytes } = await server.next("closed");
    assert.equal(closed, "closed-by-peer");
    assert.ok(Number(grownBytes) <= 16 * mebibyte, `it grew by ${String(grownBytes)} octets`);
  });

  it("does not grow for what is announced and never sent", async (t) => {
    const server = LineProcess.start(t, limitedServer);
    const port = await portOf(server);
    const peers = [];
    for (let count = 0; count < 50; count++) {
      const upgraded = await upgradeRaw(t, port);
      upgraded.socket.write(masked({ opcode: 2, payload: new Uint8Array(1000), length: BigInt(16 * mebibyte) }));
      peers.push(upgraded);
    }
    for (const { socket } of peers) socket.resetAndDestroy();
    for (let count = 0; count < peers.length; count++) {
      const { peakGrownBytes: grownBytes } = await server.next("closed");
      assert.ok(Number(grownBytes) <= 16 * mebibyte, `it grew by ${String(grownBytes)} octets`);
    }
  });

  it("takes 16 MiB in the smallest frames that the limits allow, and holds what maxBufferedBytes allows", async (t) => {
    const server = LineProcess.start(t, limitedServer);
    const { socket, peer } = await upgradeRaw(t, await portOf(server));
    await server.next("opened");
    const frameCount = 131_072;
    const payload = new Uint8Array((16 * mebibyte) / frameCount);
    const continuation = masked({ opcode: 0, fin: false, payload });
    const many = Buffer.concat(Array.from({ length: 512 }, () => continuation));
    await write(socket, masked({ opcode: 2, fin: false, payload }));
    for (let index = 0; index < frameCount / 512 - 1; index++) await write(socket, many);
    for (let index = 0; index < 510; index++) await write(socket, continuation);
    await write(socket, masked({ opcode: 0, payload }));
    assert.equal((await server.next("messageBytes"))["messageBytes"], 16 * mebibyte);
    peer.sendClose(1000);
    await peer.untilFrames(1);
    socket.end();
    const { closed, grownBytes } = await server.next("closed");
    assert.equal(closed, "closed-by-peer");
    t.diagnostic(`the resident set grew by ${Math.round(Number(grownBytes) / 1024)} KiB`);
    assert.ok(Number(grownBytes) <= 64 * mebibyte, `it grew by ${String(grownBytes)} octets`);
  });

  it("takes no more fragments than the limit, even empty ones: 1008", async (t) => {
    const server = LineProcess.start(t, limitedServer, JSON.stringify({ limits: { maxFragmentsPerMessage: 1000 } }));
    const { socket, peer } = await upgradeRaw(t, await portOf(server));
    await server.next("opened");
    await write(socket, masked({ opcode: 2, fin: false }));
    await write(socket, Buffer.concat(Array.from({ length: 1000 }, () => masked({ opcode: 0, fin: false }))));
    await peer.untilFrames(1);
    assert.match(peer.lines.join(), /^close 1008/);
    socket.end();
    assert.equal((await server.next("closed"))["code"], 1008);
  });
});
