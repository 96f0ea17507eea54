/**
 * Removes what was compiled from sources that are gone. The compiler leaves such files behind: a deleted test would
 * go on running, and a deleted module would go on being published.
 */
import { existsSync, rmSync } from "node:fs";
import path from "node:path";
import { filesUnder, root } from "./lib/paths.js";

const suffix = /(?:\.d\.ts\.map|\.d\.ts|\.js\.map|\.js)$/u;

for (const [output, source] of [
  ["dist", "src"],
  ["build/tests", "tests"],
  ["build/fuzz", "fuzz"],
]) {
  const files = filesUnder(output);
  // Only a script with a source map of its own came from the compiler.
  const compiled = files.filter((file) => file.endsWith(".js.map")).map((file) => file.replace(suffix, ""));
  for (const stem of compiled) {
    const sourceFile = `${source}${stem.slice(output.length)}.ts`;
    if (existsSync(path.join(root, sourceFile))) continue;
    for (const file of files) {
      if (file.replace(suffix, "") === stem) rmSync(path.join(root, file), { force: true });
    }
    console.log(`removed ${stem}.*: there is no ${sourceFile}`);
  }
}
