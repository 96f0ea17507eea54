// A film as the frames of a stream, again and again: each time around its clock goes on.
import { isVp8Key, readIvf } from "../shared/containers/ivf.js";
import { movedFragment } from "../shared/containers/mp4-boxes.js";
import { Mp4Splitter } from "../shared/containers/mp4-splitter.js";
import { FRAME_KINDS, NO_CONFIG, packFrame } from "../shared/frame-header.js";
import { configForCodec, configForType } from "../shared/stream-config.js";

/** A frame of a film. */
export interface FilmFrame {
  readonly isKey: boolean;
  /** When it is shown, from the beginning of the film. */
  readonly mediaMs: number;
  /** Its octets in the stream, when the film is shown for the `round`th time, counted from 0. */
  pack(round: number): Uint8Array;
}

/** A film. */
export interface Film {
  readonly frames: readonly FilmFrame[];
  readonly lengthMs: number;
}

/**
 * A film out of IVF with VP8.
 * @param lengthMs When it begins anew.
 * @param take See frame-header.ts.
 */
export function filmOfIvf(octets: Uint8Array, lengthMs: number, take: number): Film {
  const { fourcc, width, height, frames } = readIvf(octets);
  if (fourcc !== "VP80") throw new RangeError(`a film in ${fourcc}, which is not VP8`);
  const config = configForCodec({ codec: "vp8", codedWidth: width, codedHeight: height });
  return {
    lengthMs,
    frames: frames.map(({ mediaMs, data }) => {
      const isKey = isVp8Key(data);
      const frame = { kind: FRAME_KINDS.picture, take, config: isKey ? config : NO_CONFIG, data };
      return { isKey, mediaMs, pack: (round) => packFrame({ ...frame, mediaMs: mediaMs + round * lengthMs }) };
    }),
  };
}

/** A film out of fragmented MP4 with H.264. */
export function filmOfMp4(octets: Uint8Array, lengthMs: number, take: number): Film {
  const splitter = new Mp4Splitter();
  const pieces = splitter.push(octets);
  const { init, tracks } = splitter;
  if (init === undefined) throw new RangeError("a film without a `moov`");
  const config = configForType(`video/mp4; codecs="${avcCodecOf(init)}"`, init);
  /** Units of a track's clock in a round. */
  const unitsOf = (trackId: number): number =>
    (lengthMs * (tracks.find(({ id }) => id === trackId)?.timescale ?? 0)) / 1000;
  return {
    lengthMs,
    frames: pieces.map(({ isKey, mediaMs, data, fragments }) => ({
      isKey,
      mediaMs,
      pack: (round) =>
        packFrame({
          kind: FRAME_KINDS.piece,
          take,
          mediaMs: mediaMs + round * lengthMs,
          config: isKey ? config : NO_CONFIG,
          data: movedFragment(data, fragments, (trackId) => round * unitsOf(trackId)),
        }),
    })),
  };
}

/** The name of a codec as browsers want it, out of the `avcC` box: RFC 6381 §3.3. */
function avcCodecOf(init: Uint8Array): string {
  const at = Buffer.from(init.buffer, init.byteOffset, init.byteLength).indexOf("avcC", 0, "latin1");
  if (at < 0) throw new RangeError("a film in something else than H.264");
  return `avc1.${Buffer.from(init.subarray(at + 5, at + 8)).toString("hex")}`;
}
