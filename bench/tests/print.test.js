import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { figures } from "../lib/figures.js";
import { alignColumns, ratioText, workloadTable } from "../lib/print.js";
import { summarize } from "../lib/summary.js";

describe("tables", () => {
  it("have columns as wide as they must be", () => {
    assert.equal(
      alignColumns([
        ["", "a"],
        ["name", "100"],
      ]),
      "        a\nname  100",
    );
  });

  it("tell the ratios to the baseline, and openline's to the others", () => {
    const samples = new Map([
      ["openline", [{ messagesPerSecond: 400 }]],
      ["ws", [{ messagesPerSecond: 100 }]],
      ["uws", [{ messagesPerSecond: 500 }]],
    ]);
    const names = ["messagesPerSecond"];
    const workload = { title: "Echo", results: summarize(samples, names), columns: names, compared: names };
    const table = workloadTable(workload, "ws", { openline: "openline", ws: "ws", uws: "uWebSockets.js" });
    assert.equal(
      table,
      [
        "Echo",
        "                  messages/s   messages/s : ws",
        "  openline               400  4.00 (4.00-4.00)",
        "  ws                     100",
        "  uWebSockets.js         500  5.00 (5.00-5.00)",
        "  openline : uWebSockets.js = messages/s 0.80 (0.80-0.80)",
      ].join("\n"),
    );
  });

  it("give as many digits as a ratio can bear", () => {
    assert.equal(ratioText({ median: 0.1049, lowest: 0.1, highest: 0.2 }), "0.105 (0.100-0.200)");
    assert.equal(ratioText({ median: 0.523, lowest: 0.5, highest: 2 }), "0.52 (0.50-2.00)");
    assert.equal(ratioText({ median: 12.34, lowest: 9, highest: 15 }), "12.3 (9.0-15.0)");
    assert.equal(ratioText({ median: 123, lowest: 99, highest: 150 }), "123 (99-150)");
  });
});

describe("figures", () => {
  it("are written with three digits, or whole", () => {
    const { format } = figures.cpuMicrosecondsPerMessage;
    assert.deepEqual([0, 0.1234, 12.34, 123.4, 1234.5].map(format), ["0", "0.123", "12.3", "123", "1,235"]);
    assert.equal(figures.payloadBytesPerSecond.format(1_234_567_890), "1,235");
    assert.equal(figures.residentBytesPerConnection.format(5900), "5.90");
    assert.equal(figures.userShare.format(0.456), "46 %");
  });
});
