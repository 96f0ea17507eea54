// The two small charts. Their x axis is the age of an update, so both stand still while the data moves through them.
import uPlot from "uplot";
import type { Columns } from "../shared/comparison.js";

const HEIGHT_PX = 116;
const WINDOW_SECONDS = 30;

/** Ends of a scale, times a power of ten: coarse enough that it does not twitch with every point. */
const SCALE_ENDS = [1, 1.2, 1.6, 2, 3, 4, 6, 8, 10];

/** The next of the ends of a scale. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return (SCALE_ENDS.find((end) => end * power >= value) ?? 10) * power;
}

function greatest(columns: Columns): number {
  const [, polling, webSocket] = columns;
  return [...polling, ...webSocket].reduce<number>((max, value) => Math.max(max, value ?? 0), 0);
}

/** A chart of one metric over both ways, as wide as its container. */
export class Chart {
  readonly #container: HTMLElement;
  readonly #unit: string;
  readonly #isStepped: boolean;
  #columns: Columns = [[], [], []];
  #plot: uPlot;

  /**
   * @param container An element of the page; the chart follows its width and its colors.
   * @param unit Written behind the numbers of the scale.
   * @param isStepped Whether a value holds until the next one, instead of leading to it.
   */
  constructor(container: HTMLElement, unit: string, isStepped: boolean) {
    this.#container = container;
    this.#unit = unit;
    this.#isStepped = isStepped;
    this.#plot = this.#create();
    new ResizeObserver(() => {
      this.#plot.setSize({ width: container.clientWidth, height: HEIGHT_PX });
    }).observe(container);
    // A canvas does not know custom properties, so another color scheme means another chart.
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.#plot.destroy();
      this.#plot = this.#create();
    });
  }

  /** Draws these columns. */
  draw(columns: Columns): void {
    this.#columns = columns;
    this.#plot.setData(columns);
  }

  #create(): uPlot {
    const style = getComputedStyle(this.#container);
    const color = (name: string): string => style.getPropertyValue(name).trim();
    const font = `11px ${style.fontFamily}`;
    const paths = this.#isStepped ? uPlot.paths.stepped?.({ align: -1 }) : uPlot.paths.linear?.();
    const axis: uPlot.Axis = { stroke: color("--muted"), font, ticks: { show: false } };
    return new uPlot(
      {
        width: this.#container.clientWidth,
        height: HEIGHT_PX,
        padding: [8, 14, 0, 0],
        cursor: { show: false },
        legend: { show: false },
        scales: {
          x: { time: false, range: () => [-WINDOW_SECONDS, 0] },
          y: { range: () => [0, roundUp(greatest(this.#columns))] },
        },
        axes: [
          {
            ...axis,
            size: 26,
            gap: 8,
            grid: { show: false },
            splits: () => [-30, -20, -10, 0],
            values: (_plot, ages) => ages.map((age) => (age === 0 ? "now" : `${-age} s ago`)),
          },
          {
            ...axis,
            size: 62,
            gap: 6,
            grid: { stroke: color("--line"), width: 1 },
            splits: (_plot, _axis, min, max) => [min, (min + max) / 2, max],
            values: (_plot, values) => values.map((value) => `${value.toLocaleString("en")} ${this.#unit}`),
          },
        ],
        series: [
          {},
          {
            stroke: color("--polling"),
            fill: color("--polling-fill"),
            width: 1.5,
            points: { show: false },
            ...(paths && { paths }),
          },
          { stroke: color("--web-socket"), width: 2.5, points: { show: false }, ...(paths && { paths }) },
        ],
      },
      this.#columns,
      this.#container,
    );
  }
}
