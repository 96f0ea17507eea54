/**
 * Makes the compiled commands of package.json executable, which the compiler does not, so that `npx openline` works in
 * a clone as it does where the package is installed.
 */
import { chmodSync, existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { root } from "./lib/paths.js";

const { bin } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));
for (const command of Object.values(bin)) {
  const file = path.join(root, command);
  if (existsSync(file)) chmodSync(file, 0o755);
}
