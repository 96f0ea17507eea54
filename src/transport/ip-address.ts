/**
 * IP addresses as text, read strictly: what proxies write into headers is believed only where it is one.
 *
 * Everything here is one pass over a text whose length is looked at first.
 */

/** An address as its 8 groups of 16 bits. An IPv4 address is the IPv6 address that maps it (RFC 4291 §2.5.5.2). */
export type IpAddress = readonly number[];

/** The addresses that begin with the same bits. */
export interface IpRange {
  readonly address: IpAddress;
  /** From 0 to 128. */
  readonly prefixBits: number;
}

const groupCount = 8;
const groupBits = 16;
const addressBits = 128;
// The longest way to write one (RFC 4291 §2.2): six groups and an IPv4 address.
const maxAddressLength = 45;
// What of zones can stand in a URL (RFC 6874 §2). The names of interfaces are made of nothing else, and have 15 octets.
const zoneName = /^[0-9A-Za-z._~-]{1,64}$/;
const mappedPrefix: readonly number[] = [0, 0, 0, 0, 0, 0xffff];
const mappedPrefixBits = 96;
/** The bits of an IPv6 address that name a subnet; the rest its owner chooses (RFC 4291 §2.5.4). */
const subnetGroups = 4;

/**
 * @param text an IPv4 address in dotted decimal, or an IPv6 address (RFC 4291 §2.2) without brackets; its zone (RFC
 *   4007 §11) says where it is to be found on this machine, and is left out
 * @returns undefined where it is neither
 */
export function parseIpAddress(text: string): IpAddress | undefined {
  if (!text.includes(":")) {
    const groups = parseIpv4(text);
    return groups && [...mappedPrefix, ...groups];
  }
  const zone = text.indexOf("%");
  if (zone === -1) return parseIpv6(text);
  return zoneName.test(text.slice(zone + 1)) ? parseIpv6(text.slice(0, zone)) : undefined;
}

function parseIpv4(text: string): number[] | undefined {
  if (text.length > "255.255.255.255".length) return undefined;
  const octets = text.split(".").map(parseDecimalOctet);
  const [first, second, third, fourth, ...others] = octets;
  if (first === undefined || second === undefined || third === undefined || fourth === undefined) return undefined;
  return others.length > 0 ? undefined : [first * 256 + second, third * 256 + fourth];
}

/** A leading zero makes it octal to some readers and decimal to others, so that it is neither here. */
function parseDecimalOctet(text: string): number | undefined {
  const value = parseDigits(text, 10, 3);
  return value === undefined || value > 255 || (text.length > 1 && text.startsWith("0")) ? undefined : value;
}

function parseDigits(text: string, base: 10 | 16, maxDigits: number): number | undefined {
  if (text.length === 0 || text.length > maxDigits) return undefined;
  let value = 0;
  for (let index = 0; index < text.length; index++) {
    const digit = digitOf(text.charCodeAt(index));
    if (digit >= base) return undefined;
    value = value * base + digit;
  }
  return value;
}

/** The value of a digit, hexadecimal ones included; what is none is too large for any base. */
function digitOf(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lowercase = code | 0x20;
  return lowercase >= 0x61 && lowercase <= 0x66 ? lowercase - 0x61 + 10 : Number.POSITIVE_INFINITY;
}

function parseIpv6(text: string): number[] | undefined {
  if (text.length > maxAddressLength) return undefined;
  const [before = "", after, ...others] = text.split("::");
  if (others.length > 0) return undefined;
  const head = parseGroups(before, after === undefined);
  const tail = after === undefined ? [] : parseGroups(after, true);
  if (head === undefined || tail === undefined) return undefined;
  // RFC 4291 §2.2: "::" stands for one or more groups of zeros.
  const missing = groupCount - head.length - tail.length;
  if (after === undefined ? missing !== 0 : missing < 1) return undefined;
  return [...head, ...Array<number>(missing).fill(0), ...tail];
}

function parseGroups(text: string, isEnd: boolean): number[] | undefined {
  if (text === "") return [];
  const parts = text.split(":");
  const groups: number[] = [];
  for (const [index, part] of parts.entries()) {
    const isLast = index === parts.length - 1;
    const found = isEnd && isLast && part.includes(".") ? parseIpv4(part) : [parseDigits(part, 16, 4)];
    if (found === undefined) return undefined;
    for (const group of found) {
      if (group === undefined) return undefined;
      groups.push(group);
    }
  }
  return groups;
}

/**
 * @param text an address, or an address, a slash and the number of bits that count (RFC 4632 §3.1, RFC 4291 §2.3)
 * @returns undefined where it is neither
 */
export function parseIpRange(text: string): IpRange | undefined {
  const slash = text.indexOf("/");
  const addressText = slash === -1 ? text : text.slice(0, slash);
  const address = parseIpAddress(addressText);
  if (address === undefined) return undefined;
  if (slash === -1) return { address, prefixBits: addressBits };
  const bits = parseDigits(text.slice(slash + 1), 10, 3);
  const prefixBits = addressText.includes(":") || bits === undefined ? bits : bits + mappedPrefixBits;
  return prefixBits === undefined || prefixBits > addressBits ? undefined : { address, prefixBits };
}

/** Whether an address lies in a range. */
export function isInRange(address: IpAddress, range: IpRange): boolean {
  let bits = range.prefixBits;
  for (let index = 0; bits > 0; index++) {
    const ignored = Math.max(0, groupBits - bits);
    if ((address[index] ?? 0) >> ignored !== (range.address[index] ?? 0) >> ignored) return false;
    bits -= groupBits;
  }
  return true;
}

/** Whether two texts name the same address, however they are written. */
export function isSameAddress(left: string | undefined, right: string | undefined): boolean {
  if (left === right) return true;
  const [one, other] = [left, right].map((text) => (text === undefined ? undefined : parseIpAddress(text)));
  return one !== undefined && other !== undefined && isInRange(one, { address: other, prefixBits: addressBits });
}

/** Whether an address is this machine's own to itself: 127.0.0.0/8 (RFC 1122 §3.2.1.3) or ::1 (RFC 4291 §2.5.3). */
export function isLoopback(address: IpAddress): boolean {
  return loopbackRanges.some((range) => isInRange(address, range));
}

const loopbackRanges: readonly IpRange[] = [
  { address: [...mappedPrefix, 0x7f00, 0], prefixBits: mappedPrefixBits + 8 },
  { address: [0, 0, 0, 0, 0, 0, 0, 1], prefixBits: addressBits },
];

/**
 * A name for whoever has an address: the address of IPv4, and of IPv6 the subnet of 64 bits, in which one peer may take
 * any address it likes.
 *
 * @param text an address; what is none is a name by itself
 */
export function ownerOf(text: string): string {
  if (!text.includes(":")) return text;
  const address = parseIpAddress(text);
  if (address === undefined) return text;
  const isIpv4 = mappedPrefix.every((group, index) => address[index] === group);
  if (!isIpv4)
    return `${address
      .slice(0, subnetGroups)
      .map((group) => group.toString(16))
      .join(":")}::/64`;
  const [high = 0, low = 0] = address.slice(mappedPrefix.length);
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}
