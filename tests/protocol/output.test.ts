import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { PoolSizes } from "#src/protocol/output.js";
import { BufferPool, Output } from "#src/protocol/output.js";
import { SharedOctets } from "#src/protocol/shared-octets.js";
import { concat, hexOf, octets } from "../support/octets.js";

function write(output: Output, bytes: Uint8Array): void {
  output.reserve(bytes.length).set(bytes, output.position);
  output.position += bytes.length;
}

const sizes: PoolSizes = { smallBytes: 64, largeBytes: 256, maxIdleSmall: 2, maxIdleLarge: 1 };

describe("a buffer pool", () => {
  it("lends buffers of two sizes, and others made to measure", () => {
    const pool = new BufferPool(undefined, sizes);
    const lengths = [1, 64, 65, 256, 257].map((minBytes) => pool.acquire(minBytes).length);
    assert.deepEqual(lengths, [64, 64, 256, 256, 257]);
  });

  it("makes buffers with the function it is given", () => {
    const asked: number[] = [];
    const pool = new BufferPool((byteLength) => {
      asked.push(byteLength);
      return new Uint8Array(byteLength);
    }, sizes);
    pool.acquire(1);
    pool.acquire(100);
    pool.acquire(1000);
    assert.deepEqual(asked, [64, 256, 1000]);
  });

  it("lends again what came back", () => {
    const pool = new BufferPool(undefined, sizes);
    const small = pool.acquire(1);
    const large = pool.acquire(65);
    pool.release(small);
    pool.release(large);
    assert.equal(pool.idleCount, 2);
    assert.equal(pool.acquire(256), large);
    assert.equal(pool.acquire(64), small);
    assert.equal(pool.idleCount, 0);
  });

  it("keeps no more than it was told to, and nothing of another size", () => {
    const pool = new BufferPool(undefined, sizes);
    const lent = [1, 1, 1, 65, 65].map((minBytes) => pool.acquire(minBytes));
    for (const buffer of lent) pool.release(buffer);
    assert.equal(pool.idleCount, 3);
    const other = new BufferPool(undefined, sizes);
    for (const length of [0, 63, 65, 255, 257]) other.release(new Uint8Array(length));
    assert.equal(other.idleCount, 0);
  });

  it("has defaults", () => {
    const pool = new BufferPool();
    assert.deepEqual(pool.sizes, { smallBytes: 4096, largeBytes: 65_536, maxIdleSmall: 1024, maxIdleLarge: 64 });
    assert.deepEqual(new Uint8Array(pool.acquire(1)), new Uint8Array(4096));
  });
});

