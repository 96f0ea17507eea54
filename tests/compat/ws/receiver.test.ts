import assert from "node:assert/strict";
import { Blob } from "node:buffer";
import { once } from "node:events";
import { describe, it } from "node:test";
import { statusCode } from "#src/compat/ws/constants.js";
import type { FrameError } from "#src/compat/ws/frame-errors.js";
import { PerMessageDeflate } from "#src/compat/ws/per-message-deflate.js";
import { Receiver, type ReceiverOptions } from "#src/compat/ws/receiver.js";
import { everyChunking } from "../../support/chunking.js";
import { frame, sampleKey } from "../../support/frames.js";

type Event = readonly [name: string, ...values: unknown[]];

/** Everything that a receiver emits about octets, until it has ended or taken them all. */
async function eventsOf(options: ReceiverOptions, chunks: readonly Uint8Array[]): Promise<Event[]> {
  const receiver = new Receiver(options);
  const events: Event[] = [];
  for (const name of ["message", "ping", "pong", "conclude"]) {
    receiver.on(name, (...values: unknown[]) => events.push([name, ...values.map(told)]));
  }
  receiver.on("error", (error: FrameError) => events.push(["error", error.code, error[statusCode], error.message]));
  const closed = new Promise((resolve) => receiver.once("close", resolve));
  for (const chunk of chunks) {
    // It ends by itself after a Close frame.
    if (!receiver.writableEnded) receiver.write(Buffer.from(chunk));
  }
  receiver.end();
  await closed;
  return events;
}

function told(value: unknown): unknown {
  return Buffer.isBuffer(value) ? value.toString("latin1") : value;
}

function octets(...frames: Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(frames));
}

/** What a receiver says of frames that break a rule. */
async function violation(options: ReceiverOptions, ...frames: Uint8Array[]): Promise<unknown[]> {
  const events = await eventsOf(options, [octets(...frames)]);
  assert.equal(events.length, 1);
  return events[0]?.slice(1) ?? [];
}

