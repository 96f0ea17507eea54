/**
 * Two connections that have agreed on some parameters of permessage-deflate: whatever one of them sends, however, the
 * other one receives unchanged.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { createDeflateContext, WindowMemory } from "#src/protocol/extensions/index.js";
import { SharedMessage } from "#src/protocol/shared-message.js";
import { frameMessage } from "#src/protocol/shared-octets.js";
import { portableTextCodec } from "#src/protocol/utf8.js";
import { cutAt } from "../support/chunking.js";
import { SteeredCompressor } from "../support/compressors.js";
import { deflateChain, JudgeInflater } from "../support/deflate.js";
import type { Frame } from "../support/frames.js";
import { readFrames } from "../support/frames.js";
import { hexOf, utf8 } from "../support/octets.js";
import { RecordedConnection, roles } from "../support/recorded-connection.js";
import { jsonSample, noise } from "../support/samples.js";
import { turns } from "../support/task-queue.js";

const bits = fc.integer({ min: 8, max: 15 });
const parameters = fc.record({
  serverNoContextTakeover: fc.boolean(),
  clientNoContextTakeover: fc.boolean(),
  serverMaxWindowBits: bits,
  clientMaxWindowBits: bits,
});
const message = fc.record({
  kind: fc.constantFrom("text", "binary", "shared", "framed"),
  length: fc.oneof(fc.nat({ max: 300 }), fc.nat({ max: 5000 }), fc.nat({ max: 40_000 })),
  sample: fc.nat({ max: 4 }),
  isNoise: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, fc.constant(true)),
  compress: fc.constantFrom(undefined, undefined, true, false),
  /** Where a text or binary message is cut into fragments, in hundredths. */
  cuts: fc.oneof(fc.constant<number[]>([]), fc.array(fc.nat({ max: 100 }), { maxLength: 3 })),
  isFollowedByPing: fc.boolean(),
  /** Jobs of the other thread that are done before the next message. */
  jobs: fc.nat({ max: 2 }),
});
const options = fc.record({
  laterFromBytes: fc.constantFrom(1000, 6000, 64 * 1024),
  maxInflatedAtOnceBytes: fc.constantFrom(2000, 1_000_000),
  thresholdBytes: fc.constantFrom(0, 256),
  level: fc.integer({ min: 1, max: 9 }),
});

type ValueOf<Generator> = Generator extends fc.Arbitrary<infer Value> ? Value : never;
type Message = ValueOf<typeof message>;

function octetsOf({ length, sample, isNoise }: Message): Uint8Array {
  return isNoise ? noise(length, sample) : jsonSample(length, sample);
}

function send(recorded: RecordedConnection, what: Message, laterFromBytes: number): void {
  const { connection } = recorded;
  const { kind, compress, cuts } = what;
  const bytes = octetsOf(what);
  const isText = !what.isNoise && kind !== "binary";
  const data = isText ? Buffer.from(bytes).toString() : bytes;
  const place = {
    lay: (_version: number, type: "text" | "binary", reserved: number, laid: string | Uint8Array) =>
      frameMessage(laid, portableTextCodec, type, reserved),
  };
  if (kind === "shared") {
    connection.sendMany(new SharedMessage(data, { compress }, place, portableTextCodec));
  } else if (kind === "framed") {
    connection.sendFramed(frameMessage(data, portableTextCodec));
  } else if (cuts.length > 0) {
    const pieces = cutAt(
      bytes,
      cuts.map((cut) => Math.floor((cut * bytes.byteLength) / 100)),
    );
    pieces.forEach((piece, index) => {
      const isLast = index === pieces.length - 1;
      connection.sendFragment(isText ? "text" : "binary", piece, isLast, { compress });
    });
  } else if (typeof data === "string") {
    connection.sendText(data, { compress });
  } else {
    connection.sendBinary(data, { compress });
    // Shorter ones may be changed at once.
    if (data.byteLength < Math.min(laterFromBytes, 16 * 1024)) data.fill(0);
  }
  if (what.isFollowedByPing) connection.ping(utf8("?"));
}

function eventOf(what: Message): string {
  const bytes = octetsOf(what);
  const isText = !what.isNoise && what.kind !== "binary";
  return isText ? `text ${Buffer.from(bytes).toString()}` : `binary ${hexOf(bytes)}`;
}

for (const role of roles) {
  describe(`messages from a ${role} with permessage-deflate`, () => {
    it("arrive unchanged and in order, and no window is longer than was agreed on", async () => {
      const run = async (
        agreed: ValueOf<typeof parameters>,
        given: ValueOf<typeof options>,
        messages: readonly Message[],
        cuts: readonly number[],
        windowMemoryBytes: number,
      ): Promise<void> => {
        const compressor = new SteeredCompressor();
        const memory = new WindowMemory(windowMemoryBytes);
        const context = createDeflateContext(compressor, { ...given, memory });
        const receivingContext = createDeflateContext(compressor, given);
        const sender = new RecordedConnection(role, {
          chain: deflateChain(context, role, { ...agreed, ...noWindowFor(role) }),
        });
        const peerRole = role === "client" ? "server" : "client";
        const receiver = new RecordedConnection(peerRole, { chain: deflateChain(receivingContext, peerRole, agreed) });
        const isServer = role === "server";
        const judge = new JudgeInflater({
          windowBits: isServer ? agreed.serverMaxWindowBits : agreed.clientMaxWindowBits,
          takesOver: !(isServer ? agreed.serverNoContextTakeover : agreed.clientNoContextTakeover),
        });
        const frames: Frame[] = [];
        const carry = (): void => {
          const octets = sender.takeOctets();
          frames.push(...readFrames(octets));
          receiver.receive(...cutAt(octets, cuts));
        };
        for (const what of messages) {
          send(sender, what, given.laterFromBytes);
          for (let job = 0; job < what.jobs && compressor.waiting > 0; job++) await compressor.next();
          if (what.isFollowedByPing) carry();
        }
        await compressor.all();
        carry();
        await compressor.all();
        await turns(2);
        const expected = messages.map(eventOf);
        assert.deepEqual(
          receiver.failures.map(({ code }) => code),
          [],
        );
        assert.deepEqual(
          receiver.events.filter((event) => !event.startsWith("ping")),
          expected,
        );
        const judged = await judge.messages(frames);
        assert.deepEqual(
          judged.map(hexOf),
          messages.map((what) => hexOf(octetsOf(what))),
        );
        assert.ok(memory.lentBytes <= memory.maxBytes);
        sender.connection.streamEnded();
        receiver.connection.streamEnded();
        for (const { memory: windows, inflationMemory } of [context, receivingContext]) {
          assert.deepEqual([windows.lentBytes, windows.reservedBytes, inflationMemory.takenBytes], [0, 0, 0]);
        }
      };
      await fc.assert(
        fc.asyncProperty(
          parameters,
          options,
          fc.array(message, { minLength: 1, maxLength: 8 }),
          fc.array(fc.nat({ max: 100_000 }), { maxLength: 8 }),
          // Now and then, a window is taken away from the sender.
          fc.constantFrom(0, 6000, 1_000_000),
          run,
        ),
        { numRuns: 60 },
      );
    });
  });
}

/** That this side's own receiver needs no window, which is not what is looked at here. */
function noWindowFor(role: "client" | "server"): object {
  return role === "server" ? { clientNoContextTakeover: true } : { serverNoContextTakeover: true };
}
