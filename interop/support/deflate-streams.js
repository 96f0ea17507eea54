/**
 * Compressed messages as others make them (RFC 7692 §7.2): by the standard's own examples, by Node's zlib, and by
 * Python's `zlib` module, in the many ways that a sender may choose.
 */
import { execFileSync } from "node:child_process";
import { constants, deflateRawSync } from "node:zlib";

/**
 * A message in the fragments that it is sent in, without the four octets of the tail.
 *
 * @typedef {object} CompressedMessage
 * @property {Buffer[]} fragments
 * @property {Buffer} message
 *
 * @typedef {object} Stream what one connection is sent
 * @property {string} name
 * @property {CompressedMessage[]} messages
 */

const { Z_FINISH, Z_FIXED, Z_FULL_FLUSH, Z_HUFFMAN_ONLY, Z_RLE, Z_SYNC_FLUSH } = constants;
const tailBytes = 4;
// §7.2.3.4: an empty block behind a final one, without the tail.
const emptyBlock = Buffer.of(0x00);

/** Text that compresses, and is no repetition of one phrase. */
const sample = Buffer.from(
  Array.from({ length: 120 }, (_, index) => `{"number":${index},"square":${index * index},"word":"größer"}`).join(
    ",\n",
  ),
);
const half = Buffer.from(sample.subarray(0, sample.indexOf("\n", 2000) + 1));
const otherHalf = Buffer.from(sample.subarray(half.length));

const flushed = (/** @type {Buffer} */ octets, options = {}) =>
  deflateRawSync(octets, { finishFlush: Z_SYNC_FLUSH, ...options });
const withoutTail = (/** @type {Buffer} */ octets) => octets.subarray(0, -tailBytes);
const whole = (/** @type {Buffer} */ octets, options = {}) => ({
  fragments: [withoutTail(flushed(octets, options))],
  message: octets,
});

/** §7.2.3: the examples, all of them "Hello". */
const examples = [
  ["§7.2.3.1: one block", ["f248cdc9c90700"]],
  ["§7.2.3.1: one block in two fragments", ["f248cd", "c9c90700"]],
  ["§7.2.3.3: a block without compression", ["000500faff48656c6c6f00"]],
  ["§7.2.3.4: a final block", ["f348cdc9c9070000"]],
  ["§7.2.3.5: two blocks", ["f248050000 00ffffcac9c90700".replace(" ", "")]],
].map(([name, fragments]) => ({
  name,
  messages: [{ fragments: fragments.map((hex) => Buffer.from(hex, "hex")), message: Buffer.from("Hello") }],
}));

/** §7.2.3.2: the second "Hello" refers to the first. */
const sharedWindow = {
  name: "§7.2.3.2: a message that refers to the one before",
  messages: ["f248cdc9c90700", "f200110000"].map((hex) => ({
    fragments: [Buffer.from(hex, "hex")],
    message: Buffer.from("Hello"),
  })),
};

const ownFragments = {
  name: "fragments that refer to each other, with an empty one between",
  messages: [
    {
      fragments: [flushed(half), Buffer.alloc(0), withoutTail(flushed(otherHalf, { dictionary: half }))],
      message: sample,
    },
  ],
};

/** @type {Stream[]} */
export const nodeStreams = [
  ...examples,
  sharedWindow,
  ...[
    ["stored blocks", { level: 0 }],
    ["fixed blocks", { strategy: Z_FIXED }],
    ["Huffman codes alone", { strategy: Z_HUFFMAN_ONLY }],
    ["run lengths", { strategy: Z_RLE }],
    ["level 1", { level: 1 }],
    ["level 9", { level: 9 }],
    ["a window of 512 octets", { windowBits: 9 }],
    ["blocks as short as they get", { memLevel: 1 }],
  ].map(([name, options]) => ({ name: String(name), messages: [whole(sample, options), whole(half, options)] })),
  ownFragments,
  {
    name: "a fragment for each octet",
    messages: [{ ...whole(half), fragments: [...whole(half).fragments[0]].map((octet) => Buffer.of(octet)) }],
  },
  {
    name: "a final block at the end of each of two messages",
    messages: [half, otherHalf].map((message) => ({
      fragments: [Buffer.concat([deflateRawSync(message), emptyBlock])],
      message,
    })),
  },
  {
    name: "a final block inside a message",
    messages: [
      {
        fragments: [Buffer.concat([deflateRawSync(half, { finishFlush: Z_FINISH }), whole(otherHalf).fragments[0]])],
        message: sample,
      },
    ],
  },
  {
    name: "a final block inside a message, and a reference across it",
    messages: [
      {
        fragments: [deflateRawSync(half), withoutTail(flushed(otherHalf, { dictionary: half }))],
        message: sample,
      },
    ],
  },
  {
    name: "a full flush inside a message",
    messages: [
      {
        fragments: [Buffer.concat([flushed(half, { finishFlush: Z_FULL_FLUSH }), whole(otherHalf).fragments[0]])],
        message: sample,
      },
    ],
  },
  {
    name: "empty blocks at the beginning, inside and at the end",
    messages: [
      {
        fragments: [
          Buffer.concat([
            Buffer.from("000000ffff", "hex"),
            flushed(half),
            Buffer.from("000000ffff000000ffff", "hex"),
            flushed(otherHalf),
            emptyBlock,
          ]),
        ],
        message: sample,
      },
    ],
  },
  { name: "an empty message", messages: [{ fragments: [emptyBlock], message: Buffer.alloc(0) }] },
];

