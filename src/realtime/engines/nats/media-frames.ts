/**
 * Frames of media as messages of NATS itself: a head, and the octets, in as many parts as the server's limit of a message asks for.
 * The head is of fixed length; behind it, the first frame of a group may have what its publisher calls it.
 */
import type { MediaFrame, PublisherGroup } from "../index.js";

// group, index, time, source, part, parts
const headBytes = 8 + 4 + 8 + 4 + 4 + 4;
// Of what says who publishes: octets of the publisher's name, the publisher's number; the name follows.
const fromBytes = 4 + 8;
// Added to `parts` where that stands behind the head, so that who does not know of it takes it for no frame.
const hasFrom = 2 ** 31;

/** The messages of a frame. */
export function partsOf(
  { group, index, data, timeMs, from }: MediaFrame,
  source: number,
  maxPayloadBytes: number,
): Uint8Array[] {
  const publisher = from === undefined ? undefined : Buffer.from(from.publisher);
  const start = headBytes + (publisher === undefined ? 0 : fromBytes + publisher.byteLength);
  // A name that leaves no room is refused where it is sent.
  const room = Math.max(1, maxPayloadBytes - start);
  const parts = Math.max(1, Math.ceil(data.byteLength / room));
  return Array.from({ length: parts }, (_, part) => {
    const piece = data.subarray(part * room, (part + 1) * room);
    const message = new Uint8Array(start + piece.byteLength);
    const view = new DataView(message.buffer);
    view.setFloat64(0, group);
    view.setUint32(8, index);
    view.setFloat64(12, timeMs ?? Number.NaN);
    view.setUint32(20, source);
    view.setUint32(24, part);
    view.setUint32(28, publisher === undefined ? parts : parts + hasFrom);
    if (from !== undefined && publisher !== undefined) {
      view.setUint32(headBytes, publisher.byteLength);
      view.setFloat64(headBytes + 4, from.number);
      message.set(publisher, headBytes + fromBytes);
    }
    message.set(piece, start);
    return message;
  });
}

/** What the publisher calls the group, and where that ends. */
function fromOf(message: Uint8Array, view: DataView): { readonly from: PublisherGroup; readonly end: number } {
  const begin = headBytes + fromBytes;
  const end = begin + view.getUint32(headBytes);
  const publisher = Buffer.from(message.subarray(begin, end)).toString();
  return { from: { publisher, number: view.getFloat64(headBytes + 4) }, end };
}

interface Begun {
  readonly frame: Omit<MediaFrame, "data">;
  readonly pieces: Uint8Array[];
}

/** Puts frames together. The parts of one come in order from each source; what lacks a part is lost. */
export class FrameJoiner {
  readonly #begun = new Map<number, Begun>();

  /** @returns the frame, when this was its last part */
  add(message: Uint8Array): MediaFrame | undefined {
    if (message.byteLength < headBytes) return undefined;
    const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
    const timeMs = view.getFloat64(12);
    const said = view.getUint32(28);
    if (said >= hasFrom && message.byteLength < headBytes + fromBytes) return undefined;
    const told = said < hasFrom ? undefined : fromOf(message, view);
    const frame = {
      group: view.getFloat64(0),
      index: view.getUint32(8),
      timeMs: Number.isNaN(timeMs) ? undefined : timeMs,
      ...(told !== undefined && { from: told.from }),
    };
    const source = view.getUint32(20);
    const part = view.getUint32(24);
    // A copy: the message lies in a buffer with others.
    const piece = message.slice(told?.end ?? headBytes);
    const begun = part === 0 ? { frame, pieces: [] } : this.#begun.get(source);
    this.#begun.delete(source);
    const isNext =
      begun?.pieces.length === part && begun.frame.group === frame.group && begun.frame.index === frame.index;
    if (!isNext) return undefined;
    begun.pieces.push(piece);
    if (part + 1 === said % hasFrom) return { ...frame, data: joined(begun.pieces) };
    this.#begun.set(source, begun);
    return undefined;
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [only] = pieces;
  return pieces.length === 1 && only !== undefined ? only : new Uint8Array(Buffer.concat(pieces));
}
