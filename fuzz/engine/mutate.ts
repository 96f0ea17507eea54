/**
 * Changing inputs by chance, a little or a lot.
 */
import type { SeededRandom } from "#src/testing/index.js";

// Around them lengths, signs and kinds change.
const notableOctets = [0, 1, 0x0a, 0x0d, 0x20, 0x7d, 0x7e, 0x7f, 0x80, 0x81, 0xfe, 0xff];

type Mutation = (input: Uint8Array, random: SeededRandom, other: Uint8Array) => Uint8Array;

const mutations: readonly Mutation[] = [
  function flipBit(input, random) {
    return withOctet(input, random, (octet) => octet ^ (1 << random.integer(0, 7)));
  },
  function setNotable(input, random) {
    return withOctet(input, random, () => random.pick(notableOctets));
  },
  function setAny(input, random) {
    return withOctet(input, random, () => random.integer(0, 255));
  },
  function addLittle(input, random) {
    return withOctet(input, random, (octet) => octet + random.integer(-4, 4));
  },
  function insert(input, random) {
    const at = random.integer(0, input.byteLength);
    return Buffer.concat([input.subarray(0, at), random.octets(random.integer(1, 8)), input.subarray(at)]);
  },
  function remove(input, random) {
    const [start, end] = range(input, random);
    return Buffer.concat([input.subarray(0, start), input.subarray(end)]);
  },
  function repeat(input, random) {
    const [start, end] = range(input, random);
    return Buffer.concat([input.subarray(0, end), input.subarray(start)]);
  },
  function swap(input, random) {
    const [start, middle] = range(input, random);
    const end = random.integer(middle, input.byteLength);
    return Buffer.concat([
      input.subarray(0, start),
      input.subarray(middle, end),
      input.subarray(start, middle),
      input.subarray(end),
    ]);
  },
  function cut(input, random) {
    return input.slice(0, random.integer(0, input.byteLength));
  },
  function splice(input, random, other) {
    const [start, end] = range(other, random);
    const at = random.integer(0, input.byteLength);
    return Buffer.concat([input.subarray(0, at), other.subarray(start, end), input.subarray(at)]);
  },
];

/** Changes an input in a few places. `other` is one to take pieces from. */
export function mutate(input: Uint8Array, random: SeededRandom, other: Uint8Array): Uint8Array {
  let changed = input;
  for (let count = random.integer(1, 4); count > 0; count--) changed = random.pick(mutations)(changed, random, other);
  return Uint8Array.from(changed);
}

function withOctet(input: Uint8Array, random: SeededRandom, change: (octet: number) => number): Uint8Array {
  const changed = Uint8Array.from(input);
  const at = random.integer(0, Math.max(0, input.byteLength - 1));
  if (at < changed.byteLength) changed[at] = change(changed[at] ?? 0);
  return changed;
}

function range(input: Uint8Array, random: SeededRandom): readonly [number, number] {
  const start = random.integer(0, input.byteLength);
  return [start, Math.min(input.byteLength, start + random.integer(0, 64))];
}
