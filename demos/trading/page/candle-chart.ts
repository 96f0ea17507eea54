// The chart: candles and volume, drawn by uPlot's axes and our own hand.
import uPlot from "uplot";
import { byId, setText } from "../../site/page/dom.js";
import { PaceMaker } from "./pace-maker.js";

/** A candle in numbers, for drawing: when it begins in Unix seconds, open, high, low, close, volume. */
export type DrawnCandle = readonly [
  startS: number,
  open: number,
  high: number,
  low: number,
  close: number,
  volume: number,
];

const DRAWING_INTERVAL_MS = 250;
/** Candles that are shown: as many as can be told apart. */
const SHOWN_MAX = 120;
const PX_PER_CANDLE_MIN = 7;
/** `uPlot.Axis.Side.Right`. */
const RIGHT: uPlot.Axis.Side = 1;
/** The share of the height that volume has. */
const VOLUME_SHARE = 0.18;

/** A chart of candles, as wide as its container. */
export class CandleChart {
  readonly #container = byId("chart", HTMLElement);
  readonly #readout = byId("readout", HTMLElement);
  #candles: readonly DrawnCandle[] = [];
  #decimals = 2;
  #plot: uPlot;
  readonly #drawing = new PaceMaker(DRAWING_INTERVAL_MS, () => this.#redraw());

