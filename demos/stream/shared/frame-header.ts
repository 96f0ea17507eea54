// What one frame of a stream's media channel looks like: a header, the configuration where it begins a group, the data.
//
//   octet  0      1, the version of this format
//          1      what the data is: 1 a coded picture (WebCodecs), 2 a piece of a byte stream (Media Source Extensions)
//          2..5   the take: a random number; another one means that the publisher has begun anew, with a clock of its own
//          6..13  media time in milliseconds from the beginning of the take: a float64
//         14..17  octets of the configuration; 0 where it is not a key frame
//         18..    the configuration, and then the data
//
// Numbers are big-endian. The configuration is what a decoder needs before the first octet: for pictures the JSON of a
// `VideoDecoderConfig`, for byte streams the initialization segment. It stands in each key frame, so that a group can be
// played by who has seen nothing before it. When a frame was taken is the media frame's own `timeMs`, by the server's clock.

/** What the data of a frame is. */
export const FRAME_KINDS = { picture: 1, piece: 2 } as const;

/** One of `FRAME_KINDS`. */
export type FrameKind = (typeof FRAME_KINDS)[keyof typeof FRAME_KINDS];

/** A frame that has been read, or is to be packed. */
export interface StreamFrame {
  readonly kind: FrameKind;
  readonly take: number;
  readonly mediaMs: number;
  /** Empty where it is not a key frame. */
  readonly config: Uint8Array;
  readonly data: Uint8Array;
}

const VERSION = 1;
/** Octets before the configuration. */
export const HEADER_BYTES = 18;

/** No configuration. */
export const NO_CONFIG: Uint8Array = new Uint8Array(0);

/** Makes the octets of a frame. */
export function packFrame({ kind, take, mediaMs, config, data }: StreamFrame): Uint8Array<ArrayBuffer> {
  const octets = new Uint8Array(HEADER_BYTES + config.length + data.length);
  const view = new DataView(octets.buffer);
  view.setUint8(0, VERSION);
  view.setUint8(1, kind);
  view.setUint32(2, take);
  view.setFloat64(6, mediaMs);
  view.setUint32(14, config.length);
  octets.set(config, HEADER_BYTES);
  octets.set(data, HEADER_BYTES + config.length);
  return octets;
}

/**
 * Reads a frame. Its parts are views of the octets.
 * @returns Nothing for what is no frame of this version: a publisher's octets reach every viewer, so none may trust them.
 */
export function readFrame(octets: Uint8Array): StreamFrame | undefined {
  if (octets.length < HEADER_BYTES) return undefined;
  const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
  const kind = view.getUint8(1);
  const mediaMs = view.getFloat64(6);
  const dataStart = HEADER_BYTES + view.getUint32(14);
  if (view.getUint8(0) !== VERSION || !isFrameKind(kind)) return undefined;
  if (!Number.isFinite(mediaMs) || dataStart > octets.length) return undefined;
  return {
    kind,
    take: view.getUint32(2),
    mediaMs,
    config: octets.subarray(HEADER_BYTES, dataStart),
    data: octets.subarray(dataStart),
  };
}

function isFrameKind(kind: number): kind is FrameKind {
  return kind === FRAME_KINDS.picture || kind === FRAME_KINDS.piece;
}
