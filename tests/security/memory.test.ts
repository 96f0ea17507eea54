/**
 * What a peer can make a server hold, with the objects around its octets counted. Each attack runs twice: against the
 * defaults, and against a server whose limit is lifted, where it does what it is meant to do.
 */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { describe, it } from "node:test";
import { ServerCore } from "#src/server/index.js";
import { createFakePlatform } from "../support/fake-platform.js";
import { upgradeRaw } from "../support/raw-http.js";
import { upgrade } from "../support/upgrades.js";
import { fromClient, mebibyte, repeated, Victim, writeAll } from "../support/victim.js";
import type { VictimOptions } from "../support/victim-process.js";

/** Octets that a server holds more than before, after `attack`. */
async function heldAfter(
  t: TestContext,
  options: VictimOptions,
  attack: (victim: Victim) => Promise<unknown>,
): Promise<number> {
  const victim = await Victim.start(t, options);
  // What a first connection of this kind leaves in memory for good.
  const first = await upgradeRaw(t, victim.port);
  first.peer.sendText("warm up");
  await victim.turns(3);
  first.socket.destroy();
  const before = (await victim.until(({ socketCount }) => socketCount === 1)).heldBytes;
  await attack(victim);
  return (await victim.measure()).heldBytes - before;
}

/** Octets in words. */
function inMebibytes(bytes: number): string {
  return `${(bytes / mebibyte).toFixed(1)} MiB`;
}

describe("fragments of one message", () => {
  it("hold what they carry, whatever their number (CVE-2026-48779, CVE-2026-62389, ws#2331)", async (t) => {
    // 1.3 million fragments of an octet: an object for each would be some 100 MiB.
    const peers = 10;
    const fragments = 130_000;
    const held = await heldAfter(t, {}, async (victim) => {
      const octets = Buffer.concat([
        fromClient({ opcode: 2, fin: false, payload: "x" }),
        repeated({ opcode: 0, fin: false, payload: "x" }, fragments),
        fromClient({ opcode: 9 }),
      ]);
      for (let count = 0; count < peers; count++) {
        const { peer, socket } = await upgradeRaw(t, victim.port);
        await writeAll(socket, octets);
        await peer.untilFrames(1);
      }
    });
    t.diagnostic(`${peers * fragments} fragments hold ${inMebibytes(held)}`);
    assert.ok(held < 8 * mebibyte, inMebibytes(held));
  });

  it("end at maxFragmentsPerMessage, be they empty (CVE-2026-12151)", async (t) => {
    const octets = Buffer.concat([
      fromClient({ opcode: 2, fin: false }),
      repeated({ opcode: 0, fin: false }, 131_072),
      fromClient({ opcode: 9 }),
    ]);
    for (const [limits, answer] of [
      [{}, "close 1008 too-many-fragments"],
      // Without the limit they go on for as long as the peer likes.
      [{ maxFragmentsPerMessage: Number.MAX_SAFE_INTEGER }, "pong"],
    ] as const) {
      const victim = await Victim.start(t, { limits, closeTimeoutMs: 50 });
      const { peer, socket } = await upgradeRaw(t, victim.port);
      await writeAll(socket, octets);
      await peer.untilFrames(1);
      assert.deepEqual(peer.lines, [answer]);
    }
  });

  it("end at maxMessageBytes, all together (CVE-2026-1526)", async (t) => {
    const payload = new Uint8Array(mebibyte);
    const octets = Buffer.concat([
      fromClient({ opcode: 2, fin: false, payload }),
      ...Array.from({ length: 16 }, () => fromClient({ opcode: 0, fin: false, payload })),
      fromClient({ opcode: 9 }),
    ]);
    const attack = async (options: VictimOptions): Promise<[string, number]> => {
      let answer = "";
      const held = await heldAfter(t, { closeTimeoutMs: 50, ...options }, async (victim) => {
        const { peer, socket } = await upgradeRaw(t, victim.port);
        await writeAll(socket, octets);
        await peer.untilFrames(1);
        answer = peer.lines.join();
      });
      return [answer, held];
    };
    const [answer, held] = await attack({});
    assert.equal(answer, "close 1009 message-too-big");
    assert.ok(held < 2 * mebibyte, inMebibytes(held));
    const limits = { maxMessageBytes: 1024 * mebibyte, maxBufferedBytes: 1024 * mebibyte };
    const [liftedAnswer, liftedHeld] = await attack({ limits });
    assert.equal(liftedAnswer, "pong");
    assert.ok(liftedHeld > 16 * mebibyte, inMebibytes(liftedHeld));
  });
});

describe("tiny messages that nobody takes (CVE-2026-62389, ws#2331)", () => {
  const octets = repeated({ opcode: 2, payload: "x" }, 400_000);

  /** Twice as often as it takes to read everything, 64 KiB at a time. */
  const turnCount = Math.ceil((2 * octets.byteLength) / 65_536);

  const attack = (t: TestContext, maxInboxBytes?: number): Promise<number> =>
    heldAfter(t, { holds: true, ...(maxInboxBytes === undefined ? {} : { maxInboxBytes }) }, async (victim) => {
      const { socket } = await upgradeRaw(t, victim.port);
      socket.write(octets);
      await victim.turns(turnCount);
    });

  it("stop the reading at maxInboxBytes, their objects counted", async (t) => {
    const held = await attack(t);
    const lifted = await attack(t, 1024 * mebibyte);
    t.diagnostic(`${inMebibytes(octets.byteLength)} sent, ${inMebibytes(held)} held; ${inMebibytes(lifted)} without`);
    assert.ok(held < 2 * mebibyte, inMebibytes(held));
    assert.ok(lifted > 32 * mebibyte, inMebibytes(lifted));
  });
});

describe("tiny TCP chunks", () => {
  it("behind an upgrade that waits for accept are kept with their objects counted (CVE-2026-48779)", async () => {
    const core = new ServerCore({ accept: () => new Promise<undefined>(() => undefined) }, createFakePlatform());
    // Fewer octets than the 64 KiB that may be kept; in pieces of one they are as many arrays.
    const early = Array.from({ length: 60_000 }, (_, index) => Uint8Array.of(index));
    const { stream, client, idle } = upgrade(core, {}, { nextChunkBytes: () => 1, capacityBytes: 100_000 }, early);
    await idle();
    assert.equal(stream.isPaused, true, "60,000 pieces of an octet were kept");
    client.destroy();
  });
});
