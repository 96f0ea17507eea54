import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createDeflateContext, ExtensionChain } from "#src/protocol/extensions/index.js";
import type { PieceSink } from "#src/protocol/index.js";
import { everyChunking } from "../support/chunking.js";
import { SteeredCompressor } from "../support/compressors.js";
import { deflateChain, deflated, rsv1 } from "../support/deflate.js";
import { concat, hexOf, octets, utf8 } from "../support/octets.js";
import { RecordedConnection, roles } from "../support/recorded-connection.js";
import { noise } from "../support/samples.js";
import { turns } from "../support/task-queue.js";

/** Writes down what it is told, short pieces joined. */
class PieceRecorder implements PieceSink {
  readonly events: string[] = [];
  #hex = "";
  #pieces: Uint8Array[] = [];
  hasRoom = true;
  started: (() => void) | undefined;

  messageStarted(type: "text" | "binary", isTransformed: boolean): void {
    this.events.push(`${type}${isTransformed ? " transformed" : ""} begins`);
    this.started?.();
  }

  messagePiece(bytes: Uint8Array, start: number, end: number): boolean {
    this.#pieces.push(bytes.slice(start, end));
    return this.hasRoom;
  }

  /** Octets of the message that is coming. */
  get received(): Uint8Array {
    return concat(...this.#pieces);
  }

  messageEnded(): void {
    this.#hex = hexOf(this.received);
    this.#pieces = [];
    this.events.push(this.#hex.length > 70 ? `${String(this.#hex.length / 2)} octets` : this.#hex);
  }
}

function setUp(
  options: ConstructorParameters<typeof RecordedConnection>[1] = {},
  role: "client" | "server" = "server",
) {
  const recorded = new RecordedConnection(role, options);
  const sink = new PieceRecorder();
  return { recorded, sink, connection: recorded.connection };
}

/** Does everything that is asked of a compressor, and waits for what follows from it. */
async function workOf(compressor: SteeredCompressor): Promise<void> {
  await turns(1);
  await compressor.all();
}

const tiny = { maxMessageBytes: 10, maxFrameBytes: 8, maxFragmentsPerMessage: 2 };

describe("§5.4 messages that are handed on while they come", () => {
  it("are the same at every chunking, and in between come control frames", () => {
    for (const role of roles) {
      const sample = setUp({ limits: tiny }, role);
      const bytes = concat(
        ...[
          { opcode: 1, fin: false, payload: "añ€𝄞".repeat(3) },
          { opcode: 9, payload: "p" },
          { opcode: 0, fin: false, payload: "" },
          { opcode: 0, payload: "𝄞" },
          { opcode: 2, fin: false, payload: Uint8Array.of(1) },
          { opcode: 0, payload: Uint8Array.of(2, 3) },
        ].map((parts) => sample.recorded.fromPeer(parts)),
      );
      for (const { name, chunks } of everyChunking(bytes)) {
        const { recorded, sink, connection } = setUp({ limits: tiny }, role);
        connection.receiving = sink;
        recorded.receive(...chunks);
        const expected = ["text begins", hexOf(utf8(`${"añ€𝄞".repeat(3)}𝄞`)), "binary begins", "010203"];
        assert.deepEqual(sink.events, expected, name);
        assert.deepEqual(recorded.events, ["ping 70"], name);
        assert.equal(connection.heldBytes, 0);
      }
    }
  });

  it("of any length are taken, and those that lie whole in a chunk are handed on whole", () => {
    const { recorded, sink, connection } = setUp({ limits: tiny });
    connection.receiving = sink;
    recorded.receiveFrames({ opcode: 2, payload: new Uint8Array(20) });
    const long = recorded.fromPeer({ opcode: 2, payload: new Uint8Array(100) });
    recorded.receive(long.slice(0, 50), long.slice(50));
    for (let count = 0; count < 5; count++) recorded.receiveFrames({ opcode: count === 0 ? 1 : 0, fin: count === 4 });
    assert.deepEqual(sink.events, ["binary begins", "100 octets", "text begins", ""]);
    assert.equal(recorded.events.length, 1);
    connection.receiving = "whole";
    recorded.receiveFrames({ opcode: 2, payload: new Uint8Array(9) });
    assert.equal(recorded.failures[0]?.code, "frame-too-big");
  });

  it("fail at the first octet that is no UTF-8, wherever it is cut (§8.1)", () => {
    for (const hex of ["c328", "61ff", "eda080", "f09d84", "80"]) {
      const payload = octets(hex);
      for (let cut = 0; cut <= payload.byteLength; cut++) {
        const { recorded, sink, connection } = setUp();
        connection.receiving = sink;
        recorded.receiveFrames({ opcode: 1, fin: false, payload: payload.slice(0, cut) });
        recorded.receiveFrames({ opcode: 0, payload: payload.slice(cut) });
        assert.equal(recorded.failures[0]?.code, "invalid-utf8", hex);
        assert.deepEqual(sink.events, ["text begins"]);
      }
    }
  });

  it("may be refused from within", () => {
    const { recorded, sink, connection } = setUp();
    connection.receiving = sink;
    sink.started = () => connection.streamEnded();
    const frame = recorded.fromPeer({ opcode: 2, payload: new Uint8Array(100) });
    recorded.receive(frame.slice(0, 50), frame.slice(50));
    assert.deepEqual(sink.events, ["binary begins"]);
  });

  it("go on as they began, whoever comes next", () => {
    const { recorded, sink, connection } = setUp({ limits: tiny });
    connection.receiving = sink;
    recorded.receiveFrames({ opcode: 2, fin: false, payload: new Uint8Array(20) });
    connection.receiving = "whole";
    recorded.receiveFrames({ opcode: 0, payload: new Uint8Array(20) });
    recorded.receiveFrames({ opcode: 1, fin: false, payload: "a" });
    connection.receiving = "undecided";
    recorded.receiveFrames({ opcode: 0, payload: "b" });
    assert.deepEqual(sink.events, ["binary begins", "40 octets"]);
    assert.deepEqual(recorded.events, ["text ab"]);
  });
});

describe("what is to be handed on nobody knows how", () => {
  it("is handed on whole, or in pieces from its beginning on, as soon as that is known", () => {
    for (const how of ["whole", "pieces"]) {
      const { recorded, sink, connection } = setUp();
      connection.receiving = "undecided";
      recorded.receiveFrames({ opcode: 1, payload: "a" }, { opcode: 1, fin: false, payload: "b" });
      connection.receiving = how === "whole" ? "whole" : sink;
      recorded.receiveFrames({ opcode: 0, payload: "c" });
      assert.deepEqual(recorded.events, how === "whole" ? ["text a", "text bc"] : ["text a"]);
      assert.deepEqual(sink.events, how === "whole" ? [] : ["text begins", "6263"]);
    }
    const { recorded, sink, connection } = setUp();
    connection.receiving = "undecided";
    recorded.receiveFrames({ opcode: 2, fin: false, payload: "" });
    connection.receiving = sink;
    recorded.receiveFrames({ opcode: 0, payload: "c" });
    assert.deepEqual(sink.events, ["binary begins", "63"]);
  });

  it("waits where it passes a limit of sizes, at every chunking, and is judged then", () => {
    const cases = [
      { code: "frame-too-big", frames: [{ opcode: 2, payload: new Uint8Array(300) }] },
      {
        code: "message-too-big",
        frames: [
          { opcode: 2, fin: false, payload: new Uint8Array(7) },
          { opcode: 0, payload: new Uint8Array(7) },
        ],
      },
      {
        code: "too-many-fragments",
        frames: [{ opcode: 2, fin: false }, { opcode: 0, fin: false }, { opcode: 0 }],
      },
    ];
    for (const { code, frames } of cases) {
      const bytes = concat(...frames.map((parts) => setUp().recorded.fromPeer(parts)));
      for (const { name, chunks } of everyChunking(bytes, 6)) {
        for (const how of ["whole", "pieces"]) {
          const { recorded, sink, connection } = setUp({ limits: tiny });
          connection.receiving = "undecided";
          recorded.receive(...chunks);
          assert.deepEqual(recorded.events, [], name);
          connection.receiving = how === "whole" ? "whole" : sink;
          connection.resume();
          if (how === "whole") assert.equal(recorded.failures[0]?.code, code, name);
          else assert.deepEqual([recorded.failures.length, sink.events.length + recorded.events.length > 0], [0, true]);
        }
      }
    }
  });

  it("tells so, where somebody wants to hear it", () => {
    let inDoubt = 0;
    const { recorded, connection } = setUp({ limits: tiny, onSizeInDoubt: () => inDoubt++ });
    connection.receiving = "undecided";
    recorded.receiveFrames({ opcode: 2, payload: new Uint8Array(300) });
    assert.equal(inDoubt, 1);
  });
});

describe("§7.2.2 compressed messages that are handed on while they come", () => {
  function deflating(options: ConstructorParameters<typeof RecordedConnection>[1] = {}) {
    const compressor = new SteeredCompressor();
    const chain = deflateChain(createDeflateContext(compressor), "server");
    return { compressor, ...setUp({ chain, ...options }) };
  }

  it("are inflated at once where they are short and whole, and by steps otherwise", async () => {
    const { recorded, sink, connection, compressor } = deflating({ limits: tiny });
    connection.receiving = sink;
    recorded.receiveFrames({ opcode: 1, rsv: rsv1, payload: deflated("short, but beyond the limit") });
    assert.deepEqual(recorded.events, ["text short, but beyond the limit"]);
    recorded.receiveFrames({ opcode: 2, rsv: rsv1, payload: deflated(new Uint8Array(200_000)) });
    recorded.receiveFrames({ opcode: 1, payload: "after" });
    assert.ok(connection.heldBytes > 0);
    assert.equal(connection.isTransforming, true);
    await workOf(compressor);
    assert.deepEqual(sink.events, ["binary transformed begins", "200000 octets"]);
    assert.deepEqual(recorded.events.slice(1), ["text after"]);
    assert.equal(connection.heldBytes, 0);
  });

  it("are inflated by steps where they are long and whole", async () => {
    let begun = 0;
    const { recorded, sink, connection, compressor } = deflating({ onMessageBegun: () => begun++ });
    connection.receiving = sink;
    const message = noise(70_000, 1);
    recorded.receiveFrames({ opcode: 2, rsv: rsv1, payload: deflated(message) });
    await workOf(compressor);
    assert.deepEqual(sink.events, ["binary transformed begins", "70000 octets"]);
    assert.equal(begun, 1);
  });

  it("wait for room, which is nothing at work", async () => {
    const { recorded, sink, connection, compressor } = deflating();
    connection.receiving = sink;
    sink.hasRoom = false;
    connection.roomForPieces();
    recorded.receiveFrames({ opcode: 2, rsv: rsv1, fin: false, payload: deflated(new Uint8Array(200_000)) });
    await workOf(compressor);
    const { byteLength } = sink.received;
    assert.ok(byteLength > 0 && byteLength < 200_000);
    assert.equal(connection.isTransforming, false);
    connection.resume();
    assert.equal(compressor.waiting, 0);
    sink.hasRoom = true;
    connection.roomForPieces();
    assert.equal(connection.isTransforming, true);
    await workOf(compressor);
    recorded.receiveFrames({ opcode: 0, payload: "" });
    await workOf(compressor);
    assert.deepEqual(sink.events, ["binary transformed begins", "200000 octets"]);
  });

  it("are given up with the connection, at work or waiting for room", async () => {
    for (const hasRoom of [true, false]) {
      const { recorded, sink, connection, compressor } = deflating();
      connection.receiving = sink;
      sink.hasRoom = hasRoom;
      recorded.receiveFrames({ opcode: 2, rsv: rsv1, payload: deflated(new Uint8Array(200_000)) });
      await turns(1);
      await compressor.next();
      connection.streamEnded();
      await workOf(compressor);
      assert.deepEqual(sink.events, ["binary transformed begins"]);
      assert.equal(connection.heldBytes, 0);
    }
  });

  it("fail where they break off, are no text, or hold no deflate data", async () => {
    const text = deflated(concat(utf8("a".repeat(70_000)), Uint8Array.of(0xff)));
    const open = deflated(concat(utf8("a".repeat(70_000)), Uint8Array.of(0xc3)));
    for (const [payload, code] of [
      [concat(deflated(new Uint8Array(100_000)), Uint8Array.of(20, 0, 0xeb, 0xff)), "compressed-data-incomplete"],
      [concat(deflated(new Uint8Array(100_000)), octets("ffffff")), "compressed-data-invalid"],
      [text, "invalid-utf8"],
      [open, "invalid-utf8"],
    ] as const) {
      const { recorded, sink, connection, compressor } = deflating();
      connection.receiving = sink;
      const opcode = code === "invalid-utf8" ? 1 : 2;
      recorded.receiveFrames({ opcode, rsv: rsv1, fin: false, payload });
      await workOf(compressor);
      recorded.receiveFrames({ opcode: 0, payload: "" });
      await workOf(compressor);
      assert.equal(recorded.failures[0]?.code, code);
    }
  });

  it("wait for somebody to say how to hand them on where they are not short, and judged as that is said", async () => {
    for (const isWhole of [true, false]) {
      for (const how of ["whole", "pieces"]) {
        const { recorded, sink, connection, compressor } = deflating({ limits: { maxMessageBytes: 100_000 } });
        connection.receiving = "undecided";
        recorded.receiveFrames({ opcode: 1, rsv: rsv1, payload: deflated("short") });
        const payload = deflated(new Uint8Array(200_000));
        if (isWhole) recorded.receiveFrames({ opcode: 2, rsv: rsv1, payload });
        else recorded.receiveFrames({ opcode: 2, rsv: rsv1, fin: false, payload }, { opcode: 0, payload: "" });
        recorded.receiveFrames({ opcode: 1, payload: "after" });
        assert.ok(connection.heldBytes >= payload.byteLength);
        connection.receiving = how === "whole" ? "whole" : sink;
        connection.resume();
        await workOf(compressor);
        if (how === "whole") {
          assert.equal(recorded.failures[0]?.code, "message-too-big");
        } else {
          assert.deepEqual(sink.events, ["binary transformed begins", "200000 octets"]);
          assert.deepEqual(recorded.events, ["text short", "text after"]);
        }
      }
    }
  });

  it("that have begun to come are handed on as is said in their midst", async () => {
    for (const how of ["whole", "pieces"]) {
      const { recorded, sink, connection, compressor } = deflating();
      connection.receiving = "undecided";
      const payload = deflated("hello, hello, hello");
      recorded.receiveFrames({ opcode: 1, rsv: rsv1, fin: false, payload: payload.slice(0, 4) });
      connection.receiving = how === "whole" ? "whole" : sink;
      recorded.receiveFrames({ opcode: 0, payload: payload.slice(4) });
      await workOf(compressor);
      if (how === "whole") assert.deepEqual(recorded.events, ["text hello, hello, hello"]);
      else assert.deepEqual(sink.events, ["text transformed begins", hexOf(utf8("hello, hello, hello"))]);
    }
  });

  it("that have begun to be joined are judged by the limits to their end", () => {
    const { recorded, sink, connection } = deflating({ limits: { maxMessageBytes: 1000, maxFrameBytes: 1000 } });
    const payload = deflated(noise(900, 1));
    recorded.receiveFrames({ opcode: 2, rsv: rsv1, fin: false, payload });
    connection.receiving = sink;
    recorded.receiveFrames({ opcode: 0, payload: noise(900, 2) });
    assert.equal(recorded.failures[0]?.code, "message-too-big");
    assert.deepEqual(sink.events, []);
  });

  it("fail by memory that the window does not get", async () => {
    const compressor = new SteeredCompressor();
    const context = createDeflateContext(compressor);
    const chain = deflateChain(context, "server");
    const { recorded, sink, connection } = setUp({ chain });
    connection.receiving = sink;
    const slots = context.memory.slots.bind(context.memory);
    context.memory.slots = () => {
      throw new RangeError("no memory");
    };
    recorded.receiveFrames({ opcode: 2, rsv: rsv1, payload: deflated(new Uint8Array(100_000)) });
    await workOf(compressor);
    assert.equal(recorded.failures[0]?.code, "message-too-big");
    context.memory.slots = slots;
  });

  it("are handed on whole by extensions that know no pieces", () => {
    const deflate = deflateChain(createDeflateContext(new SteeredCompressor()), "server").extensions[0];
    assert.ok(deflate !== undefined);
    const plain = new Proxy(deflate, {
      get: (target, key) => {
        if (key === "receiveStream") return undefined;
        const value: unknown = Reflect.get(target, key, target);
        return typeof value === "function" ? (value.bind(target) as unknown) : value;
      },
    });
    const { recorded, sink, connection } = setUp({ chain: new ExtensionChain([plain]) });
    connection.receiving = sink;
    const payload = deflated("hello");
    recorded.receiveFrames({ opcode: 1, rsv: rsv1, payload });
    recorded.receiveFrames({ opcode: 1, rsv: rsv1, fin: false, payload }, { opcode: 0, payload: "" });
    assert.equal(new ExtensionChain([plain]).receiveStream(0x40, { piece: () => true }), undefined);
    assert.equal(new ExtensionChain([]).receiveStream(0x40, { piece: () => true }), undefined);
    assert.deepEqual(recorded.events, ["text hello", "text hello"]);
    assert.deepEqual(sink.events, []);
  });
});
