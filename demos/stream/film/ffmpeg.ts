// Makes the films with ffmpeg: a test picture of eight seconds, with the clock of the streams in it, once as IVF for
// WebCodecs and once as fragmented MP4 for Media Source Extensions. They are made once and kept in a folder.
import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdir, readFile, rename, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import {
  FRAMES_PER_SECOND,
  KEY_INTERVAL_MS,
  PICTURE_HEIGHT,
  PICTURE_WIDTH,
  VIDEO_BITS_PER_SECOND,
} from "../shared/limits.js";
import { CLOCK_CELLS, CLOCK_HEIGHT_PART, cellsOf } from "../shared/picture-clock.js";

/** How long a film is, before it begins anew. */
export const FILM_MS = 8_000;

/** What to do where ffmpeg is missing. */
export const FFMPEG_MISSING =
  "ffmpeg is not on this machine, so there is no film. To get it: apt-get install -y ffmpeg, or brew install ffmpeg.";

/** A film as a file. */
export type FilmFormat = "ivf" | "mp4";

const MAKE_TIMEOUT_MS = 60_000;
const FRAMES_PER_GROUP = (FRAMES_PER_SECOND * KEY_INTERVAL_MS) / 1000;
const TIME_BITS = 24;

const ENCODERS: Readonly<Record<FilmFormat, readonly string[]>> = {
  ivf: ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-auto-alt-ref", "0", "-lag-in-frames", "0"],
  mp4: [
    ...["-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-profile:v", "baseline"],
    ...["-sc_threshold", "0", "-movflags", "+frag_every_frame+empty_moov+default_base_moof"],
  ],
};

const run = promisify(execFile);

/** Whether a cell of the clock is white, as an expression of ffmpeg's; `t` is the frame's time in seconds. */
function cellExpression(cell: number): string {
  const bit = (index: number): string => `mod(floor((t*1000+0.5)/${2 ** index}),2)`;
  if (cell < TIME_BITS) return bit(TIME_BITS - 1 - cell);
  const index = CLOCK_CELLS - 1 - cell;
  // The check is the parity of three bits, and of what it is at 0.
  const seed = cellsOf(0)[cell] === true ? 1 : 0;
  return `mod(${bit(index)}+${bit(index + 8)}+${bit(index + 16)}+${seed},2)`;
}

/** Draws the strip of picture-clock.ts. */
function clockFilter(): string {
  const height = PICTURE_HEIGHT * CLOCK_HEIGHT_PART;
  const y = PICTURE_HEIGHT - height;
  const width = PICTURE_WIDTH / CLOCK_CELLS;
  const strip = `drawbox=x=0:y=${y}:w=${PICTURE_WIDTH}:h=${height}:color=black:t=fill`;
  const cells = Array.from({ length: CLOCK_CELLS }, (_, cell) => {
    const enable = cellExpression(cell);
    return `drawbox=x=${cell * width}:y=${y}:w=${width}:h=${height}:color=white:t=fill:enable='${enable}'`;
  });
  return [strip, ...cells].join(",");
}

function commandLine(format: FilmFormat): string[] {
  const source = `testsrc2=size=${PICTURE_WIDTH}x${PICTURE_HEIGHT}:rate=${FRAMES_PER_SECOND}:duration=${FILM_MS / 1000}`;
  const groups = ["-g", String(FRAMES_PER_GROUP), "-keyint_min", String(FRAMES_PER_GROUP)];
  return [
    ...["-hide_banner", "-loglevel", "error", "-nostdin", "-f", "lavfi", "-i", source, "-vf", clockFilter(), "-an"],
    ...["-pix_fmt", "yuv420p", ...ENCODERS[format], "-b:v", String(VIDEO_BITS_PER_SECOND), ...groups],
    // The muxer of MP4 would keep frames back for their lengths: all are alike.
    ...["-threads", "1", "-f", format, "-y"],
  ];
}

/**
 * The film in a format: out of the folder, or made.
 * @param folder Where films are kept, a file URL that ends in a slash.
 * @throws When there is no ffmpeg (`ENOENT`), or it cannot make such a film: its message says why.
 */
export async function makeFilm(format: FilmFormat, folder: URL): Promise<Uint8Array> {
  const args = commandLine(format);
  const name = createHash("sha256").update(args.join("\n")).digest("base64url").slice(0, 12);
  const file = new URL(`film-${name}.${format}`, folder);
  try {
    return await readFile(file);
  } catch {
    // It has not been made.
  }
  await mkdir(folder, { recursive: true });
  // Others may be making it, too: whoever is last wins, and all are alike.
  const unfinished = new URL(`unfinished-${randomBytes(6).toString("hex")}.${format}`, folder);
  try {
    await run("ffmpeg", [...args, fileURLToPath(unfinished)], { timeout: MAKE_TIMEOUT_MS });
    await rename(unfinished, file);
  } finally {
    await rm(unfinished, { force: true });
  }
  return await readFile(file);
}