const program = `
import base64, json, sys, zlib
sample = base64.b64decode(sys.stdin.read())
half, other = sample[:2000], sample[2000:]

def deflater(level=6, strategy=zlib.Z_DEFAULT_STRATEGY, bits=15, memory=8):
    return zlib.compressobj(level, zlib.DEFLATED, -bits, memory, strategy)

def flushed(stream, octets, mode=zlib.Z_SYNC_FLUSH):
    return stream.compress(octets) + stream.flush(mode)

def whole(stream, octets):
    return [flushed(stream, octets)[:-4]]

streams = []
def add(name, *messages):
    streams.append({"name": name, "messages": [
        {"fragments": [base64.b64encode(each).decode() for each in fragments], "message": base64.b64encode(octets).decode()}
        for fragments, octets in messages]})

def both(name, stream):
    add(name, (whole(stream, half), half), (whole(stream, sample), sample), (whole(stream, half), half))

for level in (0, 1, 6, 9):
    both("level %d, context takeover" % level, deflater(level))
both("fixed blocks, context takeover", deflater(strategy=4))
both("Huffman codes alone", deflater(strategy=zlib.Z_HUFFMAN_ONLY))
for bits in range(9, 16):
    both("%d window bits" % bits, deflater(bits=bits))
both("memory level 1", deflater(memory=1))

stream = deflater()
add("full flushes", ([flushed(stream, half, zlib.Z_FULL_FLUSH), flushed(stream, other)[:-4]], sample))
add("a final block inside a message", ([flushed(deflater(), half, zlib.Z_FINISH) + flushed(deflater(), other)[:-4]], sample))
add("a final block at the end", ([flushed(deflater(), sample, zlib.Z_FINISH) + b"\\0"], sample), (whole(deflater(), half), half))
stream = deflater()
pieces = [sample[at:at + 100] for at in range(0, len(sample), 100)]
fragments = [flushed(stream, piece) for piece in pieces]
add("fragments as they come", (fragments[:-1] + [fragments[-1][:-4]], sample))
stream = deflater()
fragments = [stream.compress(piece) for piece in pieces]
add("fragments of which most are empty", (fragments + [stream.flush(zlib.Z_SYNC_FLUSH)[:-4]], sample))
json.dump(streams, sys.stdout)
`;

/**
 * @returns {Stream[] | undefined} undefined where there is no Python 3
 */
export function pythonStreams() {
  let output;
  try {
    output = execFileSync("python3", ["-c", program], {
      input: sample.toString("base64"),
      maxBuffer: 64 * 1024 * 1024,
    });
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
  const decode = (/** @type {string} */ base64) => Buffer.from(base64, "base64");
  return JSON.parse(output.toString()).map(({ name, messages }) => ({
    name,
    messages: messages.map(({ fragments, message }) => ({
      fragments: fragments.map(decode),
      message: decode(message),
    })),
  }));
}

/**
 * The frames of a message: RSV1 in the first one (RFC 7692 §6).
 *
 * @param {CompressedMessage} message
 * @param {(firstOctet: number, payload: Buffer) => Buffer} frame
 */
export function framesOf({ fragments }, frame) {
  const binary = 0x2;
  const rsv1 = 0x40;
  const fin = 0x80;
  return fragments.map((payload, index) =>
    frame((index === 0 ? binary | rsv1 : 0) | (index === fragments.length - 1 ? fin : 0), payload),
  );
}
