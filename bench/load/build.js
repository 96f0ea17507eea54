/**
 * Compiles the load generator where it is missing or older than its sources. By hand: `node load/build.js`.
 */
import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const sourceFolder = fileURLToPath(new URL("./", import.meta.url));
const buildFolder = fileURLToPath(new URL("../build/", import.meta.url));

/** The program, once `buildLoad` has been called. */
export const loadProgram = path.join(buildFolder, "load");

const compiler = process.env.CC || "cc";
const flags = ["-O2", "-std=gnu11", "-Wall", "-Wextra"];
/**
 * Libraries that the program does without where their headers are missing.
 *
 * @typedef {object} Library
 * @property {string} flag
 * @property {readonly string[]} links
 * @property {string} probe a program that needs it
 * @property {string} advice what to do where it is missing
 *
 * @type {Readonly<Record<"tls" | "zlib", Library>>}
 */
export const libraries = {
  tls: {
    flag: "-DWITH_TLS",
    links: ["-lssl", "-lcrypto"],
    probe: "#include <openssl/ssl.h>\nint main(void) { return TLS_client_method() == 0; }\n",
    advice: "OpenSSL's headers are missing: apt-get install -y libssl-dev",
  },
  zlib: {
    flag: "-DWITH_ZLIB",
    links: ["-lz"],
    probe: "#include <zlib.h>\nint main(void) { return zlibVersion()[0] == 0; }\n",
    advice: "zlib's headers are missing: apt-get install -y zlib1g-dev",
  },
};

/** @param {string} file */
async function modifiedMs(file) {
  return (await stat(file).catch(() => undefined))?.mtimeMs ?? 0;
}

async function requireCompiler() {
  try {
    await run(compiler, ["--version"]);
  } catch {
    throw new Error(
      `the load generator needs a C compiler, and there is no "${compiler}": apt-get install -y gcc libc6-dev`,
    );
  }
}

/**
 * Whether a program against a library can be built here.
 *
 * @param {Library} library
 */
async function canBuild({ probe, links }) {
  const source = path.join(buildFolder, `probe-${process.pid}.c`);
  try {
    await writeFile(source, probe);
    await run(compiler, [source, "-o", `${source}.out`, ...links]);
    return true;
  } catch {
    return false;
  } finally {
    await rm(source, { force: true });
    await rm(`${source}.out`, { force: true });
  }
}

/** The libraries that a program against can be built here. */
async function findLibraries() {
  const found = [];
  for (const [name, library] of Object.entries(libraries)) {
    if (await canBuild(library)) found.push(name);
  }
  return found;
}

const markFile = path.join(buildFolder, "load.libraries");

/** The libraries that the program was built with. */
async function builtWith() {
  return (await readFile(markFile, "utf8").catch(() => "")).split(" ").filter((name) => name !== "");
}

/**
 * @returns {Promise<{ tls: boolean, zlib: boolean }>} what it was built with
 * @throws when there is no compiler, with the line that installs it
 */
export async function buildLoad() {
  await mkdir(buildFolder, { recursive: true });
  const names = await readdir(sourceFolder);
  const sources = names.filter((name) => name.endsWith(".c")).map((name) => path.join(sourceFolder, name));
  const inputs = names.filter((name) => /\.[ch]$|^build\.js$/u.test(name)).map((name) => path.join(sourceFolder, name));
  const newest = Math.max(...(await Promise.all(inputs.map(modifiedMs))));
  const isOld = (await modifiedMs(loadProgram)) <= newest;
  let used = await builtWith();
  // Headers may have been installed since.
  if (isOld || (used.length < Object.keys(libraries).length && (await findLibraries()).length > used.length)) {
    await requireCompiler();
    used = await findLibraries();
    // Under another name at first: whoever uses the old one meanwhile keeps it.
    const fresh = `${loadProgram}-${process.pid}`;
    const chosen = used.map((name) => libraries[name]);
    const switches = chosen.map(({ flag }) => flag);
    await run(compiler, [...flags, ...switches, "-o", fresh, ...sources, ...chosen.flatMap(({ links }) => links)]);
    await rename(fresh, loadProgram);
    await writeFile(markFile, used.join(" "));
  }
  return { tls: used.includes("tls"), zlib: used.includes("zlib") };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const built = await buildLoad();
  console.log(`built ${path.relative(process.cwd(), loadProgram)}`);
  for (const [name, { advice }] of Object.entries(libraries))
    if (!built[name]) console.log(`without ${name}: ${advice}`);
}
