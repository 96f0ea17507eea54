/**
 * Compiles the load generator where it is missing or older than its sources. By hand: `node load/build.js`.
 */
import { execFile } from "node:child_process";
import { mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
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
const tlsFlags = ["-DWITH_TLS"];
const tlsLibraries = ["-lssl", "-lcrypto"];

/** What to do where TLS is missing. */
export const tlsAdvice = "OpenSSL's headers are missing: apt-get install -y libssl-dev";

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

/** Whether a program against OpenSSL can be built here. */
async function hasTls() {
  const probe = path.join(buildFolder, `probe-${process.pid}.c`);
  try {
    await writeFile(probe, "#include <openssl/ssl.h>\nint main(void) { return TLS_client_method() == 0; }\n");
    await run(compiler, [probe, "-o", `${probe}.out`, ...tlsLibraries]);
    return true;
  } catch {
    return false;
  } finally {
    await rm(probe, { force: true });
    await rm(`${probe}.out`, { force: true });
  }
}

/**
 * @returns {Promise<{ tls: boolean }>} whether it was built with TLS
 * @throws when there is no compiler, with the line that installs it
 */
export async function buildLoad() {
  await mkdir(buildFolder, { recursive: true });
  const names = await readdir(sourceFolder);
  const sources = names.filter((name) => name.endsWith(".c")).map((name) => path.join(sourceFolder, name));
  const inputs = names.filter((name) => /\.[ch]$|^build\.js$/u.test(name)).map((name) => path.join(sourceFolder, name));
  const tlsMark = path.join(buildFolder, "load.tls");
  const newest = Math.max(...(await Promise.all(inputs.map(modifiedMs))));
  const isOld = (await modifiedMs(loadProgram)) <= newest;
  // Headers may have been installed since.
  if (isOld || ((await modifiedMs(tlsMark)) === 0 && (await hasTls()))) {
    await requireCompiler();
    const tls = await hasTls();
    // Under another name at first: whoever uses the old one meanwhile keeps it.
    const fresh = `${loadProgram}-${process.pid}`;
    await run(compiler, [...flags, ...(tls ? tlsFlags : []), "-o", fresh, ...sources, ...(tls ? tlsLibraries : [])]);
    await rename(fresh, loadProgram);
    if (tls) await writeFile(tlsMark, "");
    else await rm(tlsMark, { force: true });
  }
  return { tls: (await modifiedMs(tlsMark)) > 0 };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { tls } = await buildLoad();
  console.log(`built ${path.relative(process.cwd(), loadProgram)}${tls ? "" : `, without TLS: ${tlsAdvice}`}`);
}
