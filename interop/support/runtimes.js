/**
 * Runtimes other than the Node that runs the tests: where their programs are, and how they run a script.
 *
 * The packages `bun` and `deno` fetch their programs in an install script, which may be disabled; these are the packages
 * that have them.
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const { arch, platform } = process;
const bun = `@oven/bun-${platform}-${arch === "arm64" ? "aarch64" : arch}/bin/bun`;
const deno = `@deno/${platform}-${arch}-glibc/deno`;

/**
 * @typedef {object} Runtime
 * @property {string} name
 * @property {string} program its path, as far as it is installed
 * @property {(conditions: readonly string[]) => string[]} options
 */

/** @type {readonly Runtime[]} */
export const runtimes = [
  { name: "Node", program: process.execPath, options: (conditions) => withConditions(conditions) },
  { name: "Bun", program: installed(bun), options: (conditions) => [...withConditions(conditions), "run"] },
  {
    name: "Deno",
    program: installed(deno),
    // The packages are those that npm has installed.
    options: (conditions) => ["run", "--allow-all", "--node-modules-dir=manual", ...withConditions(conditions)],
  },
];

function withConditions(conditions) {
  return conditions.map((condition) => `--conditions=${condition}`);
}

function installed(file) {
  return fileURLToPath(new URL(`../node_modules/${file}`, import.meta.url));
}

/** What `skip` of a test that needs it is to be: false when it is there, otherwise how to get it. */
export function skipWithout({ name, program }) {
  return !existsSync(program) && `${name} is not installed: cd interop && npm ci`;
}

/**
 * Runs one of the scripts in `runtimes/` to its end.
 *
 * @param {Runtime} runtime
 * @param {string} script
 * @param {{ conditions?: readonly string[], args?: readonly string[] }} [more]
 * @returns {Promise<Record<string, unknown>>} what each check came to
 */
export async function runChecks({ program, options }, script, { conditions = [], args = [] } = {}) {
  const file = fileURLToPath(new URL(`../runtimes/${script}`, import.meta.url));
  const env = { ...process.env, DENO_NO_UPDATE_CHECK: "1" };
  const { stdout } = await run(program, [...options(conditions), file, ...args], { timeout: 60_000, env });
  const lines = stdout.split("\n").filter((line) => line.startsWith("["));
  return Object.fromEntries(lines.map((line) => JSON.parse(line)));
}
