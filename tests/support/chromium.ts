import { accessSync, constants } from "node:fs";
import { type Browser, chromium } from "playwright-core";

/** The shell first: it renders and connects like the browser, and without what surrounds a page takes half the processor's time. */
const COMMON_PATHS = [
  "/usr/bin/chromium-headless-shell",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome-stable",
  "/usr/bin/google-chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** No sandbox, because tests also run as root in containers; no services that would use the network. */
const ARGUMENTS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Where Chromium is: the environment variable `CHROMIUM_PATH`, else one of the common places. */
export function findChromium(): string | undefined {
  const wished = process.env["CHROMIUM_PATH"];
  return (wished === undefined || wished === "" ? COMMON_PATHS : [wished]).find(isExecutable);
}

/** What `skip` of a test that needs Chromium is to be: false when it is there, otherwise how to get it. */
export const SKIP_WITHOUT_CHROMIUM: string | false =
  findChromium() === undefined && "chromium not found: apt-get update && apt-get install -y chromium-headless-shell";

/**
 * Starts Chromium with a profile of its own, which is gone afterwards. Close it when done.
 * @param furtherArguments of its command line
 * @throws When there is none; skip such tests by `SKIP_WITHOUT_CHROMIUM`.
 */
export async function launchChromium(furtherArguments: readonly string[] = []): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error("chromium not found");
  return chromium.launch({ executablePath, args: [...ARGUMENTS, ...furtherArguments] });
}
