/**
 * Octets that break RFC 6455, with the status code of the Close frame that they must lead to.
 *
 * Each is written for a client to send: `masked` turns the last argument into a masked payload. `toClient` gives the
 * same violation as a server would commit it.
 */

const key = [0x12, 0x34, 0x56, 0x78];

/**
 * @typedef {object} Violation
 * @property {string} name
 * @property {(frame: FrameWriter) => number[]} octets
 * @property {number} openline the code that openline answers with
 * @property {number} [ws] the code of ws, where it differs
 * @property {string} [difference] why it does
 */

/** @typedef {(firstOctet: number, payload?: number[], announced?: number[]) => number[]} FrameWriter */

/**
 * A frame as a client sends it.
 *
 * @param {number} firstOctet
 * @param {number[]} payload
 * @param {number[]} announced the second octet without MASK and what else gives the length, where that is to be wrong
 */
export function maskedFrame(firstOctet, payload = [], announced = [payload.length]) {
  const [length, ...extended] = announced;
  const masked = payload.map((octet, index) => octet ^ key[index & 3]);
  return [firstOctet, 0x80 | length, ...extended, ...key, ...masked];
}

/** A frame as a server sends it. See `maskedFrame`. */
export function plainFrame(firstOctet, payload = [], announced = [payload.length]) {
  return [firstOctet, ...announced, ...payload];
}

const text = (string) => [...Buffer.from(string)];

/** @type {Violation[]} */
export const violations = [
  { name: "§5.2: RSV1 without an extension", octets: (frame) => frame(0xc1, text("a")), openline: 1002 },
  { name: "§5.2: RSV2", octets: (frame) => frame(0xa1, text("a")), openline: 1002 },
  { name: "§5.2: RSV3", octets: (frame) => frame(0x91, text("a")), openline: 1002 },
  { name: "§5.2: RSV1 on a ping", octets: (frame) => frame(0xc9), openline: 1002 },
  { name: "§5.2: reserved opcode 3", octets: (frame) => frame(0x83), openline: 1002 },
  { name: "§5.2: reserved opcode 7", octets: (frame) => frame(0x87), openline: 1002 },
  { name: "§5.2: reserved opcode 0xB", octets: (frame) => frame(0x8b), openline: 1002 },
  { name: "§5.2: reserved opcode 0xF", octets: (frame) => frame(0x8f), openline: 1002 },
  {
    name: "§5.2: a length of 5 in 16 bits",
    octets: (frame) => frame(0x81, text("hello"), [126, 0, 5]),
    openline: 1002,
    ws: 1005,
    difference: "ws takes lengths that are not minimal",
  },
  {
    name: "§5.2: a length of 5 in 64 bits",
    octets: (frame) => frame(0x81, text("hello"), [127, 0, 0, 0, 0, 0, 0, 0, 5]),
    openline: 1002,
    ws: 1005,
    difference: "ws takes lengths that are not minimal",
  },
  {
    name: "§5.2: a length with the top bit set",
    octets: (frame) => frame(0x82, [], [127, 0x80, 0, 0, 0, 0, 0, 0, 0]),
    openline: 1002,
    ws: 1009,
    difference: "to ws every length beyond 2^53 is merely too big",
  },
  {
    name: "a length beyond 2^53",
    octets: (frame) => frame(0x82, [], [127, 0x00, 0x20, 0, 0, 0, 0, 0, 0]),
    openline: 1009,
  },
  {
    name: "a length beyond the limit",
    octets: (frame) => frame(0x82, [], [127, 0, 0, 0, 1, 0, 0, 0, 0]),
    openline: 1009,
  },
  { name: "§5.4: a continuation of nothing", octets: (frame) => frame(0x80, text("a")), openline: 1002 },
  {
    name: "§5.4: a message inside another",
    octets: (frame) => [...frame(0x01, text("a")), ...frame(0x81, text("b"))],
    openline: 1002,
  },
  { name: "§5.5: a fragmented ping", octets: (frame) => frame(0x09, text("a")), openline: 1002 },
  { name: "§5.5: a fragmented Close frame", octets: (frame) => frame(0x08), openline: 1002 },
  {
    name: "§5.5: a ping of 126 octets",
    octets: (frame) => frame(0x89, Array(126).fill(0), [126, 0, 126]),
    openline: 1002,
  },
  { name: "§5.5.1: a Close frame of one octet", octets: (frame) => frame(0x88, [3]), openline: 1002 },
  ...[0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535].map((code) => ({
    name: `§7.4: status code ${code} in a Close frame`,
    octets: (frame) => frame(0x88, [code >> 8, code & 0xff]),
    openline: 1002,
  })),
  {
    name: "§5.5.1: a reason that is no UTF-8",
    octets: (frame) => frame(0x88, [3, 0xe8, 0xc3, 0x28]),
    openline: 1007,
  },
  { name: "§8.1: text that is no UTF-8", octets: (frame) => frame(0x81, [0xc3, 0x28]), openline: 1007 },
  { name: "§8.1: text that ends inside a code point", octets: (frame) => frame(0x81, [0xe2, 0x82]), openline: 1007 },
  { name: "§8.1: a surrogate in text", octets: (frame) => frame(0x81, [0xed, 0xa0, 0x80]), openline: 1007 },
  { name: "§8.1: an overlong form in text", octets: (frame) => frame(0x81, [0xc0, 0xaf]), openline: 1007 },
  {
    name: "§8.1: a bad octet in the second fragment",
    octets: (frame) => [...frame(0x01, [0xe2, 0x82]), ...frame(0x80, [0x28])],
    openline: 1007,
  },
  {
    name: "§8.1: a bad octet in a fragment, the last one never sent",
    octets: (frame) => [...frame(0x01, [0xff]), ...frame(0x88, [3, 0xe8])],
    openline: 1007,
    ws: 1000,
    difference: "ws looks at a text once it is whole, openline as it comes",
  },
];
