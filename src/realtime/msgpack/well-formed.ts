/**
 * Whether octets are one value of MessagePack, looked at without making anything of them: a decoder allocates what an
 * array says that it has, so that a few octets could ask for gigabytes.
 */

/** How an object begins: how many octets of length follow, and what follows those. */
interface Format {
  readonly lengthOctets: 0 | 1 | 2 | 4;
  /** Octets that follow beside those that the length counts; they include the type of an extension. */
  readonly octets: number;
  /** What the length counts. */
  readonly counts: "octets" | "elements" | "pairs";
}

const nothing: Format = { lengthOctets: 0, octets: 0, counts: "octets" };

function fixed(octets: number): Format {
  return { lengthOctets: 0, octets, counts: "octets" };
}

function counted(lengthOctets: 1 | 2 | 4, counts: Format["counts"]): Format {
  return { lengthOctets, octets: 0, counts };
}

/** What begins with the octets from 0xc0 to 0xdf; undefined for what must not be sent: extensions, and 0xc1. */
const formats: readonly (Format | undefined)[] = [
  ...[nothing, undefined, nothing, nothing],
  ...[counted(1, "octets"), counted(2, "octets"), counted(4, "octets")],
  ...[undefined, undefined, undefined],
  ...[fixed(4), fixed(8)],
  ...[fixed(1), fixed(2), fixed(4), fixed(8), fixed(1), fixed(2), fixed(4), fixed(8)],
  ...[undefined, undefined, undefined, undefined, undefined],
  ...[counted(1, "octets"), counted(2, "octets"), counted(4, "octets")],
  ...[counted(2, "elements"), counted(4, "elements"), counted(2, "pairs"), counted(4, "pairs")],
];

/**
 * Looks through a message.
 *
 * @param maxDepth how deep arrays and maps may nest
 * @returns what is wrong with it; undefined where nothing is
 */
export function flawOf(message: Uint8Array, maxDepth: number): string | undefined {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  /** Values that are still to come, of each array and map that is open. */
  const open: number[] = [1];
  let at = 0;
  while (open.length > 0) {
    const remaining = open.pop() as number;
    if (remaining === 0) continue;
    open.push(remaining - 1);
    if (at >= message.length) return "the message ends within a value";
    const head = view.getUint8(at++);
    let inner = 0;
    if (head < 0x80 || head >= 0xe0) continue;
    if (head < 0x90) inner = 2 * (head & 0x0f);
    else if (head < 0xa0) inner = head & 0x0f;
    else if (head < 0xc0) at += head & 0x1f;
    else {
      const format = formats[head - 0xc0];
      if (format === undefined) return `an extension or a reserved octet: 0x${head.toString(16)}`;
      if (at + format.lengthOctets > message.length) return "the message ends within a value";
      const length = lengthAt(view, at, format.lengthOctets);
      at += format.lengthOctets + format.octets;
      if (format.counts === "octets") at += length;
      else inner = format.counts === "pairs" ? 2 * length : length;
    }
    // Each value takes an octet at least.
    if (at + inner > message.length) return "the message ends within a value";
    if ((head >= 0x80 && head < 0xa0) || head >= 0xdc) {
      if (open.length > maxDepth) return `values nest deeper than ${String(maxDepth)}`;
      open.push(inner);
    }
  }
  return at === message.length ? undefined : "octets behind the value";
}

function lengthAt(view: DataView, at: number, octets: Format["lengthOctets"]): number {
  if (octets === 0) return 0;
  if (octets === 1) return view.getUint8(at);
  return octets === 2 ? view.getUint16(at) : view.getUint32(at);
}
