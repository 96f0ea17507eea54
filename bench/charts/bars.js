/**
 * A panel for each figure of each workload, a bar for each peer.
 */
import { figures } from "../lib/figures.js";
import { colorOf, footer, gridInk, inOrder, label, paleInk, renderSvg } from "./style.js";

const columns = 3;
const panelWidth = 340;
const barHeight = 24;
const margin = 24;
const headHeight = 64;
const panelHeadHeight = 48;
const footHeight = 56;
const nameWidth = 120;
const valueWidth = 64;

const hints = { lower: "less is better", higher: "more is better", neither: "" };

/**
 * @typedef {object} Panel
 * @property {string} title
 * @property {string} figure
 * @property {{ peer: string, title: string, value: number }[]} bars
 */

/**
 * @param {{ title: string, panels: readonly Panel[], record: any }} chart
 * @returns {string} SVG
 */
export function barChart({ title, panels, record }) {
  const rowTops = [headHeight];
  for (let first = 0; first < panels.length; first += columns) {
    const mostBars = Math.max(...panels.slice(first, first + columns).map(({ bars }) => bars.length));
    rowTops.push(rowTops[rowTops.length - 1] + panelHeadHeight + mostBars * barHeight + 20);
  }
  const width = 2 * margin + Math.min(columns, panels.length) * panelWidth;
  const height = rowTops[rowTops.length - 1] + footHeight;
  const shown = new Set(panels.flatMap(({ bars }) => bars.map(({ peer }) => peer)));
  const texts = [
    label(title, { left: margin, top: 22, size: 20, bold: true }),
    ...footer(record, shown).map((line, index) =>
      label(line, { left: margin, top: height - footHeight + 12 + index * 16, size: 11, color: paleInk }),
    ),
  ];
  const parts = panels.map((panel, index) => {
    const left = margin + (index % columns) * panelWidth;
    const top = rowTops[Math.floor(index / columns)];
    // What belongs to one workload stands under one title.
    const isFirst = index % columns === 0 || panels[index - 1].title !== panel.title;
    return createPanel(panel, { index, left, top, isFirst });
  });
  return renderSvg(
    { width, height },
    {
      title: [...texts, ...parts.flatMap((part) => part.texts)],
      grid: parts.map(({ grid }) => grid),
      xAxis: parts.map(({ xAxis }) => xAxis),
      yAxis: parts.map(({ yAxis }) => yAxis),
      series: parts.map(({ series }) => series),
    },
  );
}

/** @param {Panel} panel */
function createPanel({ title, figure, bars }, { index, left, top, isFirst }) {
  const { longTitle, better, format } = figures[figure];
  const hint = hints[better] === "" ? "" : ` (${hints[better]})`;
  const sorted = inOrder(bars);
  return {
    texts: [
      ...(isFirst ? [label(title, { left, top, size: 13, bold: true })] : []),
      label(`${longTitle}${hint}`, { left, top: top + 18, size: 11, color: paleInk }),
    ],
    grid: {
      left: left + nameWidth,
      top: top + panelHeadHeight - 8,
      width: panelWidth - nameWidth - valueWidth - 12,
      height: sorted.length * barHeight,
    },
    xAxis: {
      gridIndex: index,
      type: "value",
      min: 0,
      axisLabel: { show: false },
      axisLine: { show: false },
      splitLine: { lineStyle: { color: gridInk } },
    },
    yAxis: {
      gridIndex: index,
      type: "category",
      inverse: true,
      data: sorted.map((bar) => bar.title),
      axisTick: { show: false },
      axisLine: { lineStyle: { color: gridInk } },
      axisLabel: {
        fontSize: 12,
        interval: 0,
        color: (name) => (name === "openline" ? colorOf("openline") : paleInk),
      },
    },
    series: {
      type: "bar",
      xAxisIndex: index,
      yAxisIndex: index,
      barWidth: barHeight - 8,
      data: sorted.map(({ peer, value }) => ({
        value,
        itemStyle: { color: colorOf(peer), borderRadius: [0, 3, 3, 0] },
      })),
      label: { show: true, position: "right", fontSize: 11, formatter: ({ value }) => format(value) },
    },
  };
}
