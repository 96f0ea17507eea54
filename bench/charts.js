/**
 * `npm run charts`: draws the charts of the published records again.
 */
import { drawCharts } from "./charts/draw.js";
import { runCommand } from "./lib/options.js";
import { recordFile } from "./lib/record.js";

await runCommand(async () => {
  console.log((await drawCharts(recordFile("record", false))).join("\n"));
});
