import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { createDeflateContext } from "#src/protocol/extensions/index.js";
import type { IncomingMessage } from "#src/socket/index.js";
import { ConnectionClosedError } from "#src/socket/index.js";
import { NodeCompressor } from "#src/transport/node/zlib/index.js";
import { cutAt } from "../support/chunking.js";
import { SteeredCompressor } from "../support/compressors.js";
import { deflateChain, deflated, rsv1 } from "../support/deflate.js";
import { meetRawPeer } from "../support/endpoints.js";
import { sampleKey, frame as toOctets } from "../support/frames.js";
import { concat, utf8 } from "../support/octets.js";
import type { RawPeer } from "../support/raw-peer.js";
import { jsonSample, noise } from "../support/samples.js";

const mib = 1024 * 1024;

/** A server's socket that has agreed on compression, with context takeover. */
function meet(setup: Parameters<typeof meetRawPeer>[1] = {}, memory: Parameters<typeof meetRawPeer>[2] = {}) {
  const chain = deflateChain(createDeflateContext(new NodeCompressor()), "server");
  return meetRawPeer("server", { chain, ...setup }, memory);
}

const inPieces = { nextChunkBytes: (available: number): number => Math.min(available, 2000) };

async function next(incoming: AsyncIterator<IncomingMessage, undefined>): Promise<IncomingMessage> {
  const result = await incoming.next();
  if (result.done === true) throw new Error("there is no message");
  return result.value;
}

/** Sends a message in one frame, in two pieces. */
function sendInTwo(peer: RawPeer, opcode: number, payload: Uint8Array): void {
  const octets = peer.encode({ opcode, rsv: rsv1, payload });
  peer.sendOctets(octets.slice(0, 20), octets.slice(20));
}