describe("an output", () => {
  it("owns no buffer while it has nothing to send", () => {
    const pool = new BufferPool(() => assert.fail("nobody needs a buffer"));
    const output = new Output(pool);
    assert.equal(output.buffer, undefined);
    assert.equal(output.byteLength, 0);
    assert.deepEqual(output.take(), { segments: [], byteLength: 0, buffers: [] });
  });

  it("collects what is written in one segment", () => {
    const output = new Output(new BufferPool(undefined, { smallBytes: 64, largeBytes: 64 }));
    write(output, octets("0102"));
    write(output, octets("03"));
    assert.equal(output.byteLength, 3);
    const batch = output.take();
    assert.deepEqual(batch.segments.map(hexOf), ["010203"]);
    assert.equal(batch.byteLength, 3);
    assert.equal(batch.buffers.length, 1);
    assert.equal(output.byteLength, 0);
    assert.equal(output.buffer, undefined);
  });

  it("goes on in another buffer when one is full", () => {
    const output = new Output(new BufferPool(undefined, { smallBytes: 4, largeBytes: 4 }));
    write(output, octets("010203"));
    write(output, octets("0405"));
    write(output, octets("060708090a"));
    const batch = output.take();
    assert.deepEqual(batch.segments.map(hexOf), ["010203", "0405", "060708090a"]);
    assert.equal(batch.byteLength, 10);
    assert.deepEqual(
      batch.buffers.map((buffer) => buffer.length),
      [4, 4, 5],
    );
  });

  it("keeps large octets by reference, in their place", () => {
    const output = new Output(new BufferPool(undefined, { smallBytes: 64, largeBytes: 64 }));
    const large = octets("aabbcc");
    output.append(large);
    write(output, octets("01"));
    output.append(large);
    output.append(large);
    write(output, octets("02"));
    assert.equal(output.byteLength, 11);
    const { segments, buffers } = output.take();
    assert.deepEqual(segments.map(hexOf), ["aabbcc", "01", "aabbcc", "aabbcc", "02"]);
    assert.equal(segments[0], large);
    // Between two references the same buffer is filled on.
    assert.equal(buffers.length, 1);
  });

  it("gives a batch's buffers back to the pool, and those of what it drops", () => {
    const pool = new BufferPool(undefined, { smallBytes: 64, largeBytes: 64 });
    const output = new Output(pool);
    write(output, octets("01"));
    output.release(output.take());
    assert.equal(pool.idleCount, 1);
    write(output, octets("02"));
    output.append(octets("03"));
    assert.equal(pool.idleCount, 0);
    output.clear();
    assert.equal(pool.idleCount, 1);
    assert.equal(output.byteLength, 0);
    assert.deepEqual(output.take().segments, []);
  });

  it("gives back every buffer of what it drops, but for those made to measure", () => {
    const pool = new BufferPool(undefined, { smallBytes: 4, largeBytes: 8 });
    const output = new Output(pool);
    for (const length of [3, 8, 20]) write(output, new Uint8Array(length));
    output.clear();
    assert.equal(pool.idleCount, 2);
    assert.deepEqual(
      [pool.acquire(1), pool.acquire(8)].map(({ length }) => length),
      [4, 8],
    );
  });

  it("lets a buffer be reserved and not written", () => {
    const output = new Output(new BufferPool(undefined, { smallBytes: 64, largeBytes: 64 }));
    output.reserve(10);
    const batch = output.take();
    assert.deepEqual(batch.segments, []);
    assert.equal(batch.buffers.length, 1);
  });

  it("goes on in a large buffer when a small one is full", () => {
    const output = new Output(new BufferPool(undefined, { smallBytes: 4, largeBytes: 16 }));
    write(output, octets("010203"));
    write(output, octets("0405"));
    assert.deepEqual(
      output.take().buffers.map((buffer) => buffer.length),
      [4, 16],
    );
  });

  it("tells what waits without taking it", () => {
    const pool = new BufferPool(undefined, { smallBytes: 64 });
    const output = new Output(pool);
    assert.deepEqual(output.segments(), []);
    write(output, octets("01"));
    output.append(octets("02"));
    assert.deepEqual(output.segments().map(hexOf), ["01", "02"]);
    assert.equal(output.byteLength, 2);
    assert.deepEqual(output.segments().map(hexOf), ["01", "02"]);
    output.forget();
    assert.equal(output.byteLength, 0);
    // Somebody may still read it.
    assert.equal(pool.idleCount, 0);
  });

  it("joins shared octets that lie in a row, and refers to them where they lie", () => {
    const output = new Output(new BufferPool(() => assert.fail("nothing is copied")));
    const shared = new SharedOctets(octets("000102030405"));
    output.appendShared(shared, 1, 3);
    output.appendShared(shared, 3, 4);
    assert.equal(output.byteLength, 3);
    const [segment, ...others] = output.segments();
    assert.equal(hexOf(segment as Uint8Array), "010203");
    assert.equal(segment?.buffer, shared.bytes.buffer);
    assert.deepEqual(others, []);
  });

  it("copies short shared octets that do not come first, and refers to long ones", () => {
    const output = new Output(new BufferPool(undefined, { smallBytes: 64 }));
    const short = new SharedOctets(octets("0a0b"));
    const long = new SharedOctets(new Uint8Array(2000).fill(0x0c));
    write(output, octets("01"));
    output.appendShared(short, 0, 2);
    output.appendShared(long, 0, 2000);
    output.appendShared(short, 0, 2);
    write(output, octets("02"));
    assert.equal(output.byteLength, 2006);
    const { segments } = output.take();
    assert.deepEqual(
      segments.map(({ length }) => length),
      [3, 2000, 3],
    );
    assert.equal(segments[1]?.buffer, long.bytes.buffer);
    assert.equal(hexOf(concat(...segments)), `010a0b${"0c".repeat(2000)}0a0b02`);
  });

  it("had better refer to what is long, where its memory is not only lent", () => {
    const pool = new BufferPool();
    const output = new Output(pool);
    const lent = new Uint8Array(20_000);
    const own = new Uint8Array(20_000);
    assert.deepEqual([output.refersTo(own, 16_383), output.refersTo(own, 16_384)], [false, true]);
    pool.lentMemory = lent.buffer;
    assert.deepEqual([output.refersTo(lent.subarray(1), 19_999), output.refersTo(own, 20_000)], [false, true]);
    pool.lentMemory = undefined;
    assert.equal(output.refersTo(lent, 20_000), true);
  });

  it("has lost nothing where there was no memory", () => {
    let hasMemory = true;
    const pool = new BufferPool(
      (byteLength) => {
        if (!hasMemory) throw new RangeError("no memory");
        return new Uint8Array(byteLength);
      },
      { smallBytes: 4, largeBytes: 8 },
    );
    const output = new Output(pool);
    write(output, octets("010203"));
    hasMemory = false;
    assert.throws(() => output.reserve(4), RangeError);
    write(output, octets("04"));
    assert.equal(output.byteLength, 4);
    assert.deepEqual(output.segments().map(hexOf), ["01020304"]);
    output.clear();
    // Given back once, so that no two will ever write into it.
    assert.equal(pool.idleCount, 1);
  });

  it("keeps no more than four times its octets in memory for a shared piece that may wait for long", () => {
    class WaitingOutput extends Output {
      protected override mayWaitLong = true;
    }
    const output = new WaitingOutput(new BufferPool());
    const shared = new SharedOctets(new Uint8Array(20_000).fill(1));
    // Less than a quarter of what it lies in, and one octet more.
    output.appendShared(shared, 0, 4_999);
    output.appendShared(shared, 10_000, 15_000);
    // What goes on where the last one ended costs nothing.
    output.appendShared(shared, 15_000, 15_001);
    output.appendShared(shared, 0, 10);
    const { segments } = output.take();
    assert.deepEqual(
      segments.map(({ byteLength, buffer }) => [byteLength, buffer === shared.bytes.buffer]),
      [
        [4_999, false],
        [5_001, true],
        [10, false],
      ],
    );
  });

  it("keeps everything in order, whatever is written, appended, shared and taken", () => {
    const step = fc.record({
      kind: fc.constantFrom("write", "append", "share", "share again", "share long", "take", "look"),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 40 }),
    });
    class PatientOutput extends Output {
      mayWait(isIt: boolean): void {
        this.mayWaitLong = isIt;
      }
    }
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), fc.boolean(), (steps, mayWait) => {
        const pool = new BufferPool(() => new Uint8Array(16).fill(0xee), { smallBytes: 16, largeBytes: 16 });
        const output = new PatientOutput(pool);
        output.mayWait(mayWait);
        const shared = new SharedOctets(new Uint8Array(2000));
        const long = new SharedOctets(new Uint8Array(4000).map((_octet, index) => index % 251));
        let sharedEnd = 0;
        const expected: Uint8Array[] = [];
        const taken: Uint8Array[] = [];
        const take = (): void => {
          const waiting = output.byteLength;
          const batch = output.take();
          assert.equal(batch.byteLength, waiting);
          assert.equal(concat(...batch.segments).length, waiting);
          taken.push(concat(...batch.segments));
          for (const buffer of batch.buffers) buffer.fill(0xdd);
          output.release(batch);
        };
        for (const { kind, bytes } of steps) {
          if (kind === "take") {
            take();
          } else if (kind === "look") {
            output.segments();
          } else if (kind === "share again") {
            // Somewhere before what was shared last.
            const end = Math.min(bytes.length, sharedEnd);
            output.appendShared(shared, 0, end);
            expected.push(shared.bytes.slice(0, end));
          } else if (kind === "share long") {
            output.appendShared(long, bytes.length, 2000);
            expected.push(long.bytes.slice(bytes.length, 2000));
          } else if (kind === "share") {
            shared.bytes.set(bytes, sharedEnd);
            output.appendShared(shared, sharedEnd, sharedEnd + bytes.length);
            sharedEnd += bytes.length;
            expected.push(bytes);
          } else if (kind === "append") {
            output.append(bytes);
            expected.push(bytes);
          } else {
            write(output, bytes.slice(0, 16));
            expected.push(bytes.slice(0, 16));
          }
        }
        take();
        assert.deepEqual(concat(...taken), concat(...expected));
      }),
    );
  });
});

