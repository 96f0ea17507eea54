// Takes fragmented MP4 apart: a `moof` with its `mdat` is a piece, and what stands before the first one is the
// initialization segment. W3C "ISO BMFF Byte Stream Format".
import { ByteQueue, joinOctets } from "./byte-queue.js";
import { readBox, readFragment, readTracks, type Track, type TrackFragment } from "./mp4-boxes.js";
import { ELEMENT_BYTES_MAX, type Piece, type Splitter } from "./splitter.js";

/** A piece of fragmented MP4. */
export interface Mp4Piece extends Piece {
  readonly fragments: readonly TrackFragment[];
}

/** See the head of this file. */
export class Mp4Splitter implements Splitter {
  readonly #octets = new ByteQueue(ELEMENT_BYTES_MAX);
  #head: Uint8Array[] = [];
  tracks: readonly Track[] = [];
  init: Uint8Array | undefined;
  #moof: Uint8Array | undefined;

  push(octets: Uint8Array): Mp4Piece[] {
    this.#octets.push(octets);
    const pieces: Mp4Piece[] = [];
    for (;;) {
      const box = readBox(this.#octets.octets);
      const whole = box === undefined ? undefined : this.#octets.take(box.end);
      if (box === undefined || whole === undefined) return pieces;
      switch (box.type) {
        case "ftyp":
          this.#head = [whole];
          break;
        case "moov":
          this.tracks = readTracks(whole, box);
          this.init = joinOctets(...this.#head, whole);
          break;
        case "moof":
          this.#moof = whole;
          break;
        case "mdat":
          if (this.#moof !== undefined) pieces.push(this.#piece(this.#moof, whole));
          this.#moof = undefined;
          break;
        default:
        // Indexes, which help nobody who is live.
      }
    }
  }

  #piece(moof: Uint8Array, mdat: Uint8Array): Mp4Piece {
    const box = readBox(moof);
    if (box === undefined) throw new RangeError("a fragment without its head");
    const fragments = readFragment(moof, box, this.tracks);
    const isVideo = ({ trackId }: TrackFragment): boolean =>
      this.tracks.some((track) => track.id === trackId && track.isVideo);
    const first = fragments.find(isVideo) ?? fragments[0];
    const hasVideo = this.tracks.some((track) => track.isVideo);
    const timescale = this.tracks.find(({ id }) => id === first?.trackId)?.timescale ?? 1;
    return {
      isKey: first !== undefined && first.isKey && (isVideo(first) || !hasVideo),
      mediaMs: ((first?.decodeTime ?? 0) / timescale) * 1000,
      data: joinOctets(moof, mdat),
      fragments,
    };
  }
}
