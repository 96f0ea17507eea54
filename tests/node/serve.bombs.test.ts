/**
 * Compressed messages that are made to inflate to far more than they are (RFC 7692 §8). The servers run in processes of
 * their own, so that nothing else counts.
 */
import assert from "node:assert/strict";
import type { Socket } from "node:net";
import type { TestContext } from "node:test";
import { describe, it } from "node:test";
import { constants, deflateRawSync } from "node:zlib";
import { deflated, rsv1 } from "../support/deflate.js";
import type { FrameParts } from "../support/frames.js";
import { frame, sampleKey } from "../support/frames.js";
import { LineProcess } from "../support/line-process.js";
import { concat } from "../support/octets.js";
import { requestText, upgradeRaw } from "../support/raw-http.js";
import type { RawPeer } from "../support/raw-peer.js";
import { noise } from "../support/samples.js";
import { upgradeHeaders } from "../support/upgrades.js";

const limitedServer = new URL("../support/limited-server.js", import.meta.url);
const mebibyte = 1024 * 1024;
const request = requestText(upgradeHeaders("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits"));

/** 16 MiB of nothing in 16 KiB, which refers to nothing before it; 64 of them are 1 GiB. */
const sixteenMebibytes = deflateRawSync(Buffer.alloc(16 * mebibyte), { finishFlush: constants.Z_FULL_FLUSH });
const gibibyte = Buffer.concat(new Array<Buffer>(64).fill(sixteenMebibytes));

async function open(
  t: TestContext,
  server: LineProcess,
  port: number,
): Promise<{ readonly peer: RawPeer; readonly socket: Socket }> {
  const upgraded = await upgradeRaw(t, port, request);
  await server.next("opened");
  return upgraded;
}

async function portOf(server: LineProcess): Promise<number> {
  return Number(new URL(String((await server.next("url"))["url"])).port);
}

function masked(parts: FrameParts): Uint8Array {
  return frame({ key: sampleKey, ...parts });
}

/** A compressed binary message in frames of so many octets. */
function inFrames(payload: Uint8Array, frameBytes: number): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let at = 0; at < payload.byteLength; at += frameBytes) {
    const fin = at + frameBytes >= payload.byteLength;
    const isFirst = at === 0;
    frames.push(
      masked({ opcode: isFirst ? 2 : 0, rsv: isFirst ? rsv1 : 0, fin, payload: payload.subarray(at, at + frameBytes) }),
    );
  }
  return frames;
}

/** Something ordinary, so that what is made once is there. */
async function warmUp(t: TestContext, server: LineProcess, port: number): Promise<void> {
  const { peer, socket } = await open(t, server, port);
  const ordinary = concat(noise(200_000, 1), new Uint8Array(700_000));
  peer.sendOctets(...inFrames(deflated(ordinary), 50_000));
  assert.equal((await server.next("messageBytes"))["messageBytes"], ordinary.byteLength);
  peer.sendOctets(masked({ opcode: 2, rsv: rsv1, payload: deflated(new Uint8Array(mebibyte)) }));
  await server.next("messageBytes");
  peer.sendClose(1000);
  await peer.untilFrames(1);
  socket.end();
  await server.next("closed");
}

describe("RFC 7692 §8 a bomb of 1 GiB in 1 MiB, against a limit of 1 MiB", () => {
  for (const [name, payload, frameBytes] of [
    ["in one frame", gibibyte, gibibyte.byteLength],
    ["in one frame that is inflated at once", gibibyte.subarray(0, 60_000), 60_000],
    ["in frames of 64 KiB", gibibyte, 64 * 1024],
    ["in fragments of 100 octets", gibibyte, 100],
  ] as const) {
    async function bomb(t: TestContext): Promise<number> {
      const options = { limits: { maxMessageBytes: mebibyte }, closeTimeoutMs: 500 };
      const server = LineProcess.start(t, limitedServer, JSON.stringify(options));
      const port = await portOf(server);
      await warmUp(t, server, port);
      const { peer, socket } = await open(t, server, port);
      socket.on("error", () => socket.destroy());
      peer.sendOctets(Buffer.concat(inFrames(payload, frameBytes)));
      await peer.untilFrames(1);
      assert.match(peer.lines.join(), /^close 1009 message-too-big/u);
      socket.end();
      const { closed, code, peakGrownBytes } = await server.next("closed");
      assert.deepEqual([closed, code], ["failed", 1009]);
      t.diagnostic(`the largest resident set grew by ${String(Math.round(Number(peakGrownBytes) / 1024))} KiB`);
      return Number(peakGrownBytes);
    }

    it(`${name}, ends with 1009, and the memory does not grow by more than 2 MiB beyond what was needed before`, async (t) => {
      let grownBytes = await bomb(t);
      // The garbage collector may take more now and then; a message that is inflated further does each time.
      for (let again = 0; again < 2 && grownBytes > 2 * mebibyte; again++) grownBytes = await bomb(t);
      assert.ok(grownBytes <= 2 * mebibyte, `it grew by ${String(grownBytes)} octets`);
    });
  }

  it("whose fragments are each within the limit ends with 1009 as well, as their sum is what counts", async (t) => {
    const options = { limits: { maxMessageBytes: mebibyte }, closeTimeoutMs: 500 };
    const server = LineProcess.start(t, limitedServer, JSON.stringify(options));
    const { peer, socket } = await open(t, server, await portOf(server));
    // Each of them inflates to 0.9 MiB, and is flushed.
    const piece = deflateRawSync(concat(noise(70_000, 1), Buffer.alloc(0.8 * mebibyte)), {
      finishFlush: constants.Z_FULL_FLUSH,
    });
    peer.sendOctets(masked({ opcode: 2, rsv: rsv1, fin: false, payload: piece }));
    peer.sendOctets(masked({ opcode: 0, fin: false, payload: piece }));
    await peer.untilFrames(1);
    assert.match(peer.lines.join(), /^close 1009 message-too-big/u);
    socket.end();
    await server.next("closed");
  });
});

describe("many bombs that are never finished", () => {
  it("hold no more inflated octets than the budget of the process, whatever their number", async (t) => {
    const server = LineProcess.start(t, limitedServer, JSON.stringify({ closeTimeoutMs: 500 }));
    const port = await portOf(server);
    await warmUp(t, server, port);
    // 15 MiB of nothing, and so much noise that it is inflated as it comes.
    const half = concat(
      deflated(new Uint8Array(15 * mebibyte)),
      new Uint8Array([0, 0, 255, 255]),
      deflated(noise(70_000, 1)),
    );
    const octets = masked({ opcode: 2, rsv: rsv1, fin: false, payload: half });
    const peers = [];
    for (let count = 0; count < 60; count++) {
      const peer = await open(t, server, port);
      peer.socket.write(octets);
      peers.push(peer);
    }
    // The server has read all of it when it answers what comes behind it.
    for (const { peer } of peers) {
      peer.sendOctets(masked({ opcode: 9, payload: "?" }));
      await peer.untilFrames(1);
    }
    for (const { socket } of peers) socket.resetAndDestroy();
    let peak = 0;
    for (let count = 0; count < peers.length; count++) {
      peak = Math.max(peak, Number((await server.next("closed"))["peakBytes"]));
    }
    t.diagnostic(`the largest resident set was ${String(Math.round(peak / mebibyte))} MiB`);
    // The budget is 128 MiB, and 60 times 15 MiB are 900.
    assert.ok(peak < 400 * mebibyte, `it was ${String(peak)} octets`);
  });
});
