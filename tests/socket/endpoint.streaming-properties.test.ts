/**
 * Whatever is streamed and sent, in whatever order, and however it ends: what arrives is whole, in order, and the
 * protocol kept.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Message, SendData } from "#src/index.js";
import { ConnectionClosedError, UnfinishedMessageError } from "#src/index.js";
import type { DeflateContext } from "#src/protocol/index.js";
import { createDeflateContext } from "#src/protocol/index.js";
import { prepareMessage } from "#src/socket/index.js";
import { nodeText } from "#src/transport/node/index.js";
import { WatchedCompressor } from "../support/compressors.js";
import { deflateChain } from "../support/deflate.js";
import type { Role } from "../support/endpoints.js";
import { meetEachOther, meetRawPeer } from "../support/endpoints.js";
import { utf8 } from "../support/octets.js";
import { patternedBytes, seededIntegers } from "../support/patterns.js";
import { turns } from "../support/task-queue.js";

/** How the chunks of a message come. */
type Pace = "at once" | "in microtasks" | "in turns";

interface Streamed {
  readonly kind: "stream";
  readonly isText: boolean;
  /** Octets of its chunks. */
  readonly sizes: readonly number[];
  readonly pace: Pace;
  readonly asOctets: boolean;
  readonly maxFragmentBytes: number;
}

type Action =
  | Streamed
  | { readonly kind: "text" | "binary" | "prepared"; readonly size: number }
  | { readonly kind: "ping" }
  | { readonly kind: "wait" };

const size = fc.oneof(fc.nat(10), fc.nat(500), fc.nat(5000), fc.constantFrom(16_384, 70_001));

const streamed: fc.Arbitrary<Streamed> = fc.record({
  kind: fc.constant("stream" as const),
  isText: fc.boolean(),
  sizes: fc.array(size, { maxLength: 8 }),
  pace: fc.constantFrom<Pace>("at once", "in microtasks", "in turns"),
  asOctets: fc.boolean(),
  maxFragmentBytes: fc.constantFrom(1024, 5000, 65_536),
});

const action: fc.Arbitrary<Action> = fc.oneof(
  streamed,
  fc.record({ kind: fc.constantFrom("text" as const, "binary" as const, "prepared" as const), size }),
  fc.record({ kind: fc.constantFrom("ping" as const, "wait" as const) }),
);

/** Text with code points of every length, of `units` UTF-16 units. */
function textOf(units: number, seed: number): string {
  const sample = ["a", "€", "é", "😀", "z"];
  let text = "";
  for (let index = seed; text.length < units; index++) text += sample[index % 5] ?? "";
  return text.slice(0, units);
}

interface Source {
  readonly chunks: readonly SendData[];
  /** What will be received. */
  readonly whole: string;
}

/** A message, cut without regard for code points or surrogate pairs. */
function sourceOf({ isText, sizes, asOctets }: Streamed, seed: number): Source {
  const total = sizes.reduce((sum, length) => sum + length, 0);
  const chunks: SendData[] = [];
  if (!isText) {
    const bytes = patternedBytes(total);
    let at = 0;
    for (const length of sizes) chunks.push(bytes.slice(at, (at += length)));
    return { chunks, whole: `binary ${Buffer.from(bytes).toString("latin1")}` };
  }
  const text = textOf(total, seed);
  const octets = utf8(text);
  let at = 0;
  for (const [index, length] of sizes.entries()) {
    const end = index === sizes.length - 1 ? Number.POSITIVE_INFINITY : at + length;
    chunks.push(asOctets ? octets.slice(at, end) : text.slice(at, end));
    at = end;
  }
  const isEmpty = chunks.length === 0;
  return { chunks, whole: `text ${isEmpty ? "" : Buffer.from(text).toString()}` };
}

async function* paced(
  chunks: readonly SendData[],
  pace: Pace,
  step: () => void = () => undefined,
): AsyncGenerator<SendData> {
  for (const chunk of chunks) {
    step();
    if (pace === "in turns") await turns(1);
    else await Promise.resolve();
    yield chunk;
    // It is ours again when the next one is asked for.
    if (chunk instanceof Uint8Array) chunk.fill(0xee);
  }
}

function readingOf(message: Message): string {
  return typeof message === "string" ? `text ${message}` : `binary ${Buffer.from(message).toString("latin1")}`;
}

const variants = [false, true].flatMap((isCompressed) =>
  (["server", "client"] as const).map((role) => ({ isCompressed, role })),
);

