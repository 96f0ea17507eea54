// Takes WebM apart, as recorders make it while they record: clusters of unknown length, which come block by block. Beside
// a key frame that begins a cluster, a piece may end behind any block, so nothing waits for the end of a cluster.
// RFC 8794 (EBML), RFC 9559 (Matroska).
import { ByteQueue, joinOctets } from "./byte-queue.js";
import { ELEMENT_BYTES_MAX, type Piece, type Splitter } from "./splitter.js";

const ID = {
  segment: 0x18538067,
  timestampScale: 0x2ad7b1,
  info: 0x1549a966,
  tracks: 0x1654ae6b,
  trackEntry: 0xae,
  trackNumber: 0xd7,
  trackType: 0x83,
  cluster: 0x1f43b675,
  timestamp: 0xe7,
  simpleBlock: 0xa3,
  blockGroup: 0xa0,
  block: 0xa1,
  referenceBlock: 0xfb,
} as const;
const VIDEO = 1;
const KEY_FRAME_FLAG = 0x80;
const NANOSECONDS_PER_MS = 1_000_000;

interface Element {
  readonly id: number;
  /** Undefined: until another element begins that cannot be within it (RFC 8794 §6.2). */
  readonly size: number | undefined;
  readonly headBytes: number;
}

interface Block {
  readonly track: number;
  readonly offset: number;
  readonly isKey: boolean;
}

/** See the head of this file. */
export class WebmSplitter implements Splitter {
  readonly #octets = new ByteQueue(ELEMENT_BYTES_MAX);
  readonly #head: Uint8Array[] = [];
  init: Uint8Array | undefined;
  #videoTrack: number | undefined;
  #msPerUnit = 1;
  #clusterTime = 0;
  /** What stands in a cluster before its first picture, which says whether a piece begins here. */
  #held: Uint8Array[] = [];
  #isAtStart = false;

  push(octets: Uint8Array): Piece[] {
    this.#octets.push(octets);
    const pieces: Piece[] = [];
    for (;;) {
      const element = readElement(this.#octets.octets);
      if (element === undefined) return joined(pieces);
      const { id, size, headBytes } = element;
      // Of these the head is all that is looked at by itself; what is in them comes next.
      const isEntered = id === ID.segment || id === ID.cluster;
      if (!isEntered && size === undefined) throw new RangeError(`element ${id.toString(16)} has no length`);
      const whole = this.#octets.take(isEntered ? headBytes : headBytes + (size ?? 0));
      if (whole === undefined) return joined(pieces);
      this.#element(id, whole, whole.subarray(headBytes), pieces);
    }
  }

  #element(id: number, whole: Uint8Array, content: Uint8Array, pieces: Piece[]): void {
    if (id === ID.cluster) {
      this.init ??= joinOctets(...this.#head);
      this.#held = [whole];
      this.#isAtStart = true;
    } else if (this.init === undefined) {
      this.#head.push(whole);
      if (id === ID.tracks) this.#videoTrack = videoTrackOf(content);
      if (id === ID.info) this.#msPerUnit = timestampScaleOf(content) / NANOSECONDS_PER_MS;
    } else if (id === ID.timestamp) {
      this.#clusterTime = unsigned(content);
      this.#held.push(whole);
    } else if (id === ID.simpleBlock || id === ID.blockGroup) {
      this.#block(id === ID.simpleBlock ? readBlock(content, undefined) : readBlockGroup(content), whole, pieces);
    }
    // Whatever else stands between blocks is an index, which helps nobody who is live.
  }

  #block(block: Block, whole: Uint8Array, pieces: Piece[]): void {
    this.#held.push(whole);
    const isPicture = this.#videoTrack === undefined || block.track === this.#videoTrack;
    if (this.#isAtStart && !isPicture) return;
    const isKey = this.#isAtStart && block.isKey;
    const mediaMs = (this.#clusterTime + block.offset) * this.#msPerUnit;
    pieces.push({ isKey, mediaMs, data: joinOctets(...this.#held) });
    this.#held = [];
    this.#isAtStart = false;
  }
}

/** As few pieces as there can be: what comes together is sent together. */
function joined(pieces: readonly Piece[]): Piece[] {
  const result: Piece[] = [];
  for (const piece of pieces) {
    const last = piece.isKey ? undefined : result.pop();
    result.push(last === undefined ? piece : { ...last, data: joinOctets(last.data, piece.data) });
  }
  return result;
}

/** The head of the element at the beginning; undefined when it has not come. */
function readElement(octets: Uint8Array): Element | undefined {
  const idBytes = vintLength(octets[0]);
  const sizeBytes = vintLength(octets[idBytes]);
  if (idBytes === 0 || sizeBytes === 0 || octets.length < idBytes + sizeBytes) return undefined;
  const id = unsigned(octets.subarray(0, idBytes));
  const sizeOctets = octets.subarray(idBytes, idBytes + sizeBytes);
  const marker = 2 ** (7 * sizeBytes);
  const size = unsigned(sizeOctets) - marker;
  return { id, size: size === marker - 1 ? undefined : size, headBytes: idBytes + sizeBytes };
}

/** RFC 8794 §4: the leading zeros of the first octet tell how many more there are. 0: it has not come. */
function vintLength(first: number | undefined): number {
  if (first === undefined) return 0;
  if (first === 0) throw new RangeError("no EBML: a number is longer than eight octets");
  return Math.clz32(first) - 23;
}

function unsigned(octets: Uint8Array): number {
  return octets.reduce((value, octet) => value * 256 + octet, 0);
}

function* elementsOf(octets: Uint8Array): Generator<{ readonly id: number; readonly content: Uint8Array }> {
  for (let rest = octets; rest.length > 0; ) {
    const element = readElement(rest);
    if (element?.size === undefined) return;
    const end = element.headBytes + element.size;
    yield { id: element.id, content: rest.subarray(element.headBytes, end) };
    rest = rest.subarray(end);
  }
}

function videoTrackOf(tracks: Uint8Array): number | undefined {
  for (const { id, content } of elementsOf(tracks)) {
    if (id !== ID.trackEntry) continue;
    const entry = new Map([...elementsOf(content)].map((element) => [element.id, element.content]));
    const number = entry.get(ID.trackNumber);
    if (number !== undefined && unsigned(entry.get(ID.trackType) ?? new Uint8Array(0)) === VIDEO)
      return unsigned(number);
  }
  return undefined;
}

function timestampScaleOf(info: Uint8Array): number {
  for (const { id, content } of elementsOf(info)) if (id === ID.timestampScale) return unsigned(content);
  return NANOSECONDS_PER_MS;
}

/** RFC 9559 §10.2. In a `Block`, whether it is a key frame is told by what stands beside it. */
function readBlock(content: Uint8Array, isKey: boolean | undefined): Block {
  const trackBytes = vintLength(content[0]);
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  if (content.length < trackBytes + 3) throw new RangeError("a block without a head");
  const track = unsigned(content.subarray(0, trackBytes)) - 2 ** (7 * trackBytes);
  const flags = view.getUint8(trackBytes + 2);
  return { track, offset: view.getInt16(trackBytes), isKey: isKey ?? (flags & KEY_FRAME_FLAG) !== 0 };
}

function readBlockGroup(content: Uint8Array): Block {
  const elements = [...elementsOf(content)];
  const block = elements.find(({ id }) => id === ID.block);
  if (block === undefined) throw new RangeError("a group of blocks without a block");
  return readBlock(block.content, !elements.some(({ id }) => id === ID.referenceBlock));
}
