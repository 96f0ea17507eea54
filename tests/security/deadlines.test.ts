/**
 * Peers that never come to an end by themselves, and the deadlines and caps that they come to. Each attack runs beside the
 * same one against a server without the limit, where it goes on.
 */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { describe, it } from "node:test";
import type { ServeOptions } from "#src/index.js";
import { connect } from "#src/index.js";
import { upgradeRaw } from "../support/raw-http.js";
import type { RawPeer } from "../support/raw-peer.js";
import type { NearVictim } from "../support/victim.js";
import { fromClient, mebibyte, startVictim } from "../support/victim.js";

interface Attacked extends NearVictim {
  readonly peer: RawPeer;
}

/** Starts a server, and a peer that has been let in. */
async function attack(t: TestContext, options: Partial<ServeOptions>): Promise<Attacked> {
  const victim = await startVictim(t, { closeTimeoutMs: 50, ...options });
  const { peer } = await upgradeRaw(t, victim.server.port);
  return { ...victim, peer };
}

/** The rule that ended it. */
async function ruleOf(victim: NearVictim): Promise<string> {
  const { code, cause } = await victim.nextReport();
  return `${code} ${String((cause as { readonly code?: string } | undefined)?.code)}`;
}

describe("a message that never gets its FIN", () => {
  it("ends at messageTimeoutMs, however it goes on: 1008", async (t) => {
    const limited = await attack(t, { messageTimeoutMs: 100 });
    const lifted = await attack(t, { messageTimeoutMs: false });
    const ordinary = await connect(limited.server.url);
    const messages = ordinary[Symbol.asyncIterator]();
    const both = [limited.peer, lifted.peer];
    for (const peer of both) peer.send({ opcode: 1, fin: false, payload: "so" });
    // A busy server looks after its peers meanwhile.
    const told = ({ lines }: RawPeer): readonly string[] => lines.filter((line) => line !== "ping");
    while (told(limited.peer).length === 0) {
      for (const peer of both) peer.send({ opcode: 0, fin: false, payload: " on" });
      ordinary.send("an ordinary message");
      await messages.next();
    }
    assert.match(told(limited.peer)[0] ?? "", /^close 1008 message-timeout/u);
    limited.peer.stream.destroy();
    assert.equal(await ruleOf(limited), "1008 message-timeout");
    assert.deepEqual([told(lifted.peer), lifted.server.sockets.size], [[], 1]);
    await ordinary.close();
  });
});

describe("half-open peers", () => {
  it("are found out by the heartbeat; those who answer are not", async (t) => {
    const heartbeat = { intervalMs: 100, timeoutMs: 400, jitter: 0 };
    const limited = await attack(t, { heartbeat });
    const lifted = await attack(t, { heartbeat: false });
    const ordinary = await connect(limited.server.url);
    // The raw peer answers no ping.
    assert.equal(await ruleOf(limited), "1006 heartbeat-timeout");
    assert.deepEqual([lifted.peer.lines, lifted.server.sockets.size], [[], 1]);
    // A second one in its place comes to the same end, while who answers stays.
    await upgradeRaw(t, limited.server.port);
    assert.equal(await ruleOf(limited), "1006 heartbeat-timeout");
    assert.equal(ordinary.readyState, "open");
    await ordinary.close();
  });
});

describe("a peer that takes nothing", () => {
  it("is cut at sendTimeoutMs, though what waits is within every limit of size", async (t) => {
    const sends: Partial<ServeOptions> = {
      heartbeat: false,
      // Far more than a kernel takes for a peer that does not read, far less than maxSendBufferBytes.
      open: (socket) => void socket.send(new Uint8Array(32 * mebibyte)),
    };
    const limited = await attack(t, { ...sends, sendTimeoutMs: 100 });
    limited.peer.stream.pause();
    const lifted = await attack(t, { ...sends, sendTimeoutMs: false });
    lifted.peer.stream.pause();
    assert.equal(await ruleOf(limited), "1006 send-timeout");
    assert.equal(lifted.server.sockets.size, 1);
  });
});

describe("a ping flood", () => {
  it("ends at rateLimit.controlFramesPerSecond, where that is set: 1008", async (t) => {
    const flood = fromClient(...Array.from({ length: 100 }, () => ({ opcode: 9 })));
    const limited = await attack(t, { rateLimit: { controlFramesPerSecond: 50, policy: "close" } });
    limited.peer.sendOctets(flood);
    await limited.peer.until(() => limited.peer.lines.some((line) => line.startsWith("close")));
    assert.match(limited.peer.lines.at(-1) ?? "", /^close 1008 control-frame-rate/u);
    const lifted = await attack(t, {});
    lifted.peer.sendOctets(flood);
    await lifted.peer.untilFrames(100);
    assert.equal(lifted.peer.lines.at(-1), "pong");
  });
});

describe("memory that many peers pin together", () => {
  it("is bounded by maxMemoryBytes: those who hold most end with 1013, the others are served", async (t) => {
    const limited = await startVictim(t, { closeTimeoutMs: 50, maxMemoryBytes: 8 * mebibyte });
    const piece = fromClient({ opcode: 2, fin: false, payload: new Uint8Array(2 * mebibyte) });
    for (let count = 0; count < 12; count++) {
      const { peer } = await upgradeRaw(t, limited.server.port);
      peer.sendOctets(piece);
    }
    assert.equal(await ruleOf(limited), "1013 process-memory");
    await limited.assertServes();
  });
});
