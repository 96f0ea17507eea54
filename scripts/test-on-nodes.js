/**
 * Runs the compiled tests on other versions of Node: `npm run test:nodes`, or `npm run test:nodes -- 24` for one.
 *
 * The binaries come from the packages `node-<platform>-<architecture>` of the npm registry, which carry `bin/node`
 * itself. (The package `node` only fetches one of them in an install script, and install scripts may be disabled.)
 * They are installed in a temporary folder and removed afterwards; or in one that `--install FOLDER` names, which does nothing
 * else, and from which `--from FOLDER` takes them.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { selectTests } from "./lib/paths.js";
import { run, testArguments } from "./lib/run.js";
import { groupTests } from "./lib/test-groups.js";

const defaultVersions = ["22", "24", "26"];
/** What rests on insides of Node. */
const folders = ["tests/transport/node/handle", "tests/transport/node/zlib"];
/** What touches Node otherwise runs on the newest of them, too, beside the oldest, which runs everything. */
const newestFolders = ["tests/transport/node", "tests/node", "tests/compat"];
/** But for those among them that keep the machine busy with what is ours alone. */
const ours = /own-port|echoing|bombs|admission|memory|chromium/u;

const { values, positionals: given } = parseArgs({
  options: { install: { type: "string" }, from: { type: "string" } },
  allowPositionals: true,
});
const versions = given.length === 0 ? defaultVersions : given;
/** @type {string[]} */
const failed = [];
if (values.install !== undefined) {
  await install(path.resolve(values.install));
} else if (values.from !== undefined) {
  await testAll(path.resolve(values.from));
} else {
  const folder = mkdtempSync(path.join(tmpdir(), "openline-nodes-"));
  try {
    await install(folder);
    await testAll(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {string} folder is made where it is not there */
async function install(folder) {
  const packageName = `node-${process.platform}-${process.arch}`;
  // One alias per version, so that all are installed at once.
  const dependencies = Object.fromEntries(
    versions.map((version) => [`node-${version}`, `npm:${packageName}@${version}`]),
  );
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, "package.json"), JSON.stringify({ private: true, dependencies }));
  const options = ["--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"];
  // What npm sets for its scripts speaks of this repository, not of that folder.
  const npmVariables = Object.fromEntries(
    Object.keys(process.env)
      .filter((name) => /^npm_(?:package|config_local_prefix|lifecycle)/u.test(name))
      .map((name) => [name, undefined]),
  );
  if ((await run("npm", ["install", ...options], npmVariables)) !== 0) {
    throw new Error(`${packageName} could not be installed in the versions ${versions.join(", ")}`);
  }
}

/** @param {string} folder where they are installed */
async function testAll(folder) {
  const files = selectTests(folders);
  const newestFiles = selectTests(newestFolders).filter((file) => !ours.test(file));
  if (files.length === 0) throw new Error("No compiled tests. Run `npm run build` first.");
  for (const version of versions) {
    const node = path.join(folder, "node_modules", `node-${version}`, "bin", "node");
    console.log(`\n== Node ${version}`);
    await run(node, ["--version"]);
    const all = version === versions.at(-1) ? newestFiles : files;
    if ((await run(node, testArguments(groupTests(all).map(({ file }) => file)))) !== 0) failed.push(version);
  }
}

if (failed.length > 0) {
  console.error(`\nThe tests failed on Node ${failed.join(", ")}.`);
  process.exitCode = 1;
}
