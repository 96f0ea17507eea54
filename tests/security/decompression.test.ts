/**
 * Little that becomes much when it is inflated, and what cannot be inflated at all.
 */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { describe, it } from "node:test";
import { constants, deflateRawSync } from "node:zlib";
import { connect, ProtocolError } from "#src/index.js";
import type { FrameParts } from "../support/frames.js";
import { frame } from "../support/frames.js";
import { requestText, upgradeRaw } from "../support/raw-http.js";
import { startHostileServer } from "../support/raw-server.js";
import { upgradeHeaders } from "../support/upgrades.js";
import { fromClient, mebibyte, Victim, writeAll } from "../support/victim.js";
import type { VictimOptions } from "../support/victim-process.js";

const bombBytes = 64 * mebibyte;
const serverLine = "permessage-deflate; server_max_window_bits=12";

/** A message of zeros, 64 MiB long in some 64 KiB (RFC 7692 §7.2.1). */
const bomb = deflateRawSync(new Uint8Array(bombBytes), { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);

/** Cuts a message into frames. */
function cut(message: Uint8Array, pieces: number): FrameParts[] {
  const length = Math.ceil(message.byteLength / pieces);
  return Array.from({ length: pieces }, (_, index) => ({
    opcode: index === 0 ? 2 : 0,
    rsv: index === 0 ? 4 : 0,
    fin: index === pieces - 1,
    payload: message.subarray(index * length, (index + 1) * length),
  }));
}

/** The resident set may be larger than what is held: what was freed does not always go back at once. */
const peakRoomBytes = 40 * mebibyte;

/** Throws a bomb; the answer, and how much the victim has grown at the most. */
async function explode(
  t: TestContext,
  options: VictimOptions,
  frames: readonly FrameParts[],
): Promise<{ readonly answer: string; readonly grownBytes: number }> {
  const victim = await Victim.start(t, { closeTimeoutMs: 50, ...options });
  const request = requestText(upgradeHeaders("Sec-WebSocket-Extensions", "permessage-deflate"));
  const before = (await victim.measure()).peakBytes;
  const { peer, socket } = await upgradeRaw(t, victim.port, request);
  await writeAll(socket, Buffer.concat([fromClient(...frames), fromClient({ opcode: 9 })]));
  await peer.untilFrames(1);
  socket.destroy();
  const { peakBytes } = await victim.measure();
  return { answer: peer.lines[0] ?? "", grownBytes: peakBytes - before };
}

describe("a decompression bomb (CVE-2018-1000518, CVE-2026-1526)", () => {
  for (const [what, pieces] of [
    ["in one frame", 1],
    ["in fragments that are each within every limit (undici#5435)", 16],
    ["in fragments of some octets", 8192],
  ] as const) {
    it(`${what} ends with 1009, having held no more than maxMessageBytes`, async (t) => {
      const { answer, grownBytes } = await explode(t, {}, cut(bomb, pieces));
      t.diagnostic(`the resident set grew by ${Math.round(grownBytes / mebibyte)} MiB`);
      assert.equal(answer, "close 1009 message-too-big");
      assert.ok(grownBytes < peakRoomBytes, `${grownBytes} octets`);
    });
  }

  it("goes off where the limits are lifted", async (t) => {
    const limits = { maxMessageBytes: 2 * bombBytes, maxBufferedBytes: 4 * bombBytes };
    const { answer, grownBytes } = await explode(t, { limits, holds: true }, cut(bomb, 16));
    assert.equal(answer, "pong");
    assert.ok(grownBytes > bombBytes, `${grownBytes} octets`);
  });

  it("ends a client's connection just so", async (t) => {
    const octets = Buffer.concat(cut(bomb, 16).map((parts) => frame(parts)));
    const url = await startHostileServer(t, [`Sec-WebSocket-Extensions: ${serverLine}`], octets);
    const report = await (await connect(url, { closeTimeoutMs: 0, message: () => undefined })).closed;
    assert.ok(report.cause instanceof ProtocolError);
    assert.deepEqual([report.code, report.cause.code], [1009, "message-too-big"]);
  });
});

const broken: readonly (readonly [what: string, octets: Uint8Array, error: string])[] = [
  ["noise", Buffer.from("ffffffffffffffff", "hex"), "compressed-data-invalid"],
  ["a block of a type that there is not", Uint8Array.of(0x07), "compressed-data-invalid"],
  ["a reference to before the beginning", Uint8Array.of(0x03, 0x02, 0x00), "compressed-data-invalid"],
  ["half of a block", Uint8Array.of(0x00, 0x64, 0x00, 0x9b, 0xff, 0x01), "compressed-data-incomplete"],
  ["noise that is long enough for another thread", new Uint8Array(200_000).fill(0xff), "compressed-data-invalid"],
];

describe("what cannot be inflated (ws#1848)", () => {
  it("is an error that ends its own connection with 1007, and not the server's process", async (t) => {
    const victim = await Victim.start(t, { closeTimeoutMs: 50 });
    const request = requestText(upgradeHeaders("Sec-WebSocket-Extensions", "permessage-deflate"));
    for (const [what, octets, error] of broken) {
      for (const pieces of [1, 3]) {
        const { peer, socket } = await upgradeRaw(t, victim.port, request);
        await writeAll(socket, fromClient(...cut(octets, Math.min(pieces, octets.byteLength))));
        await peer.untilFrames(1);
        assert.deepEqual(peer.lines, [`close 1007 ${error}`], what);
        socket.destroy();
        const { ended } = await victim.until((measures) => measures.ended.length > 0);
        assert.deepEqual(ended, [`1007 ${error}`], what);
      }
    }
  });

  it("is the cause in the report of a client", async (t) => {
    for (const [what, octets, error] of broken) {
      const frames = Buffer.concat(cut(octets, 1).map((parts) => frame(parts)));
      const url = await startHostileServer(t, [`Sec-WebSocket-Extensions: ${serverLine}`], frames);
      const report = await (await connect(url, { closeTimeoutMs: 0, message: () => undefined })).closed;
      assert.ok(report.cause instanceof ProtocolError, what);
      assert.deepEqual([report.code, report.cause.code], [1007, error], what);
    }
  });

  it("costs nobody anything when its peer is gone before another thread has said so", async (t) => {
    const victim = await Victim.start(t, { closeTimeoutMs: 50 });
    const request = requestText(upgradeHeaders("Sec-WebSocket-Extensions", "permessage-deflate"));
    const frames = fromClient(...cut(new Uint8Array(200_000).fill(0xff), 1));
    for (let count = 0; count < 20; count++) {
      const { socket } = await upgradeRaw(t, victim.port, request);
      socket.write(frames, () => socket.resetAndDestroy());
    }
    const { ended } = await victim.until(({ socketCount }) => socketCount === 1);
    assert.equal(ended.length, 20);
  });
});