  constructor() {
    this.#plot = this.#create();
    new ResizeObserver(() => {
      this.#plot.setSize({ width: this.#container.clientWidth, height: this.#container.clientHeight });
      this.#redraw();
    }).observe(this.#container);
    // A canvas does not know custom properties, so another color scheme means another chart.
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.#plot.destroy();
      this.#plot = this.#create();
      this.#redraw();
    });
  }

  /**
   * Draws these, soon.
   * @param candles The oldest first.
   * @param decimals Digits behind the point of a price.
   */
  draw(candles: readonly DrawnCandle[], decimals: number): void {
    this.#candles = candles;
    this.#decimals = decimals;
    this.#drawing.ask();
  }

  #redraw(): void {
    const count = Math.min(SHOWN_MAX, Math.floor(this.#container.clientWidth / PX_PER_CANDLE_MIN));
    const shown = this.#candles.slice(-count);
    const column = (index: 0 | 1 | 2 | 3 | 4 | 5): number[] => shown.map((candle) => candle[index]);
    this.#plot.setData([column(0), column(1), column(2), column(3), column(4), column(5)]);
    this.#read();
  }

  /** Says in words what is under the pointer, or the newest. */
  #read(): void {
    const index = this.#plot.cursor.idx ?? this.#plot.data[0].length - 1;
    const [time, open, high, low, close, volume] = this.#plot.data.map((column) => column[index]);
    if (time === undefined || time === null) {
      setText(this.#readout, "");
      return;
    }
    const price = (value: number | null | undefined): string => (value ?? 0).toFixed(this.#decimals);
    setText(
      this.#readout,
      `${timeOf(time)}  O ${price(open)}  H ${price(high)}  L ${price(low)}  C ${price(close)}  Vol ${(volume ?? 0).toLocaleString("en")}`,
    );
  }

  #create(): uPlot {
    const style = getComputedStyle(this.#container);
    const color = (name: string): string => style.getPropertyValue(name).trim();
    const font = `11px ${style.fontFamily}`;
    const axis: uPlot.Axis = { stroke: color("--muted"), font, ticks: { show: false } };
    const colors = { up: color("--up"), down: color("--down"), line: color("--web-socket") };
    return new uPlot(
      {
        width: this.#container.clientWidth,
        height: this.#container.clientHeight,
        padding: [10, 8, 0, 4],
        legend: { show: false },
        cursor: { points: { show: false }, drag: { setScale: false, x: false, y: false } },
        scales: {
          x: { range: (_plot, min, max) => [min - (max - min) * 0.01, max + (max - min) * 0.02] },
          y: { range: (plot) => priceRange(plot) },
          volume: { range: (_plot, _min, max) => [0, (max || 1) / VOLUME_SHARE] },
        },
        axes: [
          {
            ...axis,
            size: 28,
            gap: 6,
            space: 64,
            grid: { show: false },
            values: (_plot, times) => times.map((time) => timeOf(time)),
          },
          {
            ...axis,
            side: RIGHT,
            size: 68,
            gap: 6,
            grid: { stroke: color("--line"), width: 1 },
            values: (_plot, values) => values.map((value) => value.toFixed(this.#decimals)),
          },
        ],
        series: [
          {},
          ...["Open", "High", "Low", "Close"].map((label) => ({ label, paths: () => null, points: { show: false } })),
          { label: "Volume", scale: "volume", paths: () => null, points: { show: false } },
        ],
        hooks: { draw: [(plot) => drawCandles(plot, colors)], setCursor: [() => this.#read()] },
      },
      [[], [], [], [], [], []],
      this.#container,
    );
  }
}

/** The time of day, with seconds where there are some. */
function timeOf(unixS: number): string {
  const time = new Date(unixS * 1000);
  const second = time.getSeconds() === 0 ? {} : ({ second: "2-digit" } as const);
  return time.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", ...second, hour12: false });
}

/** From the lowest low to the highest high, with room for the volume below. */
function priceRange(plot: uPlot): [number, number] {
  const lows = (plot.data[3] ?? []).filter((value) => typeof value === "number");
  const highs = (plot.data[2] ?? []).filter((value) => typeof value === "number");
  if (lows.length === 0) return [0, 1];
  const low = Math.min(...lows);
  const high = Math.max(...highs);
  const room = (high - low || high * 0.001) * 0.06;
  return [low - room - (high - low) * (VOLUME_SHARE / (1 - VOLUME_SHARE)), high + room];
}

/** Rising ones are hollow, so that nobody has to tell colors apart. */
function drawCandles(plot: uPlot, colors: { readonly up: string; readonly down: string; readonly line: string }): void {
  const { ctx, bbox } = plot;
  const [times, opens, highs, lows, closes, volumes] = plot.data;
  const ratio = devicePixelRatio;
  const step = times.length > 1 ? (bbox.width * 0.97) / times.length : bbox.width / 40;
  const width = Math.max(ratio, Math.floor(step * 0.66));
  ctx.save();
  ctx.lineWidth = ratio;
  for (const [index, time] of times.entries()) {
    const [open, high, low, close] = [opens?.[index], highs?.[index], lows?.[index], closes?.[index]];
    if (typeof open !== "number" || typeof close !== "number") continue;
    const isUp = close >= open;
    const x = Math.round(plot.valToPos(time, "x", true));
    const left = x - Math.floor(width / 2);
    const y = (value: number): number => Math.round(plot.valToPos(value, "y", true));
    ctx.strokeStyle = ctx.fillStyle = isUp ? colors.up : colors.down;
    const volumeTop = plot.valToPos(volumes?.[index] ?? 0, "volume", true);
    ctx.globalAlpha = 0.25;
    ctx.fillRect(left, volumeTop, width, bbox.top + bbox.height - volumeTop);
    ctx.globalAlpha = 1;
    const [top, bottom] = [y(Math.max(open, close)), y(Math.min(open, close))];
    ctx.beginPath();
    ctx.moveTo(x, y(high ?? close));
    ctx.lineTo(x, top);
    ctx.moveTo(x, bottom);
    ctx.lineTo(x, y(low ?? close));
    ctx.stroke();
    const height = Math.max(ratio, bottom - top);
    if (isUp && width > 3 * ratio && height > 2 * ratio) {
      ctx.strokeRect(left + ratio / 2, top + ratio / 2, width - ratio, height - ratio);
    } else ctx.fillRect(left, top, width, height);
  }
  const last = closes?.at(-1);
  if (typeof last === "number") {
    const y = Math.round(plot.valToPos(last, "y", true));
    ctx.strokeStyle = colors.line;
    ctx.setLineDash([4 * ratio, 4 * ratio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
  }
  ctx.restore();
}
