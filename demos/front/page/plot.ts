// A small chart of the last minute, and what its lines are at now.
import { element, setText } from "../../site/page/dom.js";
import { SHOWN_MS } from "../shared/contract.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 240;
const HEIGHT = 54;
/** Ends of a scale, times a power of ten: coarse enough that it does not twitch with every point. */
const SCALE_ENDS = [1, 1.5, 2, 3, 5, 8, 10];

/** A point of a line; where a value is null, the line breaks. */
export interface Point {
  readonly timeMs: number;
  readonly values: readonly (number | null)[];
}

/** The next of the ends of a scale, at least `least`. */
function roundUp(value: number, least: number): number {
  const wanted = Math.max(value, least);
  const power = 10 ** Math.floor(Math.log10(wanted));
  return (SCALE_ENDS.find((end) => end * power >= wanted) ?? 10) * power;
}

/** See the head of this file. */
export class Plot {
  readonly #values: readonly HTMLElement[];
  readonly #paths: readonly SVGPathElement[];
  readonly #least: number;
  readonly #write: (value: number) => string;

  /**
   * @param container The card to be filled.
   * @param lines What the lines are called; one that is alone needs no name.
   * @param least The end of the scale at least: so that nothing looks like much.
   * @param write How a value is written.
   */
  constructor(container: HTMLElement, lines: readonly string[], least: number, write: (value: number) => string) {
    this.#least = least;
    this.#write = write;
    this.#values = lines.map(() => element("b", "", "–"));
    const shown = lines.map((name, index) =>
      element("span", "", this.#values[index] ?? "", element("small", "", name)),
    );
    const svg = document.createElementNS(SVG, "svg");
    for (const [name, value] of Object.entries({
      ...{ class: "plot", viewBox: `0 0 ${WIDTH} ${HEIGHT + 2}`, preserveAspectRatio: "none", "aria-hidden": "true" },
    }))
      svg.setAttribute(name, value);
    const ground = document.createElementNS(SVG, "line");
    for (const [name, value] of Object.entries({ x1: 0, x2: WIDTH, y1: HEIGHT + 1, y2: HEIGHT + 1 }))
      ground.setAttribute(name, String(value));
    this.#paths = lines.map(() => document.createElementNS(SVG, "path"));
    svg.append(ground, ...this.#paths);
    container.append(element("p", "values", ...shown), svg);
  }

  /** Draws these points, the oldest first, of the minute before `nowMs`. */
  draw(points: readonly Point[], nowMs: number): void {
    const greatest = points.reduce((most, { values }) => Math.max(most, ...values.map((value) => value ?? 0)), 0);
    const end = roundUp(greatest, this.#least);
    for (const [index, path] of this.#paths.entries()) {
      let drawn = "";
      let isOn = false;
      for (const { timeMs, values } of points) {
        const value = values[index] ?? null;
        if (value === null) {
          isOn = false;
          continue;
        }
        const x = WIDTH * (1 - (nowMs - timeMs) / SHOWN_MS);
        const y = 1 + HEIGHT * (1 - value / end);
        drawn += `${isOn ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
        isOn = true;
      }
      path.setAttribute("d", drawn);
      const value = points.at(-1)?.values[index] ?? null;
      const target = this.#values[index];
      if (target !== undefined) setText(target, value === null ? "–" : this.#write(value));
    }
  }
}
