import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, it } from "node:test";
import { Cinema } from "../../demos/stream/film/cinema.js";
import { FFMPEG_MISSING, FILM_MS, makeFilm } from "../../demos/stream/film/ffmpeg.js";
import { type Film, filmOfIvf, filmOfMp4 } from "../../demos/stream/film/film.js";
import { Projector, type SendFrame } from "../../demos/stream/film/projector.js";
import type { FilmState } from "../../demos/stream/shared/contract.js";
import { readFrame } from "../../demos/stream/shared/frame-header.js";
import { readCodecConfig, readTypeConfig } from "../../demos/stream/shared/stream-config.js";

const SKIP_WITHOUT_FFMPEG =
  spawnSync("ffmpeg", ["-version"]).status !== 0 && "ffmpeg not found: apt-get update && apt-get install -y ffmpeg";
// Where the demo has its films, so that they are made once.
const FOLDER = new URL("../../demos/stream/films/", import.meta.url);

describe("a projector", () => {
  /** Ten frames of 100 ms, of which each fifth is a key frame; octets that say which it is, and in which round. */
  const film: Film = {
    lengthMs: 1_000,
    frames: Array.from({ length: 10 }, (_, index) => ({
      isKey: index % 5 === 0,
      mediaMs: index * 100,
      pack: (round) => Uint8Array.of(round, index),
    })),
  };

  it("sends each frame when it is due, round after round, and goes on after a pause with the newest key frame", () => {
    const sent: [round: number, index: number, timeMs: number][] = [];
    const projector = new Projector(film, 50_000, ([round = 0, index = 0], isKey, timeMs) => {
      assert.equal(isKey, index % 5 === 0);
      sent.push([round, index, timeMs]);
    });
    projector.advance(49_999);
    assert.equal(sent.length, 0);
    projector.advance(50_000);
    projector.advance(50_099);
    assert.deepEqual(sent.splice(0), [[0, 0, 50_000]]);
    for (let nowMs = 50_100; nowMs <= 52_000; nowMs += 20) projector.advance(nowMs);
    assert.equal(sent.length, 20);
    assert.deepEqual(sent.splice(0).at(-1), [2, 0, 52_000]);
    projector.advance(75_730);
    assert.deepEqual(sent, [
      [25, 5, 75_500],
      [25, 6, 75_600],
      [25, 7, 75_700],
    ]);
  });
});

describe("the cinema", () => {
  it("says what to install where ffmpeg is missing, and what failed where it is not", async () => {
    const told: FilmState[] = [];
    const screens = {
      open: (): SendFrame => {
        throw new Error("there is no film");
      },
      tell: (state: FilmState) => {
        told.push(state);
      },
    };
    const missing = Object.assign(new Error("spawn ffmpeg ENOENT"), { code: "ENOENT" });
    const cinema = new Cinema(
      screens,
      () => 0,
      FOLDER,
      () => Promise.reject(missing),
    );
    await Promise.all([cinema.prepare(), cinema.prepare()]);
    assert.deepEqual(told.splice(0)[1], { status: "missing", text: FFMPEG_MISSING });
    const failing = new Cinema(
      screens,
      () => 0,
      FOLDER,
      () => Promise.reject(new Error("unknown encoder")),
    );
    await failing.prepare();
    assert.equal(told[1]?.status, "missing");
    assert.match(told[1].text, /ivf: unknown encoder\n.*mp4: unknown encoder/);
  });
});

describe("the films", { skip: SKIP_WITHOUT_FFMPEG, timeout: 120_000 }, () => {
  for (const [format, read] of [
    ["ivf", filmOfIvf],
    ["mp4", filmOfMp4],
  ] as const) {
    it(`have a key frame each second, and go on when they begin anew: ${format}`, async () => {
      const film = read(await makeFilm(format, FOLDER), FILM_MS, 5);
      assert.equal(film.frames.length, FILM_MS / 40);
      const times = film.frames.map(({ mediaMs }) => mediaMs);
      assert.deepEqual(
        times,
        [...times.keys()].map((index) => index * 40),
      );
      assert.deepEqual(
        film.frames.filter(({ isKey }) => isKey).map(({ mediaMs }) => mediaMs),
        [0, 1000, 2000, 3000, 4000, 5000, 6000, 7000],
      );
      const first = readFrame(film.frames[0]!.pack(3));
      assert.deepEqual([first?.mediaMs, first?.take], [3 * FILM_MS, 5]);
      assert.equal(readFrame(film.frames[1]!.pack(0))?.config.length, 0);
      const config = first!.config;
      if (format === "ivf") assert.equal(readCodecConfig(config)?.codec, "vp8");
      else assert.match(readTypeConfig(config)?.type ?? "", /^video\/mp4; codecs="avc1\.42[0-9a-f]{4}"$/);
    });
  }
});
