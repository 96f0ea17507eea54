/**
 * The memory of windows (RFC 7692 §7), over the lives of many connections: what is reserved and lent comes back,
 * however a connection ends, and there is never more of it than the budget allows.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { InflationMemory, WindowMemory } from "#src/protocol/index.js";
import type { ServerOptions } from "#src/server/index.js";
import { ServerCore } from "#src/server/index.js";
import { NodeCompressor } from "#src/transport/node/zlib/index.js";
import { deflated, JudgeInflater, rsv1 } from "../support/deflate.js";
import type { FakePlatform } from "../support/fake-platform.js";
import { createFakePlatform } from "../support/fake-platform.js";
import { hexOf } from "../support/octets.js";
import { seededIntegers } from "../support/patterns.js";
import type { RawPeer } from "../support/raw-peer.js";
import { jsonSample } from "../support/samples.js";
import { turns } from "../support/task-queue.js";
import { upgrade, upgradeHeaders } from "../support/upgrades.js";

const offer = ["Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits"];

function createCore(options: ServerOptions, windowMemoryBytes?: number) {
  const windows = new WindowMemory(windowMemoryBytes);
  const inflations = new InflationMemory();
  const compressor = new NodeCompressor();
  const platform = {
    ...createFakePlatform(),
    compression: { compressor: () => compressor, windows, inflations, spentMs: () => 0 },
  };
  return {
    core: new ServerCore<undefined>(options, platform),
    platform: platform as FakePlatform,
    windows,
    inflations,
  };
}

/** Octets of objects and arrays that are held, once everything is collected that can be. */
async function heldBytes(): Promise<number> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  // The memory of arrays is given back a while after they are.
  for (let round = 0; round < 3; round++) {
    collect();
    await turns(10);
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

const message = jsonSample(2000, 1);
const compressed = { opcode: 2, rsv: rsv1, payload: deflated(message) };
const unfinished = { opcode: 2, rsv: rsv1, fin: false, payload: deflated(jsonSample(200_000, 1)) };

/** Every way in which a connection ends, by what its request asks for, and what happens then. */
const endings = {
  "is refused": (): void => undefined,
  "cannot be decided": (): void => undefined,
  "has headers that cannot be sent": (): void => undefined,
  "is given up while it is decided": (): void => undefined,
  "is decided too late": (): void => undefined,
  "is no handshake": (): void => undefined,
  "closes cleanly": (peer: RawPeer): void => {
    peer.send(compressed);
    peer.sendClose(1000);
    peer.stream.end();
  },
  "is reset": (peer: RawPeer): void => {
    peer.send(compressed, unfinished);
    peer.stream.destroy();
  },
  "ends without a Close frame": (peer: RawPeer): void => {
    peer.send(compressed, unfinished);
    peer.stream.end();
  },
  "breaks the protocol": (peer: RawPeer): void => {
    peer.send(compressed, { opcode: 3 });
    peer.stream.end();
  },
  "sends what cannot be inflated": (peer: RawPeer): void => {
    peer.send(compressed, { ...compressed, payload: Uint8Array.of(0xff) });
    peer.stream.end();
  },
  "is terminated": (peer: RawPeer): void => peer.send(compressed, { opcode: 1, payload: "terminate" }),
  "makes its handler throw": (peer: RawPeer): void => {
    peer.send(compressed, { opcode: 1, payload: "throw" });
    peer.stream.end();
  },
  "is silent until the close timer": (peer: RawPeer): void => peer.send(compressed, { opcode: 1, payload: "close" }),
} as const;

type Ending = keyof typeof endings;
const names = Object.keys(endings) as Ending[];

describe("10,000 short connections with permessage-deflate", () => {
  it("leave nothing reserved, lent or held, however they end", async (t) => {
    const { core, platform, windows, inflations } = createCore({
      accept: (request) => {
        const ending = decodeURIComponent(new URL(request.url).pathname.slice(1)) as Ending;
        if (ending === "is refused") return new Response("no", { status: 403 });
        if (ending === "cannot be decided") throw new Error("undecided");
        if (ending === "has headers that cannot be sent") return { headers: { Upgrade: "h2c" } };
        if (ending === "is decided too late" || ending === "is given up while it is decided") {
          // One for each: a promise that never settles keeps whoever waits for it.
          return new Promise<undefined>(() => undefined);
        }
        return {};
      },
      message: (socket, received) => {
        if (received === "terminate") socket.terminate();
        else if (received === "close") void socket.close();
        else if (received === "throw") throw new Error("thrown");
        else socket.send(received);
      },
      error: () => undefined,
    });

    const live = async (count: number, first: number): Promise<void> => {
      const upgrades = Array.from({ length: count }, (_, index) => {
        const ending = names[(first + index) % names.length] as Ending;
        return {
          ending,
          upgraded: upgrade(core, {
            target: `/${encodeURIComponent(ending)}`,
            rawHeaders: upgradeHeaders(...offer),
            ...(ending === "is no handshake" ? { method: "POST" } : {}),
          }),
        };
      });
      await turns(6);
      for (const { ending, upgraded } of upgrades) {
        if (ending === "is given up while it is decided") upgraded.client.destroy();
        if (ending === "is decided too late" || !upgraded.received.bytes.byteLength) continue;
        if (upgraded.reply().status === 101) endings[ending](upgraded.switchProtocols());
        else upgraded.client.end();
      }
      await turns(30);
      // Handshakes, refusals and closing handshakes that nobody answers.
      platform.clock.advance(60_000);
      await turns(10);
      platform.clock.advance(60_000);
      await turns(10);
    };

    const batch = 20 * names.length;
    await live(batch, 0);
    const before = await heldBytes();
    for (let count = batch; count < 10_000; count += batch) await live(batch, count);
    for (let round = 0; round < 200 && core.sockets.size > 0; round++) await turns(5);
    assert.equal(core.sockets.size, 0);
    assert.deepEqual(
      [windows.reservedBytes, windows.lentBytes, windows.lentCount, inflations.takenBytes],
      [0, 0, 0, 0],
    );
    assert.equal(platform.clock.pendingTimers, 0);
    const { sentMessages = 0, receivedMessages = 0 } = core.compression?.counters ?? {};
    assert.ok(receivedMessages > 4000 && sentMessages > 1000, `${receivedMessages} received, ${sentMessages} sent`);
    const grown = (await heldBytes()) - before;
    t.diagnostic(`${String(grown)} octets more are held`);
    // A window alone takes 4 KiB for each of them. What V8 notes for a report of coverage lies on the heap, too.
    const allowed = process.env["NODE_V8_COVERAGE"] === undefined ? 4_000_000 : 6_000_000;
    assert.ok(grown < allowed, `${String(grown)} octets more are held`);
  });
});

describe("windows, when there is little memory for them", () => {
  it("are taken from those who were silent, never beyond the budget, and every message is right", async () => {
    const budget = 40_000;
    const { core, windows } = createCore(
      { message: (socket, received) => socket.send(received), perMessageDeflate: { serverMaxWindowBits: 12 } },
      budget,
    );
    const clients = [];
    for (let count = 0; count < 60; count++) {
      const upgraded = upgrade(core, { rawHeaders: upgradeHeaders(...offer) });
      await upgraded.idle();
      const extensions = upgraded.reply().headers.get("Sec-WebSocket-Extensions") ?? "";
      const peer = upgraded.switchProtocols();
      clients.push({
        peer,
        idle: upgraded.idle,
        extensions,
        judge: new JudgeInflater({ windowBits: 12, takesOver: true }),
        sent: [] as string[],
      });
      assert.ok(windows.reservedBytes + windows.lentBytes <= budget);
    }
    // Those who came when it was used up have to begin each message anew (§7.1.1.2); nobody was refused.
    assert.equal(core.sockets.size, 60);
    const keeping = clients.filter(({ extensions }) => !extensions.includes("client_no_context_takeover"));
    assert.ok(keeping.length > 0 && keeping.length < 20, `${keeping.length} keep a window`);
    assert.ok(clients.slice(0, keeping.length).every((client) => keeping.includes(client)));

    const integer = seededIntegers(3);
    for (let round = 0; round < 600; round++) {
      const client = clients[integer(0, clients.length - 1)]!;
      const octets = jsonSample(integer(300, 6000), integer(0, 9));
      client.sent.push(hexOf(octets));
      client.peer.send({ opcode: 2, rsv: rsv1, payload: deflated(octets) });
      await client.idle();
      assert.ok(windows.reservedBytes + windows.lentBytes <= budget, `${windows.lentBytes} are lent`);
    }
    for (const { peer, judge, sent } of clients) {
      assert.deepEqual((await judge.messages(peer.frames)).map(hexOf), sent);
    }
    const { sentMessages = 0 } = core.compression?.counters ?? {};
    assert.ok(sentMessages > 500);
  });

  it("make senders forget when receivers need the memory", async () => {
    // Three connections reserve 4 KiB each, with what lies around it, and the first one's sender takes as much.
    const { core, windows } = createCore({ message: (socket, received) => socket.send(received) }, 16_000);
    const join = async () => {
      const upgraded = upgrade(core, { rawHeaders: upgradeHeaders(...offer) });
      await upgraded.idle();
      return { peer: upgraded.switchProtocols(), idle: upgraded.idle };
    };
    const first = await join();
    first.peer.send({ opcode: 2, rsv: rsv1, payload: deflated(jsonSample(6000, 1)) });
    await first.idle();
    assert.equal(windows.lentCount, 1);
    while (windows.lentCount > 0 && core.sockets.size < 20) await join();
    assert.ok(windows.forgottenCount > 0);
    assert.equal(windows.lentBytes, 0);
    first.peer.send({ opcode: 2, rsv: rsv1, payload: deflated(jsonSample(6000, 1)) });
    await first.idle();
    const judge = new JudgeInflater({ windowBits: 12, takesOver: true });
    const messages = await judge.messages(first.peer.frames);
    assert.deepEqual(messages.map(hexOf), [hexOf(jsonSample(6000, 1)), hexOf(jsonSample(6000, 1))]);
  });
});
