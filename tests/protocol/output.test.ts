import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { BufferPool, Output } from "#src/protocol/output.js";
import { concat, hexOf, octets } from "../support/octets.js";

function write(output: Output, bytes: Uint8Array): void {
  output.reserve(bytes.length).set(bytes, output.position);
  output.position += bytes.length;
}

describe("a buffer pool", () => {
  it("lends buffers of one size, and larger ones when asked", () => {
    const pool = new BufferPool(undefined, 64);
    assert.equal(pool.acquire(1).length, 64);
    assert.equal(pool.acquire(64).length, 64);
    assert.equal(pool.acquire(65).length, 65);
  });

  it("makes buffers with the function it is given", () => {
    const asked: number[] = [];
    const pool = new BufferPool((byteLength) => {
      asked.push(byteLength);
      return new Uint8Array(byteLength);
    }, 64);
    pool.acquire(1);
    pool.acquire(1000);
    assert.deepEqual(asked, [64, 1000]);
  });

  it("lends again what came back", () => {
    const pool = new BufferPool(undefined, 64);
    const buffer = pool.acquire(1);
    pool.release(buffer);
    assert.equal(pool.idleCount, 1);
    assert.equal(pool.acquire(64), buffer);
    assert.equal(pool.idleCount, 0);
  });

  it("keeps no more than it was told to, and nothing of another size", () => {
    const pool = new BufferPool(undefined, 64, 2);
    for (const buffer of [pool.acquire(1), pool.acquire(1), pool.acquire(1)]) pool.release(buffer);
    assert.equal(pool.idleCount, 2);
    const other = new BufferPool(undefined, 64, 2);
    other.release(new Uint8Array(65));
    other.release(new Uint8Array(63));
    assert.equal(other.idleCount, 0);
  });

  it("has defaults", () => {
    const pool = new BufferPool();
    assert.equal(pool.bufferBytes, 32 * 1024);
    assert.deepEqual(new Uint8Array(pool.acquire(1)), new Uint8Array(32 * 1024));
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
    const output = new Output(new BufferPool(undefined, 64));
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
    const output = new Output(new BufferPool(undefined, 4));
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
    const output = new Output(new BufferPool(undefined, 64));
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
    const pool = new BufferPool(undefined, 64);
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

  it("lets a buffer be reserved and not written", () => {
    const output = new Output(new BufferPool(undefined, 64));
    output.reserve(10);
    const batch = output.take();
    assert.deepEqual(batch.segments, []);
    assert.equal(batch.buffers.length, 1);
  });

  it("keeps everything in order, whatever is written, appended and taken", () => {
    const step = fc.record({
      kind: fc.constantFrom("write" as const, "append" as const, "take" as const),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 40 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const output = new Output(new BufferPool(() => new Uint8Array(16).fill(0xee), 16));
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
            continue;
          }
          expected.push(bytes);
          if (kind === "append") output.append(bytes);
          else write(output, bytes.slice(0, 16));
          if (kind === "write") expected[expected.length - 1] = bytes.slice(0, 16);
        }
        take();
        assert.deepEqual(concat(...taken), concat(...expected));
      }),
    );
  });
});
