/**
 * Frames read in the plainest way (RFC 6455 §5.2), to judge the parser by: all octets at hand, one rule after the other.
 */
import type { Limits, Role } from "#src/protocol/index.js";

/** What was found, one line each: `data 1: 48656c | 6c6f`, `control 9: 61`, and `violation` as the last. */
export function readPlainly(octets: Uint8Array, role: Role, limits: Limits, claimedBits: number): string[] {
  const source = Buffer.from(octets);
  const lines: string[] = [];
  let message: { readonly head: string; readonly frames: string[]; bytes: number } | undefined;
  let at = 0;
  while (at < source.byteLength) {
    const first = source.readUInt8(at);
    const opcode = first & 0x0f;
    const fin = first >= 0x80;
    const isControl = opcode >= 8;
    const reserved = first & 0x70;
    const isKnown = opcode <= 2 || (opcode >= 8 && opcode <= 10);
    // The reserved bits of an extension stand in the first frame of a message.
    const allowed = isControl || opcode === 0 ? 0 : claimedBits;
    if (!isKnown || (reserved & ~allowed) !== 0) return [...lines, "violation"];
    if (isControl && !fin) return [...lines, "violation"];
    if (!isControl && (opcode === 0) !== (message !== undefined)) return [...lines, "violation"];
    if (at + 1 >= source.byteLength) break;
    const second = source.readUInt8(at + 1);
    const short = second & 0x7f;
    if (second >= 0x80 !== (role === "server")) return [...lines, "violation"];
    if (isControl && short > 125) return [...lines, "violation"];
    const lengthBytes = short < 126 ? 0 : short === 126 ? 2 : 8;
    const lengthEnd = at + 2 + lengthBytes;
    const headerEnd = lengthEnd + (role === "server" ? 4 : 0);
    // The length is judged when it is there, before the masking key.
    if (lengthEnd > source.byteLength) break;
    const length =
      lengthBytes === 0
        ? BigInt(short)
        : lengthBytes === 2
          ? BigInt(source.readUInt16BE(at + 2))
          : source.readBigUInt64BE(at + 2);
    const isMinimal = lengthBytes === 0 || length > (lengthBytes === 2 ? 125n : 65_535n);
    if (!isMinimal || length >= 1n << 63n) return [...lines, "violation"];
    // What an extension will make of it may be shorter: it has the room that the limits promise.
    const isTransformed = message === undefined ? reserved !== 0 : !message.head.endsWith(" 0");
    const room = (limit: number): number => (isTransformed ? limit + Math.floor(limit / 128) + 64 : limit);
    if (!isControl && length > BigInt(room(limits.maxFrameBytes))) return [...lines, "violation"];
    const bytes = (message?.bytes ?? 0) + Number(length);
    if (!isControl && bytes > room(limits.maxMessageBytes)) return [...lines, "violation"];
    const frames = (message?.frames.length ?? 0) + 1;
    if (!isControl && frames > limits.maxFragmentsPerMessage) return [...lines, "violation"];
    const end = headerEnd + Number(length);
    if (headerEnd > source.byteLength || end > source.byteLength) break;
    const key = source.subarray(headerEnd - 4, headerEnd);
    const payload = source.subarray(headerEnd, end).map((octet, index) => {
      return role === "server" ? octet ^ (key[index % 4] ?? 0) : octet;
    });
    at = end;
    if (isControl) {
      lines.push(`control ${opcode}: ${Buffer.from(payload).toString("hex")}`);
      continue;
    }
    message ??= { head: `data ${opcode} ${reserved}`, frames: [], bytes: 0 };
    message.frames.push(Buffer.from(payload).toString("hex"));
    message.bytes = bytes;
    if (!fin) continue;
    lines.push(`${message.head}: ${message.frames.join(" | ")}`);
    message = undefined;
  }
  return lines;
}
