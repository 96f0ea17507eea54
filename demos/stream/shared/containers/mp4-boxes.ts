// The boxes of fragmented MP4 that say what is a key frame, and when. ISO/IEC 14496-12.

/** A box. */
export interface Box {
  readonly type: string;
  /** Where its content begins and its end is, in the octets that were read. */
  readonly start: number;
  readonly end: number;
}

/** What the movie says of a track. */
export interface Track {
  readonly id: number;
  readonly isVideo: boolean;
  /** Units of time in a second. */
  readonly timescale: number;
  /** The flags of samples for which a fragment gives none (§8.8.3). */
  readonly defaultFlags: number;
}

/** What a fragment says of a track. */
export interface TrackFragment {
  readonly trackId: number;
  /** When its first sample is decoded, in the track's units. */
  readonly decodeTime: number;
  /** Where that is written, and in how many octets: 4 or 8; -1: nowhere. */
  readonly decodeTimeAt: number;
  readonly decodeTimeBytes: number;
  /** Whether the first sample is a sync sample. */
  readonly isKey: boolean;
}

const NON_SYNC = 0x1_0000;
/** Optional fields of `tfhd` (§8.8.7) before the flags, with their octets. */
const TFHD_FIELDS = [
  [0x01, 8],
  [0x02, 4],
  [0x08, 4],
  [0x10, 4],
] as const;
const TFHD_FLAGS = 0x20;
const TRUN_DATA_OFFSET = 0x01;
const TRUN_FIRST_FLAGS = 0x04;
const TRUN_DURATION = 0x100;
const TRUN_SIZE = 0x200;
const TRUN_FLAGS = 0x400;

function viewOf(octets: Uint8Array): DataView {
  return new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
}

function typeAt(view: DataView, at: number): string {
  return String.fromCharCode(...[0, 1, 2, 3].map((index) => view.getUint8(at + index)));
}

/**
 * The head of the box at `at`.
 * @returns Nothing when its head has not come.
 * @throws RangeError for a length that no box has here
 */
export function readBox(octets: Uint8Array, at: number = 0): Box | undefined {
  if (octets.length < at + 8) return undefined;
  const view = viewOf(octets);
  const size = view.getUint32(at);
  const type = typeAt(view, at + 4);
  if (size !== 1) {
    // 0 is "to the end of the file" (§4.2), and what is live has none.
    if (size < 8) throw new RangeError(`a box of ${size} octets`);
    return { type, start: at + 8, end: at + size };
  }
  if (octets.length < at + 16) return undefined;
  const large = Number(view.getBigUint64(at + 8));
  if (large < 16) throw new RangeError(`a box of ${large} octets`);
  return { type, start: at + 16, end: at + large };
}

/** The boxes in a range. */
export function boxesOf(octets: Uint8Array, start: number = 0, end: number = octets.length): Box[] {
  const boxes: Box[] = [];
  for (let at = start; at < end; ) {
    const box = readBox(octets, at);
    if (box === undefined || box.end > end) throw new RangeError("a box is longer than what it is in");
    boxes.push(box);
    at = box.end;
  }
  return boxes;
}

/** The first box at the end of a path of types. */
function find(
  octets: Uint8Array,
  { start, end }: Pick<Box, "start" | "end">,
  ...path: readonly string[]
): Box | undefined {
  let range: Box | undefined;
  for (const type of path) {
    range = boxesOf(octets, range?.start ?? start, range?.end ?? end).find((box) => box.type === type);
    if (range === undefined) return undefined;
  }
  return range;
}

