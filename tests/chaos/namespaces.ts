/**
 * Whether this machine lets tests make network namespaces, and what there is of them.
 */
import { spawnSync } from "node:child_process";

/** Runs `ip`, which Debian has in a folder that is not on everybody's path. @returns undefined where it does not run */
export function ip(...args: readonly string[]): string | undefined {
  const env = { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` };
  const { status, stdout } = spawnSync("ip", args, { env, encoding: "utf8" });
  return status === 0 ? stdout : undefined;
}

function canMake(): boolean {
  const name = `openline-test-${process.pid}`;
  const isMade = ip("netns", "add", name) !== undefined;
  if (isMade) ip("netns", "del", name);
  return isMade;
}

/** Why tests that need them are skipped; false where there are some. */
export const noNamespaces: string | false = canMake()
  ? false
  : "needs network namespaces: root on Linux, and apt-get install -y iproute2";

/** Those that runs of this process have made. */
export function ownNamespaces(): string[] {
  const names = (ip("netns", "list") ?? "").split("\n").map((line) => line.split(" ")[0] ?? "");
  return names.filter((name) => name.startsWith(`openline-chaos-${process.pid}-`));
}

/** The ends of what leads to them. */
export function ownCables(): string[] {
  const lines = (ip("-o", "link") ?? "").split("\n");
  return lines.filter((line) => line.includes(` ol${process.pid.toString(36)}`));
}
