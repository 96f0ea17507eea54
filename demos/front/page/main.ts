// The page's entry: a client, the figures that it follows, and the charts of them.
import { createClient } from "openline/realtime/client";
import { ConnectionView } from "../../site/page/connection-view.js";
import { byId } from "../../site/page/dom.js";
import { api, type Figures, SHOWN_COUNT, SHOWN_MS, SOCKET_PATH } from "../shared/contract.js";
import { Plot, type Point } from "./plot.js";

const ECHO_INTERVAL_MS = 1_000;
/** Rows that a ratio is taken of: one alone may hold a single message. */
const RATIO_ROWS = 10;

const COUNT: Intl.NumberFormat = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const SHORT: Intl.NumberFormat = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

function writeMs(ms: number): string {
  return `${ms < 10 ? ms.toFixed(1) : COUNT.format(ms)} ms`;
}

function card(id: string, lines: readonly string[], least: number, write: (value: number) => string): Plot {
  return new Plot(byId(id, HTMLElement), lines, least, write);
}

const plots = {
  connections: card("connections", [""], 4, (value) => COUNT.format(value)),
  messages: card("messages", ["in", "out"], 10, (value) => SHORT.format(value)),
  bytes: card("bytes", ["in", "out"], 1_000, (value) => SHORT.format(value)),
  compression: card("compression", [""], 1, (value) => `${value.toFixed(value < 10 ? 2 : 1)} : 1`),
  delay: card("delay", [""], 20, writeMs),
  roundTrip: card("round-trip", [""], 5, writeMs),
};

const rows: Figures[] = [];
const roundTrips: Point[] = [];

function compressionAt(index: number): number | null {
  let [content, bytes] = [0, 0];
  for (const row of rows.slice(Math.max(0, index + 1 - RATIO_ROWS), index + 1)) {
    content += row.contentOut;
    bytes += row.bytesOut;
  }
  return bytes === 0 ? null : content / bytes;
}

function draw(): void {
  const newest = rows.at(-1);
  if (newest === undefined) return;
  const nowMs = newest.timeMs;
  const points = (values: (row: Figures, index: number) => readonly (number | null)[]): Point[] =>
    rows.map((row, index) => ({ timeMs: row.timeMs, values: values(row, index) }));
  plots.connections.draw(
    points(({ connections }) => [connections]),
    nowMs,
  );
  plots.messages.draw(
    points(({ messagesIn, messagesOut }) => [messagesIn, messagesOut]),
    nowMs,
  );
  plots.bytes.draw(
    points(({ bytesIn, bytesOut }) => [bytesIn, bytesOut]),
    nowMs,
  );
  plots.compression.draw(
    points((_row, index) => [compressionAt(index)]),
    nowMs,
  );
  plots.delay.draw(
    points(({ delayMs }) => [delayMs]),
    nowMs,
  );
}

/** A page that nobody sees has nothing to draw; what comes meanwhile is kept. */
let isDrawDue = false;
function drawSoon(): void {
  if (isDrawDue) return;
  isDrawDue = true;
  requestAnimationFrame(() => {
    isDrawDue = false;
    draw();
  });
}

const connectionView: ConnectionView = new ConnectionView(() => client.reconnectNow());
const client = createClient(api, SOCKET_PATH, {
  reconnect: { minDelayMs: 200, maxDelayMs: 5_000 },
  state: (state) => connectionView.show(state),
});

client.channel("figures", { last: SHOWN_COUNT }).listen((event) => {
  if (event.type !== "message") return;
  rows.push(event.value);
  while ((rows[0]?.timeMs ?? Infinity) < event.value.timeMs - SHOWN_MS) rows.shift();
  drawSoon();
});

setInterval(() => {
  if (document.hidden || client.state.name !== "open") return;
  const startedMs = performance.now();
  const show = (): void => {
    const nowMs = performance.now();
    roundTrips.push({ timeMs: nowMs, values: [nowMs - startedMs] });
    while ((roundTrips[0]?.timeMs ?? Infinity) < nowMs - SHOWN_MS) roundTrips.shift();
    plots.roundTrip.draw(roundTrips, nowMs);
  };
  // A call that its connection took with it was no round trip.
  client.call("echo", undefined).then(show, () => undefined);
}, ECHO_INTERVAL_MS);
