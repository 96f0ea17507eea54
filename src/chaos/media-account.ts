/**
 * The account of media: over one connection, groups come in the order in which they were published, each of them from its key frame
 * on and without a hole; and whoever does not get the rest of one is told, unless something befell a node or the engine.
 */
import type { Excuse } from "./calls-account.js";
import type { Findings } from "./findings.js";
import type { MediaLine } from "./journal.js";

type SeenLine = Extract<MediaLine, { k: "seen" }>;

/** A group as whoever published it knows it. */
interface Shown {
  /** When its last frame was published. */
  at: number;
  /** Frames by their places: whether the server has said that it had them. */
  readonly frames: Map<number, boolean>;
}

interface Viewer {
  readonly last: { readonly group: number; readonly index: number; readonly at: number } | undefined;
  /** Whether it has been told since that something was lost. */
  readonly isTold: boolean;
  /** Whether it has another connection since the last key frame. */
  readonly isAnew: boolean;
}

/** What there was. */
export interface MediaTotals {
  readonly frames: number;
  /** Of them, those that a server has said that it had. */
  readonly acknowledged: number;
  readonly deliveries: number;
  /** Times that somebody was told of a loss. */
  readonly told: number;
}

/** Frames are on their way for no longer than that. */
const wayMs = 5000;

/** See the head of this file. */
export class MediaAccount {
  readonly #findings: Findings;
  /** By scene and group. */
  readonly #scenes = new Map<string, Map<number, Shown>>();
  readonly #seen: SeenLine[] = [];

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  take(line: MediaLine): void {
    if (line.k === "seen") {
      // What was published is in another journal, perhaps.
      this.#seen.push(line);
      return;
    }
    const scene = this.#scenes.get(line.ch) ?? new Map<number, Shown>();
    this.#scenes.set(line.ch, scene);
    const shown = scene.get(line.g) ?? { at: line.at, frames: new Map<number, boolean>() };
    scene.set(line.g, shown);
    shown.at = Math.max(shown.at, line.at);
    shown.frames.set(line.i, line.ok);
  }

  /** @param excuses what befell whom, deaths too */
  close(excuses: readonly Excuse[]): MediaTotals {
    const viewers = new Map<string, Viewer>();
    let [deliveries, told] = [0, 0];
    for (const { at, by, ch, m } of this.#seen) {
      const name = `${by} in ${ch}`;
      let viewer: Viewer = viewers.get(name) ?? { last: undefined, isTold: false, isAnew: true };
      for (const seen of m) {
        if (seen === "lost") {
          told++;
          viewer = { ...viewer, isTold: true };
        } else if (seen === "anew") {
          viewer = { ...viewer, isAnew: true };
        } else {
          deliveries++;
          const [group, index] = seen;
          this.#follow(name, ch, viewer, { group, index, at }, excuses);
          // What comes over the connection before this one may still come.
          viewer = { last: { group, index, at }, isTold: false, isAnew: viewer.isAnew && index > 0 };
        }
      }
      viewers.set(name, viewer);
    }
    const all = [...this.#scenes.values()].flatMap((scene) => [...scene.values()]);
    const frames = all.flatMap((shown) => [...shown.frames.values()]);
    return { frames: frames.length, acknowledged: frames.filter(Boolean).length, deliveries, told };
  }

  /** A frame has come behind another. */
  #follow(
    name: string,
    ch: string,
    { last, isTold, isAnew }: Viewer,
    { group, index, at }: NonNullable<Viewer["last"]>,
    excuses: readonly Excuse[],
  ): void {
    const frame = `frame ${index} of group ${group}`;
    const scene = this.#scenes.get(ch);
    if (scene?.get(group)?.frames.has(index) !== true) this.#findings.add("forged", at, `${frame} came to ${name}`);
    if (index > 0) {
      if (!isTold && last?.group === group && last.index === index - 1) return;
      const before = last === undefined ? "nothing" : `frame ${last.index} of group ${last.group}`;
      this.#findings.add("torn", at, `${frame} came to ${name} behind ${before}${isTold ? " and a loss" : ""}`);
      return;
    }
    if (last === undefined) return;
    if (!isAnew && group <= last.group) {
      this.#findings.add("media-disordered", at, `group ${group} came to ${name} after group ${last.group}`);
      return;
    }
    if (isTold || isAnew) return;
    this.#whole(name, scene?.get(last.group), last, excuses);
    // Of the groups between, somebody could have been told, too.
    for (let between = last.group + 1; between < group; between++) {
      this.#whole(name, scene?.get(between), { group: between, index: -1, at }, excuses);
    }
  }

  /** Whether somebody who was not told of a loss has got all of a group that the server had. */
  #whole(
    name: string,
    shown: Shown | undefined,
    { group, index, at }: NonNullable<Viewer["last"]>,
    excuses: readonly Excuse[],
  ): void {
    if (shown?.frames.get(index + 1) !== true) return;
    const isExcused = excuses.some(({ from, until }) => from < at + wayMs && until > shown.at - wayMs);
    if (isExcused) return;
    const rest = index < 0 ? "nothing" : `${index + 1} of ${shown.frames.size} frames`;
    this.#findings.add("torn", at, `${name} got ${rest} of group ${group}, and was not told`);
  }
}
