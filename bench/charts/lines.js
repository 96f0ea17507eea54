/**
 * How something grows: a line for each peer, both axes logarithmic.
 */
import { colorOf, footer, gridInk, inOrder, label, paleInk, renderSvg } from "./style.js";

const width = 760;
const height = 500;
const margin = 24;

/**
 * @typedef {object} Line
 * @property {string} peer
 * @property {string} title
 * @property {[number, number][]} points
 */

/**
 * @param {object} chart
 * @param {string} chart.title
 * @param {string} chart.subtitle
 * @param {string} chart.xTitle
 * @param {string} chart.yTitle
 * @param {(x: number) => string} chart.formatX
 * @param {number} chart.xBase of the logarithm
 * @param {readonly Line[]} chart.lines
 * @param {any} chart.record
 * @returns {string} SVG
 */
export function lineChart({ title, subtitle, xTitle, yTitle, formatX, xBase, lines, record }) {
  const sorted = inOrder(lines);
  const axis = {
    type: "log",
    axisLine: { lineStyle: { color: paleInk } },
    splitLine: { lineStyle: { color: gridInk } },
  };
  const name = { nameLocation: "middle", nameTextStyle: { color: paleInk, fontSize: 12 } };
  const xs = sorted.flatMap(({ points }) => points.map(([x]) => x));
  return renderSvg(
    { width, height },
    {
      title: [
        label(title, { left: margin, top: 20, size: 18, bold: true }),
        label(subtitle, { left: margin, top: 46, size: 12, color: paleInk }),
        ...footer(record, new Set(sorted.map(({ peer }) => peer))).map((line, index) =>
          label(line, { left: margin, top: height - 44 + index * 16, size: 11, color: paleInk }),
        ),
      ],
      legend: { left: margin, top: 68, data: sorted.map((line) => line.title), itemWidth: 22, itemGap: 20 },
      grid: { left: 76, right: 32, top: 108, bottom: 104 },
      xAxis: {
        ...axis,
        ...name,
        logBase: xBase,
        name: xTitle,
        nameGap: 28,
        min: Math.min(...xs),
        max: Math.max(...xs),
        axisLabel: { formatter: formatX, color: paleInk },
      },
      yAxis: { ...axis, ...name, name: yTitle, nameGap: 52, axisLabel: { color: paleInk } },
      series: sorted.map(({ peer, title: lineTitle, points }) => ({
        type: "line",
        name: lineTitle,
        data: points,
        color: colorOf(peer),
        symbol: "circle",
        symbolSize: 7,
        lineStyle: { width: peer === "openline" ? 3 : 2 },
      })),
    },
  );
}