for (const { isCompressed, role } of variants) {
  const context = (): DeflateContext => createDeflateContext(new WatchedCompressor());

  describe(`what a ${role} streams and sends${isCompressed ? ", compressed" : ""}`, () => {
    it("arrives whole and in order, whatever the chunks and their pace, the peer's reading and pings meanwhile", async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.record({
            actions: fc.array(action, { minLength: 1, maxLength: 10 }),
            seed: fc.nat(),
            highWaterMarkBytes: fc.constantFrom(0, 1000, 65_536),
            maxChunk: fc.constantFrom(2000, 20_000, 65_536),
          }),
          async ({ actions, seed, highWaterMarkBytes, maxChunk }) => {
            const integer = seededIntegers(seed);
            const received: string[] = [];
            const setup = {
              chain: isCompressed ? deflateChain(context(), role) : undefined,
              highWaterMarkBytes,
            };
            const other: Role = role === "server" ? "client" : "server";
            const otherSetup = {
              chain: isCompressed ? deflateChain(context(), other) : undefined,
              message: (_socket: unknown, message: Message) => {
                received.push(readingOf(message));
                return integer(0, 3) === 0 ? turns(1) : undefined;
              },
            };
            const setups =
              role === "server" ? { server: setup, client: otherSetup } : { client: setup, server: otherSetup };
            const meeting = meetEachOther(setups, {
              nextChunkBytes: () => integer(1, maxChunk),
              capacityBytes: integer(1000, 100_000),
            });
            const socket = meeting[role];
            const expected: string[] = [];
            const pending: Promise<unknown>[] = [];
            for (const [index, one] of actions.entries()) {
              if (one.kind === "stream") {
                const { chunks, whole } = sourceOf(one, index);
                const { pace, isText, maxFragmentBytes } = one;
                expected.push(whole);
                const source = pace === "at once" ? chunks : paced(chunks, pace);
                pending.push(socket.sendStream(source, { type: isText ? "text" : "binary", maxFragmentBytes }));
              } else if (one.kind === "ping") {
                pending.push(socket.ping());
              } else if (one.kind === "wait") {
                await turns(integer(1, 3));
              } else {
                const text = textOf(one.size, index);
                const data = one.kind === "binary" ? patternedBytes(one.size) : text;
                assert.equal(socket.send(one.kind === "prepared" ? prepareMessage(data, nodeText) : data).ok, true);
                expected.push(one.kind === "binary" ? readingOf(data) : `text ${Buffer.from(text).toString()}`);
              }
            }
            await Promise.all(pending);
            while (received.length < expected.length) await meeting.idle();
            assert.deepEqual(
              received.map((message) => message.length),
              expected.map((message) => message.length),
            );
            assert.deepEqual(received, expected);
            while (socket.bufferedBytes > 0) await meeting.idle();
            const report = await socket.close();
            assert.equal(report.wasClean, true);
          },
        ),
        { numRuns: 15 },
      );
    });

    it("is never half a message for a whole one, wherever it is cut short, and nobody waits for ever", async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.record({
            messages: fc.array(streamed, { minLength: 1, maxLength: 4 }),
            /** After how many chunks. */
            moment: fc.nat(12),
            how: fc.constantFrom("abort", "close", "terminate", "peer", "throw"),
            delay: fc.nat(3),
            seed: fc.nat(),
          }),
          async ({ messages, moment, how, delay, seed }) => {
            const integer = seededIntegers(seed);
            const chain = isCompressed ? deflateChain(context(), role) : undefined;
            const { socket, peer, idle } = meetRawPeer(
              role,
              { chain },
              { capacityBytes: integer(1000, 100_000), nextChunkBytes: () => integer(1, 50_000) },
            );
            const controller = new AbortController();
            const reason = new Error("enough");
            let pulled = 0;
            let endedSources = 0;
            const cut = (): void => {
              if (how === "throw") throw reason;
              if (how === "abort") controller.abort(reason);
              else if (how === "close") void socket.close(1001);
              else if (how === "terminate") socket.terminate();
              else peer.stream.destroy();
            };
            const step = (): void => {
              if (pulled++ !== moment) return;
              if (delay === 0 || how === "throw") cut();
              else void turns(delay).then(cut);
            };
            const results = messages.map((message, index) => {
              const { chunks } = sourceOf(message, index);
              const source = (async function* () {
                try {
                  yield* paced(chunks, message.pace, step);
                } finally {
                  endedSources++;
                }
              })();
              const { isText, maxFragmentBytes } = message;
              return socket.sendStream(source, {
                type: isText ? "text" : "binary",
                maxFragmentBytes,
                signal: controller.signal,
              });
            });
            socket.send("behind");
            await idle();
            peer.sendClose(1000);
            await idle();
            peer.stream.destroy();
            const report = await socket.closed;
            const settled = await Promise.allSettled(results);
            await idle();
            // A source that was never asked has nothing to clean up.
            assert.ok(endedSources <= messages.length);
            for (const result of settled) {
              if (result.status === "fulfilled") continue;
              const error: unknown = result.reason;
              assert.ok(error === reason || error instanceof ConnectionClosedError, String(error));
            }
            const { cause } = report;
            if (cause instanceof UnfinishedMessageError) {
              assert.equal(cause.cause, reason);
              assert.ok(how === "throw" || how === "abort");
            }
            // §5.4: on the wire there are whole messages, and at most one unfinished one, at the end.
            let isOpen = false;
            let whole = 0;
            for (const { opcode, fin } of peer.frames) {
              if (opcode >= 8) continue;
              assert.equal(opcode === 0, isOpen);
              isOpen = !fin;
              if (fin) whole++;
            }
            const fulfilled = settled.filter(({ status }) => status === "fulfilled").length;
            assert.ok(whole <= fulfilled + 1, "nothing unfinished has a last frame");
            assert.equal(socket.bufferedBytes, 0);
          },
        ),
        { numRuns: 25 },
      );
    });
  });
}