describe("compressed messages while they come (RFC 7692 §7.2.2)", () => {
  it("are inflated as they come, and the next ones may refer to them", async () => {
    const { socket, peer } = meet();
    const incoming = socket.incoming();
    const [first, second] = [noise(100_000, 1), noise(1000, 2)];
    const short = concat(first.slice(-2000), second);
    sendInTwo(peer, 2, deflated(first));
    const long = deflated(short, { dictionary: first.slice(-32_768) });
    assert.ok(long.byteLength < 1500);
    peer.send({ opcode: 2, rsv: rsv1, payload: long });
    sendInTwo(peer, 2, deflated(concat(second, second), { dictionary: concat(first, short).slice(-32_768) }));
    const read: Uint8Array[] = [];
    for await (const piece of await next(incoming)) read.push(piece);
    assert.ok(Buffer.concat(read).equals(first));
    assert.ok(Buffer.from(await (await next(incoming)).bytes()).equals(short));
    assert.ok(Buffer.from(await (await next(incoming)).bytes()).equals(concat(second, second)));
  });

  it("are discarded without harm to those that refer to them", async () => {
    const { socket, peer, idle } = meet();
    const incoming = socket.incoming();
    const first = noise(300_000, 1);
    sendInTwo(peer, 2, deflated(first));
    const dictionary = first.slice(-32_768);
    peer.send({ opcode: 1, rsv: rsv1, payload: deflated("after", { dictionary }) });
    await next(incoming);
    await idle();
    assert.equal(await (await next(incoming)).text(), "after");
  });

  it("hold little, whatever becomes of them, whole in a chunk or not, and consumed or not yet", async () => {
    const bomb = deflated(new Uint8Array(64 * mib));
    assert.ok(bomb.byteLength < 66_000);
    for (const way of ["whole", "in pieces", "before there is a consumer"]) {
      const { socket, peer, idle } = meet({}, way === "whole" ? { capacityBytes: 100_000 } : inPieces);
      const incoming = way === "before there is a consumer" ? undefined : socket.incoming();
      if (way === "whole") peer.send({ opcode: 2, rsv: rsv1, payload: bomb });
      else sendInTwo(peer, 2, bomb);
      await idle();
      let bytes = 0;
      let most = 0;
      for await (const piece of await next(incoming ?? socket.incoming())) {
        bytes += piece.byteLength;
        most = Math.max(most, socket.memoryBytes);
      }
      assert.equal(bytes, 64 * mib);
      assert.ok(most < 500_000, `${way}: ${String(most)}`);
    }
  });

  it("are made no further than somebody reads", async () => {
    const compressor = new SteeredCompressor();
    const chain = deflateChain(createDeflateContext(compressor), "server");
    const { socket, peer, stream, idle } = meet({ chain });
    sendInTwo(peer, 2, deflated(new Uint8Array(10 * mib)));
    const message = await next(socket.incoming());
    await idle();
    let steps = 0;
    while (compressor.waiting > 0) {
      await compressor.next();
      steps++;
      assert.ok(steps < 5, "inflating goes on though nobody reads");
    }
    assert.equal(stream.isPaused, true);
    let isRead = false;
    const all = message.discard().then(() => {
      isRead = true;
    });
    while (!isRead) {
      if (compressor.waiting > 0) await compressor.next();
      await idle();
    }
    await all;
    assert.equal(stream.isPaused, false);
  });

  it("fail where they make no sense or break off, and tell it", async () => {
    const json = jsonSample(100_000, 1);
    const whole = deflated(json);
    // The beginning of a block of 60,000 octets.
    const stored = Uint8Array.of(0, 0x60, 0xea, 0x9f, 0x15);
    const cases: [string, Uint8Array][] = [
      ["compressed-data-invalid", concat(whole.slice(0, 5000), new Uint8Array(3000).fill(0xff))],
      ["compressed-data-incomplete", concat(stored, json.slice(0, 5000))],
    ];
    for (const [code, payload] of cases) {
      const { socket, peer, idle } = meet({}, inPieces);
      sendInTwo(peer, 2, payload);
      const message = await next(socket.incoming());
      await assert.rejects(message.bytes(), { name: "ProtocolError", code });
      await idle();
      assert.deepEqual(peer.lines, [`close 1007 ${code}`]);
    }
    const { socket, peer } = meet({}, inPieces);
    sendInTwo(peer, 1, deflated(concat(utf8("a".repeat(100)), noise(100_000, 1))));
    await assert.rejects((await next(socket.incoming())).text(), { code: "invalid-utf8" });
  });

  it("are over when the connection is, though nobody has read what they would become", async () => {
    const { socket, peer, idle } = meet();
    sendInTwo(peer, 2, deflated(new Uint8Array(10 * mib)));
    const message = await next(socket.incoming());
    await idle();
    peer.stream.destroy();
    assert.equal((await socket.closed).code, 1006);
    await assert.rejects(message.bytes(), ConnectionClosedError);
  });

  it("are passed over when this side closes and nobody reads them", async () => {
    const { socket, peer } = meet();
    sendInTwo(peer, 2, deflated(new Uint8Array(10 * mib)));
    peer.sendClose();
    const message = await next(socket.incoming());
    const closed = socket.close();
    await peer.untilFrames(1);
    peer.stream.end();
    assert.equal((await closed).outcome, "closed-by-us");
    await assert.rejects(message.bytes(), ConnectionClosedError);
  });

  it("are what was sent, however they are framed, compressed and cut, with control frames between", async () => {
    const message = fc.record({
      opcode: fc.constantFrom(1, 2),
      size: fc.nat(3000),
      isCompressed: fc.boolean(),
      fragments: fc.array(fc.nat(5000), { maxLength: 4 }),
      isRead: fc.constantFrom("pieces", "whole", "discarded", "left"),
    });
    const property = fc.asyncProperty(
      fc.array(message, { minLength: 1, maxLength: 6 }),
      fc.array(fc.nat(50_000), { maxLength: 30 }),
      async (messages, cuts) => {
        const { socket, peer } = meet({ maxInboxBytes: 700 }, inPieces);
        let history: Uint8Array = new Uint8Array(0);
        const contents = messages.map(({ size }, index) => jsonSample(size, index));
        const frames = messages.flatMap(({ opcode, isCompressed, fragments }, index) => {
          const content = contents[index] as Uint8Array;
          const dictionary = history.byteLength === 0 ? {} : { dictionary: history.slice(-32_768) };
          if (isCompressed) history = concat(history, content);
          const pieces = cutAt(isCompressed ? deflated(content, dictionary) : content, fragments);
          return pieces.flatMap((payload, at) => [
            {
              opcode: at === 0 ? opcode : 0,
              rsv: at === 0 && isCompressed ? rsv1 : 0,
              fin: at === pieces.length - 1,
              payload,
            },
            { opcode: 9, payload: "" },
          ]);
        });
        const octets = concat(...frames.map((parts) => toOctets({ ...parts, key: sampleKey })));
        peer.sendOctets(...cutAt(octets, cuts).filter(({ byteLength }) => byteLength > 0));
        const incoming = socket.incoming();
        for (const [index, { isRead, opcode }] of messages.entries()) {
          const received = await next(incoming);
          assert.equal(received.type, opcode === 1 ? "text" : "binary");
          const expected = Buffer.from(contents[index] as Uint8Array);
          if (isRead === "discarded") {
            await received.discard();
          } else if (isRead === "whole") {
            assert.ok(expected.equals(await received.bytes()));
          } else if (isRead === "pieces") {
            const read: Uint8Array[] = [];
            for await (const piece of received) read.push(piece);
            assert.ok(expected.equals(Buffer.concat(read)));
          }
        }
        assert.equal(socket.readyState, "open");
        socket.terminate();
      },
    );
    await fc.assert(property, { numRuns: 100 });
  });
});
