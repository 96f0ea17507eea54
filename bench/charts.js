/**
 * `npm run charts`: draws the charts of the published records again.
 */
import { existsSync } from "node:fs";
import { drawCharts, drawGrowthCharts, drawMicroCharts } from "./charts/draw.js";
import { runCommand } from "./lib/options.js";
import { recordFile } from "./lib/record.js";

const drawers = { record: drawCharts, micro: drawMicroCharts, growth: drawGrowthCharts };

await runCommand(async () => {
  for (const [name, draw] of Object.entries(drawers)) {
    const file = recordFile(name, false);
    if (existsSync(file)) console.log((await draw(file)).join("\n"));
    else console.log(`there is no results/${name}.json`);
  }
});
