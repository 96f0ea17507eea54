/**
 * Reading frames: everything of the protocol is taken, and nothing else is.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { msgpackCodec } from "#src/realtime/msgpack/index.js";
import {
  type ClientFrame,
  type Codec,
  clientFrames,
  FrameFault,
  type FrameTable,
  jsonCodec,
  maxDepth,
  readMessage,
  type ServerFrame,
  serverFrames,
} from "#src/realtime/wire/index.js";

const fromClients: readonly ClientFrame[] = [
  ["hello", {}],
  ["hello", { token: { any: "thing" }, client: "c1" }],
  ["token", 1, "secret"],
  ["sub", 2, "room/7"],
  ["sub", 2, "room/7", { since: ["e", "p"], last: 3, rate: 0.5, presence: true }],
  ["unsub", 3, 0],
  ["more", 7],
  ["hist", 4, "room/7", { limit: 1, before: "p", after: "q" }],
  ["pub", 5, "room/7", null],
  ["pub", 5, 7, { text: "hello" }, { key: "k" }],
  ["set", 6, 7, "key", 1, { if: null }],
  ["set", 6, 7, "key", 1, { if: "r" }],
  ["del", 7, 7, "key", { if: "r" }],
  ["sig", 0, 7, [1, 2]],
  ["sig", 8, "cursor/1", [1, 2]],
  ["pres", 9, 7, { typing: true }],
  ["call", 10, "order", { size: 1 }, { key: "k", timeoutMs: 5, credit: 2 }],
  ["credit", 10, 5],
  ["cancel", 10],
  ["ok", 1],
  ["ok", 1, { n: 1 }],
  ["err", 1, { code: "no", message: "", retryable: true, retryAfterMs: 5, data: [1] }],
  ["item", 1, "x"],
  ["ping", 0x7fffffff],
];

const fromServers: readonly ServerFrame[] = [
  ["welcome", { session: "s", user: null, timeMs: 1.5, pingMs: 25_000, maxMessageBytes: 1024 }],
  ["expiring", { inMs: 0 }],
  ["goaway", { afterMs: 1000, code: 1001 }],
  ["closed", 3, { code: "forbidden", message: "no more", retryable: false }],
  ["m", 3, "p2", "p1", { text: "hello" }],
  ["m", 3, "p2", "", { text: "hello" }, { user: "u", timeMs: 5, key: "k" }],
  ["page", 3, "p2", false],
  ["gap", 3, { reason: "retention", epoch: "e", position: "p" }],
  ["snap", 3, "p", [["key", 1, "r"]], true],
  ["d", 3, "p2", "p1", [["key", 1, "r"]]],
  ["d", 3, "p2", "p1", [], ["key"]],
  ["s", 3, 1],
  ["s", 3, 1, "u"],
  ["lost", 3, 12],
  ["g", 3, 1, 0, Uint8Array.of(0, 255, 128), 1.25],
  ["who", 3, { count: 2, isSample: true, users: [["u", { typing: true }, 2]] }],
  ["came", 3, [["u", null, 1]], 2],
  ["left", 3, ["u"], 1],
];

const codecs: readonly Codec[] = [jsonCodec, msgpackCodec];

function faultOf(frame: unknown, table: FrameTable<ClientFrame> | FrameTable<ServerFrame>): FrameFault {
  const [read] = readMessage(jsonCodec, JSON.stringify(frame), table as FrameTable<ClientFrame>);
  assert.ok(read instanceof FrameFault, JSON.stringify(read));
  return read;
}

for (const codec of codecs) {
  describe(`frames over ${codec.subprotocol}`, () => {
    it("come out as they went in, one by one and as a batch", () => {
      for (const [frames, table] of [
        [fromClients, clientFrames],
        [fromServers, serverFrames],
      ] as const) {
        const encoded = frames.map((frame) => codec.encode(frame));
        for (const [index, message] of encoded.entries()) {
          assert.deepEqual(readMessage(codec, message, table as FrameTable<ClientFrame>), [frames[index]]);
          assert.deepEqual(
            readMessage(codec, codec.batch([message]), table as FrameTable<ClientFrame>),
            [frames[index]],
            "a batch of one",
          );
        }
        assert.deepEqual(readMessage(codec, codec.batch(encoded), table as FrameTable<ClientFrame>), frames);
      }
    });

    it("carry every value of JSON, and octets anywhere in it", () => {
      const octets = fc.uint8Array({ maxLength: 40 });
      const { value } = fc.letrec((tie) => ({
        value: fc.oneof(
          { depthSize: "small" },
          fc.string({ unit: "binary" }),
          fc.double({ noDefaultInfinity: true, noNaN: true }).map((number) => number + 0),
          fc.boolean(),
          fc.constant(null),
          octets,
          fc.array(tie("value"), { maxLength: 5 }),
          fc.dictionary(fc.oneof(fc.string(), fc.constantFrom("$b", "$$b", "$", "b")), tie("value"), {
            maxKeys: 4,
            noNullPrototype: true,
          }),
        ),
      }));
      fc.assert(
        fc.property(value, (sent) => {
          const [frame] = readMessage(codec, codec.encode(["pub", 1, "x", sent]), clientFrames);
          assert.deepEqual(frame, ["pub", 1, "x", sent]);
        }),
      );
    });

    it("never throw, whatever comes", () => {
      const anyMessage = fc.oneof(fc.string(), fc.uint8Array(), fc.json());
      fc.assert(
        fc.property(anyMessage, (message) => {
          for (const table of [clientFrames, serverFrames]) {
            assert.ok(Array.isArray(readMessage(codec, message, table as FrameTable<ClientFrame>)));
          }
        }),
      );
    });

    it("take octets of every type, and what an object says of itself", () => {
      const view = new DataView(Uint8Array.of(9, 1, 2, 9).buffer, 1, 2);
      const sent = { view, buffer: Uint8Array.of(3).buffer, node: Buffer.of(4), date: new Date(0), gone: undefined };
      const [frame] = readMessage(codec, codec.encode(["pub", 1, "x", sent]), clientFrames);
      assert.deepEqual(frame?.[3 as never], {
        view: Uint8Array.of(1, 2),
        buffer: Uint8Array.of(3),
        node: Uint8Array.of(4),
        date: "1970-01-01T00:00:00.000Z",
      });
    });

    it(`refuse values that nest deeper than ${String(maxDepth)}, at both ends`, () => {
      const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);
      const deepest = codec.encode(["pub", 1, "x", nested(maxDepth)]);
      assert.ok(!(readMessage(codec, codec.batch([deepest, deepest]), clientFrames)[0] instanceof FrameFault));
      assert.throws(() => codec.encode(["pub", 1, "x", nested(maxDepth + 1)]), RangeError);
      const itself: unknown[] = [];
      itself.push(itself);
      assert.throws(() => codec.encode(["pub", 1, "x", itself]), RangeError);
    });

    it("refuse a message of the other codec", () => {
      const other = codec.subprotocol === jsonCodec.subprotocol ? Uint8Array.of(0x90) : "[]";
      assert.ok(readMessage(codec, other, clientFrames)[0] instanceof FrameFault);
    });
  });
}

describe("what is wrong with a frame", () => {
  it("is told with the name of the element, and with the request that can be answered", () => {
    for (const [frame, code, message, request] of [
      [["hello"], "bad-request", "hello: options is wrong", undefined],
      [["hello", { client: "" }], "bad-request", "hello: options.client is wrong", undefined],
      [["nonsense", 1], "unknown-operation", "operation nonsense", undefined],
      [["toString"], "unknown-operation", "operation toString", undefined],
      [["__proto__"], "unknown-operation", "operation __proto__", undefined],
      [["sub", 0, "x"], "bad-request", "sub: r is wrong", undefined],
      [["sub", 1.5, "x"], "bad-request", "sub: r is wrong", undefined],
      [["sub", 2 ** 31, "x"], "bad-request", "sub: r is wrong", undefined],
      [["sub", 1, ""], "bad-request", "sub: name is wrong", 1],
      [["sub", 1, "x".repeat(256)], "bad-request", "sub: name is wrong", 1],
      [["sub", 1, "x", { since: ["e"] }], "bad-request", "sub: options.since[1] is wrong", 1],
      [["sub", 1, "x", { since: null }], "bad-request", "sub: options.since is wrong", 1],
      [["sub", 1, "x", { rate: 0 }], "bad-request", "sub: options.rate is wrong", 1],
      [["pub", 7, -1, 1], "bad-request", "pub: channel is wrong", 7],
      [["sig", 0, -1, 1], "bad-request", "sig: channel is wrong", undefined],
      [["err", 7, { code: "x" }], "bad-request", "err: error.message is wrong", undefined],
      [["call", 7, "x", 1, { credit: -1 }], "bad-request", "call: options.credit is wrong", 7],
      [[1], "bad-request", "not a frame", undefined],
      [{}, "bad-request", "not a frame", undefined],
      [[["more", 1], 5], "bad-request", "", undefined],
    ] as const) {
      const found = frame.length === 2 && Array.isArray(frame[0]) ? undefined : faultOf(frame, clientFrames);
      if (found === undefined) continue;
      assert.equal(found.code, code);
      assert.ok(found.message.includes(message), found.message);
      assert.equal(found.request, request);
    }
    assert.match(faultOf(["d", 1, "a", "b", [["k", 1]]], serverFrames).message, /d: 4\[0\]\[2\] is wrong/u);
  });

  it("leaves the other frames of a batch as they are", () => {
    const read = readMessage(jsonCodec, '[["more",1],5,["more",2]]', clientFrames);
    assert.deepEqual(read[0], ["more", 1]);
    assert.ok(read[1] instanceof FrameFault);
    assert.deepEqual(read[2], ["more", 2]);
  });

  it("is nothing where there is more than is known, or null where an element may be left out", () => {
    const text = '[["sub",1,"x",null,"more"],["sub",1,"x",{"later":1}],["m",3,"p","q",1,null]]';
    assert.deepEqual(readMessage(jsonCodec, text, { ...clientFrames, ...serverFrames }), [
      ["sub", 1, "x", undefined, "more"],
      ["sub", 1, "x", { later: 1 }],
      ["m", 3, "p", "q", 1, undefined],
    ]);
    assert.deepEqual(readMessage(jsonCodec, "[]", clientFrames), []);
  });

  it("is that octets are no base64", () => {
    for (const text of ["A", "====", "_w==", "AA=A", " AA==", 5]) {
      const message = JSON.stringify(["g", 1, 1, 0, { $b: text }]);
      assert.ok(readMessage(jsonCodec, message, serverFrames)[0] instanceof FrameFault, String(text));
    }
  });
});
