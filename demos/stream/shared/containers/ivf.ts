// IVF, the plainest container there is: a head, and frames with their length and time. All numbers are little-endian.

/** A file that has been read. */
export interface Ivf {
  readonly fourcc: string;
  readonly width: number;
  readonly height: number;
  readonly frames: readonly IvfFrame[];
}

/** A frame of it. */
export interface IvfFrame {
  readonly mediaMs: number;
  readonly data: Uint8Array;
}

const FRAME_HEAD_BYTES = 12;

/** @throws RangeError for what is no IVF, or not whole */
export function readIvf(octets: Uint8Array): Ivf {
  const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
  const text = (at: number): string => String.fromCharCode(...octets.subarray(at, at + 4));
  if (octets.length < 32 || text(0) !== "DKIF") throw new RangeError("no IVF: it does not begin with DKIF");
  const msPerUnit = (1000 * view.getUint32(20, true)) / view.getUint32(16, true);
  const frames: IvfFrame[] = [];
  for (let at = view.getUint16(6, true); at < octets.length; ) {
    if (octets.length < at + FRAME_HEAD_BYTES) throw new RangeError("the head of a frame is not whole");
    const end = at + FRAME_HEAD_BYTES + view.getUint32(at, true);
    if (end > octets.length) throw new RangeError("a frame is not whole");
    const mediaMs = Number(view.getBigUint64(at + 4, true)) * msPerUnit;
    frames.push({ mediaMs, data: octets.subarray(at + FRAME_HEAD_BYTES, end) });
    at = end;
  }
  return { fourcc: text(8), width: view.getUint16(12, true), height: view.getUint16(14, true), frames };
}

/** RFC 6386 §9.1: the first bit of a VP8 frame is 0 in key frames. */
export function isVp8Key(data: Uint8Array): boolean {
  return ((data[0] ?? 1) & 1) === 0;
}
