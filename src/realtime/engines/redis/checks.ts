/**
 * Whether a server can give what the engine promises: looked at before anything is promised.
 */
import type { Redis } from "ioredis";
import { EngineError } from "../index.js";
import type { ResolvedOptions } from "./options.js";

// What tells within one slot, and from a script.
const minMajor = 7;

/** @throws EngineError "unavailable" for a server that cannot do what is needed */
export async function checkServers(servers: readonly Redis[], options: ResolvedOptions): Promise<void> {
  await Promise.all(servers.map((server) => checkServer(server, options)));
}

async function checkServer(server: Redis, options: ResolvedOptions): Promise<void> {
  const [about, memory, persistence] = (
    await Promise.all(["server", "memory", "persistence"].map((section) => server.info(section)))
  ).map(fieldsOf);
  // Valkey says which Redis it is like, and goes on from there.
  const version = about?.get("redis_version") ?? "";
  if (Number(version.split(".")[0]) < minMajor) {
    throw new EngineError("unavailable", `Redis ${version} is too old: ${minMajor}.0 is needed`);
  }
  const policy = memory?.get("maxmemory_policy") ?? "noeviction";
  if (!options.allowEviction && memory?.get("maxmemory") !== "0" && policy !== "noeviction") {
    throw new EngineError(
      "unavailable",
      `Redis evicts keys when its memory is full (maxmemory-policy ${policy}), and would lose what is promised to be ` +
        "kept: set it to noeviction, or allowEviction",
    );
  }
  if (options.requireAppendOnly && persistence?.get("aof_enabled") !== "1") {
    throw new EngineError(
      "unavailable",
      "Redis has no append-only file (appendonly), and loses what it has acknowledged when it is killed",
    );
  }
}

/** What a section of `INFO` says. */
export function fieldsOf(info: string): ReadonlyMap<string, string> {
  return new Map(
    info.split("\r\n").map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon), line.slice(colon + 1)];
    }),
  );
}