describe("a receiver in the shape of ws", () => {
  it("emits messages, pings, pongs and the Close frame, whichever way their octets come", async () => {
    const sent = octets(
      frame({ opcode: 1, payload: "whole", key: sampleKey }),
      frame({ opcode: 2, fin: false, payload: "frag", key: sampleKey }),
      frame({ opcode: 9, payload: "between", key: sampleKey }),
      frame({ opcode: 0, payload: "mented", key: sampleKey }),
      frame({ opcode: 10, key: sampleKey }),
      frame({ opcode: 8, payload: Uint8Array.of(0x03, 0xe8, 0x62, 0x79, 0x65), key: sampleKey }),
    );
    for (const { name, chunks } of everyChunking(sent)) {
      assert.deepEqual(
        await eventsOf({ isServer: true }, chunks),
        [
          ["message", "whole", false],
          ["ping", "between"],
          ["message", "fragmented", true],
          ["pong", ""],
          ["conclude", 1000, "bye"],
        ],
        name,
      );
    }
  });

  it("tells 1005 for a Close frame without a status code, and reads nothing after it", async () => {
    const chunks = [octets(frame({ opcode: 8 }), frame({ opcode: 1, payload: "late" }))];
    assert.deepEqual(await eventsOf({}, chunks), [["conclude", 1005, ""]]);
  });

  it("hands out binary messages in the shape that is asked for", async () => {
    const sent = octets(frame({ opcode: 2, fin: false, payload: "one" }), frame({ opcode: 0, payload: "two" }));
    const data = async (binaryType: "arraybuffer" | "fragments" | "blob"): Promise<unknown> => {
      const [event] = await eventsOf({ binaryType }, [sent]);
      return event?.[1];
    };
    const arrayBuffer = await data("arraybuffer");
    assert.ok(arrayBuffer instanceof ArrayBuffer);
    assert.equal(Buffer.from(arrayBuffer).toString(), "onetwo");
    assert.deepEqual(await data("fragments"), [Buffer.from("one"), Buffer.from("two")]);
    const blob = await data("blob");
    assert.ok(blob instanceof Blob);
    assert.equal(await blob.text(), "onetwo");
  });

  it("emits one event a tick where it may not do more", async () => {
    const receiver = new Receiver({ allowSynchronousEvents: false });
    const order: string[] = [];
    receiver.on("message", (data: Buffer) => {
      order.push(`message ${data.toString()}`);
      setImmediate(() => order.push("tick"));
    });
    receiver.on("ping", () => order.push("ping"));
    const finished = once(receiver, "finish");
    receiver.write(Buffer.from(octets(frame({ opcode: 1, payload: "a" }), frame({ opcode: 9 }))));
    assert.deepEqual(order, []);
    receiver.end(Buffer.from(frame({ opcode: 1, payload: "b" })));
    await finished;
    assert.deepEqual(order.slice(0, 3), ["message a", "tick", "ping"]);
  });

  it("throws what a listener throws at whoever writes", () => {
    const receiver = new Receiver();
    receiver.on("message", () => {
      throw new Error("a listener's own");
    });
    assert.throws(() => receiver.write(Buffer.from(frame({ opcode: 1 }))), /a listener's own/u);
  });
});

describe("a receiver in the shape of ws, of compressed messages", () => {
  /** A message deflated, and what inflates it. */
  async function deflated(text: string, fragments: number): Promise<[Uint8Array[], PerMessageDeflate]> {
    const deflate = new PerMessageDeflate();
    deflate.accept([{}]);
    const frames: Uint8Array[] = [];
    const size = Math.ceil(text.length / fragments);
    for (let index = 0; index < fragments; index++) {
      const part = text.slice(index * size, (index + 1) * size);
      const fin = index === fragments - 1;
      const payload = await new Promise<Buffer>((resolve) => {
        deflate.compress(part, fin, (_error, data) => resolve(data));
      });
      frames.push(frame({ fin, opcode: index === 0 ? 1 : 0, rsv: index === 0 ? 4 : 0, payload }));
    }
    return [frames, deflate];
  }

  it("inflates whole ones and fragmented ones, and what follows waits for that", async () => {
    for (const fragments of [1, 3]) {
      const [frames, deflate] = await deflated("over and over and over", fragments);
      const sent = octets(...frames, frame({ opcode: 9, payload: "after" }));
      for (const { name, chunks } of everyChunking(sent, 3)) {
        // Each time a new one, for it has a window.
        const fresh = new PerMessageDeflate();
        fresh.accept([{}]);
        const events = await eventsOf({ extensions: { "permessage-deflate": fresh } }, chunks);
        assert.deepEqual(
          events,
          [
            ["message", "over and over and over", false],
            ["ping", "after"],
          ],
          name,
        );
        fresh.cleanup();
      }
      deflate.cleanup();
    }
  });

  it("fails one that is longer than maxPayload once it is inflated", async () => {
    const [frames, deflate] = await deflated("a".repeat(5000), 1);
    const options = { extensions: { "permessage-deflate": deflate }, maxPayload: 4999 };
    assert.deepEqual(await violation(options, ...frames), [
      "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH",
      1009,
      "Max payload size exceeded",
    ]);
    deflate.cleanup();
  });

  it("tells zlib's code where the octets are none of deflate", async () => {
    const deflate = new PerMessageDeflate();
    deflate.accept([{}]);
    const options = { extensions: { "permessage-deflate": deflate } };
    const [code, status] = await violation(options, frame({ opcode: 2, rsv: 4, payload: "something invalid" }));
    assert.deepEqual([code, status], ["Z_DATA_ERROR", 1007]);
    deflate.cleanup();
  });
});

describe("a receiver in the shape of ws, of what breaks a rule", () => {
  const key = sampleKey;
  const rules: readonly [code: string, status: number, text: string, ReceiverOptions, ...frames: Uint8Array[]][] = [
    ["WS_ERR_UNEXPECTED_RSV_1", 1002, "RSV1 must be clear", {}, frame({ opcode: 1, rsv: 4 })],
    ["WS_ERR_UNEXPECTED_RSV_2_3", 1002, "RSV2 and RSV3 must be clear", {}, frame({ opcode: 1, rsv: 2 })],
    ["WS_ERR_UNEXPECTED_RSV_2_3", 1002, "RSV2 and RSV3 must be clear", {}, frame({ opcode: 1, rsv: 5 })],
    ["WS_ERR_INVALID_OPCODE", 1002, "invalid opcode 3", {}, frame({ opcode: 3 })],
    ["WS_ERR_INVALID_OPCODE", 1002, "invalid opcode 0", {}, frame({ opcode: 0 })],
    ["WS_ERR_INVALID_OPCODE", 1002, "invalid opcode 2", {}, frame({ opcode: 1, fin: false }), frame({ opcode: 2 })],
    ["WS_ERR_EXPECTED_FIN", 1002, "FIN must be set", {}, frame({ opcode: 9, fin: false })],
    ["WS_ERR_EXPECTED_MASK", 1002, "MASK must be set", { isServer: true }, frame({ opcode: 1 })],
    ["WS_ERR_UNEXPECTED_MASK", 1002, "MASK must be clear", {}, frame({ opcode: 1, key })],
    [
      "WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH",
      1002,
      "invalid payload length 126",
      {},
      frame({ opcode: 9, payload: "p".repeat(126) }),
    ],
    ["WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH", 1002, "invalid payload length 1", {}, frame({ opcode: 8, payload: "1" })],
    ["WS_ERR_INVALID_CLOSE_CODE", 1002, "invalid status code 1004", {}, closing(0x03, 0xec)],
    ["WS_ERR_INVALID_UTF8", 1007, "invalid UTF-8 sequence", {}, closing(0x03, 0xe8, 0xff)],
    ["WS_ERR_INVALID_UTF8", 1007, "invalid UTF-8 sequence", {}, frame({ opcode: 1, payload: Uint8Array.of(0xff) })],
  ];
  for (const [code, status, text, options, ...frames] of rules) {
    it(`says ${code}: ${text}`, async () => {
      assert.deepEqual(await violation(options, ...frames), [code, status, `Invalid WebSocket frame: ${text}`]);
    });
  }

  it("tells lengths that nobody can have, and those that are not in the fewest octets", async () => {
    const unsupported = "Unsupported WebSocket frame: payload length";
    const code = "WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH";
    const length = 2n ** 53n;
    assert.deepEqual(await violation({}, frame({ opcode: 2, length })), [code, 1009, `${unsupported} > 2^53 - 1`]);
    assert.deepEqual(await violation({}, frame({ opcode: 2, length: 2n ** 63n })), [
      code,
      1002,
      `${unsupported} > 2^53 - 1`,
    ]);
    assert.deepEqual(await violation({}, frame({ opcode: 2, lengthOctets: 3 })), [
      code,
      1002,
      `${unsupported} not encoded in the fewest octets`,
    ]);
  });

  it("holds messages against maxPayload and maxFragments, and chunks against maxBufferedChunks", async () => {
    const start = frame({ opcode: 2, fin: false, payload: "123" });
    const tooLong = ["WS_ERR_UNSUPPORTED_MESSAGE_LENGTH", 1009, "Max payload size exceeded"];
    assert.deepEqual(await violation({ maxPayload: 2 }, start), tooLong);
    assert.deepEqual(await violation({ maxPayload: 5 }, start, frame({ opcode: 0, payload: "456" })), tooLong);
    const tooMany = (what: string): unknown[] => ["WS_ERR_TOO_MANY_BUFFERED_PARTS", 1008, `Too many ${what}`];
    const parts = [start, frame({ opcode: 0, fin: false }), frame({ opcode: 0 })];
    assert.deepEqual(await violation({ maxFragments: 2 }, ...parts), tooMany("message fragments"));
    const chunks = ["8205", "61", "62", "63"].map((hex) => Buffer.from(hex, "hex"));
    assert.deepEqual(await eventsOf({ maxBufferedChunks: 2 }, chunks), [["error", ...tooMany("buffered chunks")]]);
    assert.deepEqual(await eventsOf({ maxFragments: 3, maxPayload: 3 }, parts), [["message", "123", true]]);
  });

  it("takes text and reasons as they are where they are not to be checked", async () => {
    const frames = [frame({ opcode: 1, payload: Uint8Array.of(0xff) }), closing(0x03, 0xe8, 0xff)];
    assert.deepEqual(await eventsOf({ skipUTF8Validation: true }, [octets(...frames)]), [
      ["message", "\xff", false],
      ["conclude", 1000, "\xff"],
    ]);
  });
});

function closing(...payload: number[]): Uint8Array {
  return frame({ opcode: 8, payload: Uint8Array.from(payload) });
}
