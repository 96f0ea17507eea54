import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { barChart } from "../charts/bars.js";
import { lineChart } from "../charts/lines.js";

const record = {
  date: "2030-01-02T03:04:05.678Z",
  machine: { processor: "A processor", cores: 2, system: "Linux 1.2.3 x64" },
  node: "v99.0.0",
  rounds: 5,
  peers: [
    { name: "ws", title: "ws", versions: { ws: "8.0.0" } },
    { name: "openline", title: "openline", versions: { openline: "1.0.0" } },
    { name: "bun", title: "Bun", versions: { bun: "1.0.0" } },
  ],
};

const bars = [
  { peer: "ws", title: "ws", value: 12_345 },
  { peer: "openline", title: "openline", value: 23_456 },
];

describe("a chart of bars", () => {
  const panels = [{ title: "64 B", figure: "messagesPerSecond", bars }];
  const svg = barChart({ title: "Echo", panels, record });

  it("says what it shows, of whom, in which unit, and where it comes from", () => {
    for (const text of ["Echo", "64 B", "messages per second (more is better)", "12,345", "23,456", "ws", "openline"]) {
      assert.ok(svg.includes(`>${text}</text>`), text);
    }
    assert.match(svg, /openline 1\.0\.0, ws 8\.0\.0; Node v99\.0\.0/u);
    assert.match(svg, /A processor, 2 cores, Linux 1\.2\.3 x64; medians of 5 rounds, 2030-01-02/u);
  });

  it("brings its background", () => {
    assert.match(svg, /^<svg [^>]*>\n<rect [^>]*fill="#ffffff"/u);
  });

  it("is the same each time, and does not move", () => {
    assert.equal(barChart({ title: "Echo", panels, record }), svg);
    assert.doesNotMatch(svg, /<style|<script|:hover|class=/u);
  });
});

describe("a chart of lines", () => {
  it("says what it shows", () => {
    const svg = lineChart({
      title: "Growth",
      subtitle: "as it is",
      xTitle: "connections",
      yTitle: "time",
      formatX: (value) => `${value} of them`,
      xBase: 10,
      lines: [
        {
          peer: "openline",
          title: "openline",
          points: [
            [1, 5],
            [100, 7],
          ],
        },
      ],
      record,
    });
    for (const text of ["Growth", "as it is", "connections", "time", "1 of them", "100 of them", "openline"]) {
      assert.ok(svg.includes(`>${text}</text>`), text);
    }
  });
});
