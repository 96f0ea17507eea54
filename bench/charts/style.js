/**
 * What all charts have in common: readable on white and on dark pages, since they bring a background of their own.
 */
import * as echarts from "echarts";

export const background = "#ffffff";
export const ink = "#1f2937";
export const paleInk = "#6b7280";
export const gridInk = "#e5e7eb";
const frameInk = "#d1d5db";
export const fontFamily = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', Arial, sans-serif";

/** By the peer's name. openline's color is the strong one. */
const colors = {
  openline: "#0f62fe",
  "openline-takeover": "#6ea6ff",
  "openline-ws": "#6ea6ff",
  ws: "#8d99a8",
  uws: "#d9822b",
  "uws-dedicated": "#e8b27a",
  bun: "#c6a15b",
  deno: "#4c9a86",
  undici: "#9a6fb0",
  node: "#6aa84f",
};

/** @param {string} peer */
export function colorOf(peer) {
  return colors[peer] ?? "#9ca3af";
}

// In this order everywhere, so that the same bar is at the same place.
const order = [
  "openline",
  "openline-takeover",
  "openline-ws",
  "uws",
  "uws-dedicated",
  "bun",
  "deno",
  "ws",
  "undici",
  "node",
];

/**
 * @template {{ peer: string }} Row
 * @param {readonly Row[]} rows
 * @returns {Row[]}
 */
export function inOrder(rows) {
  const rank = ({ peer }) => (order.includes(peer) ? order.indexOf(peer) : order.length);
  return [...rows].sort((a, b) => rank(a) - rank(b));
}

/**
 * Where the figures come from.
 *
 * @param {any} record
 * @param {ReadonlySet<string>} shown names of the peers in the chart
 * @returns {string[]} lines
 */
export function footer({ date, machine, node, peers, rounds }, shown) {
  const versions = inOrder(peers.map((peer) => ({ ...peer, peer: peer.name })))
    .filter(({ name }) => shown.has(name))
    .map(({ title, versions: all }) => `${title} ${Object.values(all)[0]}`);
  return [
    `${versions.join(", ")}; Node ${node}`,
    `${machine.processor}, ${machine.cores} cores, ${machine.system}; ` +
      `medians of ${rounds} ${rounds === 1 ? "round" : "rounds"}, ${date.slice(0, 10)}`,
  ];
}

/**
 * A text at a place; in echarts, which has room for one, a title.
 *
 * @param {string} text
 * @param {{ left: number, top: number, size: number, color?: string, bold?: boolean }} look
 */
export function label(text, { left, top, size, color = ink, bold = false }) {
  const textStyle = { fontSize: size, lineHeight: size + 4, color, fontWeight: bold ? 600 : 400, fontFamily };
  return { text, left, top, padding: 0, textStyle };
}

/**
 * @param {{ width: number, height: number }} size in pixels
 * @param {object} option of echarts
 * @returns {string} SVG
 */
export function renderSvg({ width, height }, option) {
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width, height });
  chart.setOption({
    animation: false,
    backgroundColor: "transparent",
    textStyle: { fontFamily, color: ink },
    ...option,
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  const frame = `<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="10" fill="${background}" stroke="${frameInk}"/>`;
  return `${withoutInteraction(svg).replace(/(<svg[^>]*>)/u, (opening) => `${opening}\n${frame}`)}\n`;
}

/** A picture has no use for what reacts to a mouse, nor for numbers that differ with what was drawn before. */
function withoutInteraction(svg) {
  return svg
    .replaceAll(/<style\b[^>]*>.*?<\/style>\n?/gsu, "")
    .replaceAll(/ (?:class="zr[^"]*"|ecmeta_\w+="[^"]*"|pointer-events="\w+")/gu, "")
    .replaceAll(/\bzr\d+-/gu, "zr-");
}