/** What is in a `moov`, which is whole. */
export function readTracks(octets: Uint8Array, moov: Box): Track[] {
  const view = viewOf(octets);
  const defaults = new Map<number, number>();
  const extensions = find(octets, moov, "mvex");
  for (const { type, start } of extensions === undefined ? [] : boxesOf(octets, extensions.start, extensions.end)) {
    if (type === "trex") defaults.set(view.getUint32(start + 4), view.getUint32(start + 20));
  }
  return boxesOf(octets, moov.start, moov.end)
    .filter(({ type }) => type === "trak")
    .map((track) => {
      const header = find(octets, track, "tkhd");
      const mediaHeader = find(octets, track, "mdia", "mdhd");
      const handler = find(octets, track, "mdia", "hdlr");
      if (header === undefined || mediaHeader === undefined || handler === undefined) {
        throw new RangeError("a track without its heads");
      }
      // Version 1 has times of eight octets before it.
      const id = view.getUint32(header.start + (view.getUint8(header.start) === 1 ? 20 : 12));
      const timescale = view.getUint32(mediaHeader.start + (view.getUint8(mediaHeader.start) === 1 ? 20 : 12));
      const isVideo = typeAt(view, handler.start + 8) === "vide";
      return { id, isVideo, timescale: Math.max(1, timescale), defaultFlags: defaults.get(id) ?? 0 };
    });
}

/** What is in a `moof`, which is whole. */
export function readFragment(octets: Uint8Array, moof: Box, tracks: readonly Track[]): TrackFragment[] {
  const view = viewOf(octets);
  return boxesOf(octets, moof.start, moof.end)
    .filter(({ type }) => type === "traf")
    .map((fragment) => {
      const header = find(octets, fragment, "tfhd");
      if (header === undefined) throw new RangeError("a track fragment without its head");
      const trackId = view.getUint32(header.start + 4);
      const known = tracks.find(({ id }) => id === trackId)?.defaultFlags ?? 0;
      const flags = firstFlags(view, find(octets, fragment, "trun")) ?? fragmentFlags(view, header) ?? known;
      const time = find(octets, fragment, "tfdt");
      const decodeTimeBytes = time !== undefined && view.getUint8(time.start) === 1 ? 8 : 4;
      const decodeTimeAt = time === undefined ? -1 : time.start + 4;
      const decodeTime = decodeTimeAt < 0 ? 0 : readTime(view, decodeTimeAt, decodeTimeBytes);
      return { trackId, decodeTime, decodeTimeAt, decodeTimeBytes, isKey: (flags & NON_SYNC) === 0 };
    });
}

function readTime(view: DataView, at: number, bytes: number): number {
  return bytes === 8 ? Number(view.getBigUint64(at)) : view.getUint32(at);
}

/** The flags of samples that a fragment gives for all of its own. */
function fragmentFlags(view: DataView, { start }: Box): number | undefined {
  const has = view.getUint32(start);
  if ((has & TFHD_FLAGS) === 0) return undefined;
  const before = TFHD_FIELDS.reduce((sum, [flag, bytes]) => sum + ((has & flag) === 0 ? 0 : bytes), 0);
  return view.getUint32(start + 8 + before);
}

/** The flags of a run's first sample (§8.8.8), where it gives some. */
function firstFlags(view: DataView, run: Box | undefined): number | undefined {
  if (run === undefined) return undefined;
  const has = view.getUint32(run.start);
  const first = run.start + 8 + ((has & TRUN_DATA_OFFSET) === 0 ? 0 : 4);
  if ((has & TRUN_FIRST_FLAGS) !== 0) return view.getUint32(first);
  if ((has & TRUN_FLAGS) === 0) return undefined;
  return view.getUint32(first + ((has & TRUN_DURATION) === 0 ? 0 : 4) + ((has & TRUN_SIZE) === 0 ? 0 : 4));
}

/** A copy of a fragment that is shown so much later, in units of each of its tracks. */
export function movedFragment(
  octets: Uint8Array,
  fragments: readonly TrackFragment[],
  laterBy: (trackId: number) => number,
): Uint8Array {
  const moved = octets.slice();
  const view = viewOf(moved);
  for (const { trackId, decodeTime, decodeTimeAt, decodeTimeBytes } of fragments) {
    const time = decodeTime + laterBy(trackId);
    if (decodeTimeAt < 0) continue;
    if (decodeTimeBytes === 8) view.setBigUint64(decodeTimeAt, BigInt(time));
    else view.setUint32(decodeTimeAt, time);
  }
  return moved;
}