describe("the memory of an output", () => {
  const pool = (): BufferPool => new BufferPool(undefined, sizes);

  it("is none while nothing waits", () => {
    const output = new Output(pool());
    assert.equal(output.heldBytes, 0);
    assert.equal(output.countHeldBytes(new Set()), 0);
  });

  it("is that of its buffers, of what it refers to, and of the pieces", () => {
    const output = new Output(pool());
    write(output, new Uint8Array(10));
    assert.ok(output.heldBytes >= 64);
    output.append(new Uint8Array(1000));
    write(output, new Uint8Array(200));
    assert.ok(output.heldBytes >= 1000 + 256);
    assert.ok(output.countHeldBytes(new Set()) >= 64 + 1000 + 256);
    output.clear();
    assert.equal(output.heldBytes, 0);
  });

  it("is counted once where several outputs refer to the same", () => {
    const message = new Uint8Array(50_000);
    const shared = new SharedOctets(new Uint8Array(50_000));
    const outputs = [0, 1, 2].map(() => new Output(pool()));
    for (const output of outputs) {
      output.append(message);
      output.appendShared(shared, 0, 40_000);
    }
    const counted = new Set<ArrayBufferLike>();
    const [first, ...others] = outputs.map((output) => output.countHeldBytes(counted));
    assert.ok((first ?? 0) >= 100_000);
    for (const other of others) assert.ok(other < 1000);
    for (const output of outputs) assert.ok(output.heldBytes >= 90_000);
  });

  it("counts all of a short memory that a view keeps, but of a long one only what it shows", () => {
    const [short, long] = [60_000, 10_000_000].map((byteLength) => {
      const output = new Output(pool());
      output.append(new Uint8Array(byteLength).subarray(0, 100));
      return output.countHeldBytes(new Set());
    });
    assert.ok((short ?? 0) >= 60_000 && (short ?? 0) < 61_000);
    assert.ok((long ?? 0) < 70_000);
  });
});
