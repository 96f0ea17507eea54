import assert from "node:assert/strict";
import { Blob } from "node:buffer";
import { Duplex } from "node:stream";
import { describe, it } from "node:test";
import { PerMessageDeflate } from "#src/compat/ws/per-message-deflate.js";
import { Sender } from "#src/compat/ws/sender.js";
import { type Frame, readFrames } from "../../support/frames.js";

/** A stream that keeps what is written into it. */
class Sink extends Duplex {
  readonly written: Buffer[] = [];

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.written.push(chunk);
    done();
  }

  get frames(): Frame[] {
    return readFrames(Buffer.concat(this.written));
  }
}

/** What was sent, in short. */
function shown(frames: readonly Frame[]): [opcode: number, fin: boolean, text: string][] {
  return frames.map(({ opcode, fin, payload }) => [opcode, fin, Buffer.from(payload).toString()]);
}

function negotiated(parameters: Record<string, true[]>, threshold?: number): PerMessageDeflate {
  const deflate = new PerMessageDeflate({ threshold });
  deflate.accept([parameters]);
  return deflate;
}

function untilSent(send: (sent: (error?: Error | null) => void) => void): Promise<Error | null | undefined> {
  return new Promise((resolve) => send(resolve));
}

describe("a sender in the shape of ws", () => {
  it("frames text, octets and fragments", async () => {
    const sink = new Sink();
    const sender = new Sender(sink);
    sender.send("text €", { fin: true });
    sender.send(new Uint8Array(new Uint8Array([0, 104, 105, 0]).buffer, 1, 2), { binary: true, fin: true });
    sender.send(new Uint8Array([104, 105]).buffer, { binary: true, fin: true });
    sender.send("", { fin: true });
    sender.send("one", { fin: false });
    sender.ping("p");
    sender.send("two", { fin: true });
    sender.pong(Buffer.from("q"));
    const error = await untilSent((sent) => sender.close(1000, "bye", false, sent));
    assert.deepEqual(
      [error ?? undefined, shown(sink.frames)],
      [
        undefined,
        [
          [1, true, "text €"],
          [2, true, "hi"],
          [2, true, "hi"],
          [1, true, ""],
          [1, false, "one"],
          [9, true, "p"],
          [0, true, "two"],
          [10, true, "q"],
          [8, true, Buffer.from([0x03, 0xe8, 0x62, 0x79, 0x65]).toString()],
        ],
      ],
    );
  });

  it("masks with keys of its own or of its caller's, and leaves the caller's octets as they are", () => {
    const sink = new Sink();
    const data = Buffer.from("the caller's");
    new Sender(sink, {}, (mask) => mask.set([1, 2, 3, 4])).send(data, { fin: true, mask: true });
    for (let count = 0; count < 3; count++) new Sender(sink).send("again", { fin: true, mask: true });
    const { frames } = sink;
    assert.deepEqual(frames[0]?.key, Uint8Array.of(1, 2, 3, 4));
    assert.deepEqual(
      frames.map(({ payload }) => Buffer.from(payload).toString()),
      ["the caller's", "again", "again", "again"],
    );
    assert.equal(data.toString(), "the caller's");
    assert.equal(new Set(frames.map(({ key }) => String(key))).size, 4);
  });

  it("frames by itself", () => {
    const long = Buffer.alloc(70_000, "a");
    for (const mask of [false, true]) {
      const parts = Sender.frame(long, { opcode: 2, fin: true, mask, rsv1: true });
      const [frame] = readFrames(Buffer.concat(parts));
      assert.deepEqual([frame?.opcode, frame?.rsv, frame?.isMasked, frame?.lengthOctets], [2, 4, mask, 9]);
      assert.ok(frame !== undefined && long.equals(frame.payload));
    }
    assert.deepEqual(Sender.frame("€", { opcode: 1, fin: true }), [
      Buffer.from("8103", "hex"),
      Buffer.from("e282ac", "hex"),
    ]);
  });

  it("keeps the order of what waits for a Blob or for zlib", async () => {
    const sink = new Sink();
    const sender = new Sender(sink, { "permessage-deflate": negotiated({}) });
    sender.send("compressed compressed compressed", { fin: true, compress: true });
    sender.send(new Blob(["blob"]), { binary: true, fin: true });
    sender.ping("after");
    await untilSent((sent) => sender.close(undefined, undefined, false, sent));
    const [first, ...others] = sink.frames;
    assert.deepEqual([first?.rsv, first?.opcode], [4, 1]);
    assert.ok((first?.payload.byteLength ?? 99) < 20);
    assert.deepEqual(shown(others), [
      [2, true, "blob"],
      [9, true, "after"],
      [8, true, ""],
    ]);
  });

  it("compresses all fragments of a message or none, as its first one is long enough", async () => {
    const sink = new Sink();
    const deflate = negotiated({ client_no_context_takeover: [true] }, 3);
    const sender = new Sender(sink, { "permessage-deflate": deflate });
    sender.send("123", { fin: false, compress: true });
    sender.send("12", { fin: true, compress: true });
    sender.send("12", { fin: false, compress: true });
    await untilSent((sent) => sender.send("123", { fin: true, compress: true }, sent));
    assert.deepEqual(
      sink.frames.map(({ rsv, opcode, payload }) => [rsv, opcode, payload.byteLength > 3]),
      [
        [4, 1, true],
        [0, 0, true],
        [0, 1, false],
        [0, 0, false],
      ],
    );
  });

  it("tells everyone who waits when the stream is gone", async () => {
    const sink = new Sink();
    const sender = new Sender(sink, { "permessage-deflate": negotiated({}) });
    const errors = Promise.all([
      untilSent((sent) => sender.send("one", { fin: true, compress: true }, sent)),
      untilSent((sent) => sender.send("two", { fin: true }, sent)),
    ]);
    sink.destroy();
    assert.deepEqual(
      (await errors).map((error) => error?.message),
      Array(2).fill("The socket was closed while data was being compressed"),
    );
    const other = new Sink();
    const reading = untilSent((sent) => new Sender(other).send(new Blob(["blob"]), { fin: true }, sent));
    other.destroy();
    assert.equal((await reading)?.message, "The socket was closed while the blob was being read");
  });

  it("refuses control payloads and close codes that nobody may send", () => {
    const sender = new Sender(new Sink());
    const long = "a".repeat(126);
    assert.throws(() => sender.ping(long), /^RangeError: The data size must not be greater than 125 bytes$/u);
    assert.throws(() => sender.pong(Buffer.from(long)), RangeError);
    assert.throws(() => sender.close(1004), /^TypeError: First argument must be a valid error code number$/u);
    assert.throws(
      () => sender.close(1000, "a".repeat(124)),
      /^RangeError: The message must not be greater than 123 bytes$/u,
    );
    const floats = new Float32Array(2) as unknown as Uint8Array;
    assert.throws(() => sender.close(1000, floats), /^TypeError: Second argument must be a string or a Uint8Array$/u);
  });
});
