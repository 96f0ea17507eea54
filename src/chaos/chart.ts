/**
 * Charts over the time of a run, as SVG: lines, counts and bars over one axis of seconds. Nothing is needed to look at them,
 * and colors are those of the page's style, light or dark.
 */

/** The time that all charts of a page share. */
export interface TimeAxis {
  /** Unix milliseconds. */
  readonly from: number;
  readonly until: number;
}

/** A line of a chart. */
export interface Series {
  readonly name: string;
  /** Which of the style's colors, from 1. */
  readonly color: number;
  readonly points: readonly (readonly [at: number, value: number])[];
}

/** A time that something lasted. */
export interface Bar {
  readonly from: number;
  readonly until: number;
  readonly title: string;
  /** A class of the style. */
  readonly look: string;
}

const width = 1000;
const left = 64;
const right = 12;
const plotWidth = width - left - right;
const plotHeight = 110;
const barHeight = 14;
const ticks = 8;

/** Text that a page shows as it is. */
export function escapeHtml(text: string): string {
  const names: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return text.replace(/[&<>"]/gu, (character) => names[character] ?? character);
}

function x(axis: TimeAxis, at: number): number {
  const share = (at - axis.from) / Math.max(1, axis.until - axis.from);
  return round(left + Math.min(1, Math.max(0, share)) * plotWidth);
}

function round(number: number): number {
  return Math.round(number * 10) / 10;
}

/** A number of seconds that one can count in. */
function stepOf(span: number): number {
  const rough = span / ticks;
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 3600];
  return steps.find((step) => step >= rough) ?? Math.ceil(rough / 3600) * 3600;
}

/** The lines at whole times, and what they say. */
function grid(axis: TimeAxis, height: number): string {
  const seconds = (axis.until - axis.from) / 1000;
  const parts: string[] = [];
  for (let second = 0; second <= seconds; second += stepOf(seconds)) {
    const at = x(axis, axis.from + second * 1000);
    parts.push(`<line class="grid" x1="${at}" x2="${at}" y1="0" y2="${height}"/>`);
    const label = seconds > 180 ? `${Math.floor(second / 60)}:${String(second % 60).padStart(2, "0")}` : `${second} s`;
    parts.push(`<text class="tick" x="${at}" y="${height + 14}" text-anchor="middle">${label}</text>`);
  }
  return parts.join("");
}

function frame(title: string, height: number, content: string): string {
  return `<svg role="img" aria-label="${escapeHtml(title)}" viewBox="0 0 ${width} ${height}">${content}</svg>`;
}

/** What is short enough to stand beside an axis. */
function brief(value: number): string {
  if (value >= 10_000) return `${round(value / 1000)}k`;
  return String(value >= 10 ? Math.round(value) : round(value));
}

/** Lines over time. @param bars behind them */
export function lineChart(axis: TimeAxis, title: string, series: readonly Series[], bars: readonly Bar[]): string {
  const most = Math.max(1, ...series.flatMap(({ points }) => points.map(([, value]) => value)));
  const y = (value: number): number => round(plotHeight - (value / most) * (plotHeight - 8));
  const shades = bars.map(
    ({ from, until, title: told, look }) =>
      `<rect class="shade ${look}" x="${x(axis, from)}" width="${span(axis, from, until)}" y="0" height="${plotHeight}"><title>${escapeHtml(told)}</title></rect>`,
  );
  const lines = series.map(({ color, points }) => {
    const path = points.map(([at, value]) => `${x(axis, at)},${y(value)}`).join(" ");
    return `<polyline class="line c${color}" points="${path}"/>`;
  });
  const scale = [most, most / 2].map(
    (value) =>
      `<line class="grid" x1="${left}" x2="${width - right}" y1="${y(value)}" y2="${y(value)}"/><text class="tick" x="${left - 6}" y="${y(value) + 4}" text-anchor="end">${brief(value)}</text>`,
  );
  const legend = series.map(({ name, color }) => `<span class="key c${color}">${escapeHtml(name)}</span>`).join(" ");
  const content = `${shades.join("")}${scale.join("")}${grid(axis, plotHeight)}${lines.join("")}`;
  return `<figure><figcaption>${escapeHtml(title)} ${legend}</figcaption>${frame(title, plotHeight + 20, content)}</figure>`;
}

/** Rows of bars, each with a name. */
export function barChart(axis: TimeAxis, title: string, rows: ReadonlyMap<string, readonly Bar[]>): string {
  const parts: string[] = [];
  let row = 0;
  for (const [name, bars] of rows) {
    const top = row++ * (barHeight + 4) + 2;
    parts.push(
      `<text class="tick" x="${left - 6}" y="${top + barHeight - 3}" text-anchor="end">${escapeHtml(name)}</text>`,
      ...bars.map(({ from, until, title: told, look }) => {
        const wide = Math.max(2, span(axis, from, until));
        return `<rect class="bar ${look}" x="${x(axis, from)}" width="${wide}" y="${top}" height="${barHeight}" rx="2"><title>${escapeHtml(told)}</title></rect>`;
      }),
    );
  }
  const height = rows.size * (barHeight + 4) + 4;
  const content = `${grid(axis, height)}${parts.join("")}`;
  return `<figure><figcaption>${escapeHtml(title)}</figcaption>${frame(title, height + 20, content)}</figure>`;
}

function span(axis: TimeAxis, from: number, until: number): number {
  return round(x(axis, until) - x(axis, from));
}
