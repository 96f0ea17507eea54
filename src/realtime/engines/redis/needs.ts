/**
 * What a contract wants, and whether these servers give it.
 */
import type { Redis } from "ioredis";
import type { EngineGrant, EngineNeeds, Unmet } from "../index.js";
import { durableChannels, patternsOf, refuseUnmet, unmetSizes } from "../index.js";
import { fieldsOf } from "./checks.js";

// What stands around a value in what a script is called with: who published it, names, and the protocol.
const headBytes = 4096;
const sizeLimits = ["proto-max-bulk-len", "client-query-buffer-limit"];

/** @throws EngineError "not-guaranteed"; what the client library throws */
export async function checkNeeds(servers: readonly Redis[], needs: EngineNeeds): Promise<EngineGrant> {
  const found = await Promise.all(servers.map((server) => look(server)));
  const sizes = found.flatMap(({ limits }) => limits);
  const least = sizes.reduce((one, other) => (other.maxBytes < one.maxBytes ? other : one), {
    name: "",
    maxBytes: Number.MAX_SAFE_INTEGER,
  });
  const room = {
    maxBytes: Math.max(1, least.maxBytes - headBytes),
    gives: `Redis takes ${least.maxBytes} at once (${least.name})`,
    change: `raise ${least.name}, or ask for less`,
  };
  refuseUnmet("Redis", [
    ...unmetDurability(needs, found),
    ...unmetSizes(needs, room),
    ...needs.channels.flatMap((channel) => {
      if (channel.kind !== "media" || channel.groupBytesMax <= room.maxBytes) return [];
      const wants = `frames of up to ${channel.groupBytesMax} octets (groupBytesMax)`;
      return { of: patternsOf([channel]), wants, gives: room.gives, change: room.change };
    }),
    ...unmetMemory(needs, found),
  ]);
  return { maxMessageBytes: room.maxBytes };
}

interface Found {
  readonly hasAppendOnlyFile: boolean;
  /** Undefined where it does not evict keys. */
  readonly evicts: string | undefined;
  /** Undefined where there is no bound. */
  readonly maxMemoryBytes: number | undefined;
  readonly limits: readonly { readonly name: string; readonly maxBytes: number }[];
}

async function look(server: Redis): Promise<Found> {
  const [memory, persistence, limits] = await Promise.all([
    server.info("memory").then(fieldsOf),
    server.info("persistence").then(fieldsOf),
    limitsOf(server),
  ]);
  const maxMemory = Number(memory.get("maxmemory") ?? 0);
  const policy = memory.get("maxmemory_policy") ?? "noeviction";
  return {
    hasAppendOnlyFile: persistence.get("aof_enabled") === "1",
    evicts: maxMemory > 0 && policy !== "noeviction" ? policy : undefined,
    maxMemoryBytes: maxMemory > 0 ? maxMemory : undefined,
    limits,
  };
}

/** What may be said at once, as far as this user may know. */
async function limitsOf(server: Redis): Promise<Found["limits"]> {
  let answer: unknown;
  try {
    answer = await server.config("GET", ...(sizeLimits as [string, string]));
  } catch (error) {
    // A user without rights for it, or a host that has no such command: whatever is too long is refused when it comes.
    if (error instanceof Error && error.name === "ReplyError") return [];
    throw error;
  }
  if (!Array.isArray(answer)) return [];
  return sizeLimits.flatMap((name) => {
    const at = answer.indexOf(name);
    const maxBytes = at < 0 ? 0 : Number(answer[at + 1]);
    return maxBytes > 0 ? { name, maxBytes } : [];
  });
}

function unmetDurability(needs: EngineNeeds, found: readonly Found[]): Unmet[] {
  const durable = durableChannels(needs);
  if (durable.length === 0) return [];
  const common = { of: patternsOf(durable), wants: "to outlast a restart (durable)" };
  const unmet: Unmet[] = [];
  if (found.some(({ hasAppendOnlyFile }) => !hasAppendOnlyFile)) {
    const gives = "Redis has no append-only file (appendonly no)";
    unmet.push({ ...common, gives, change: "set appendonly yes at each server, or leave out durable" });
  }
  const evicts = found.find((server) => server.evicts !== undefined)?.evicts;
  if (evicts !== undefined) {
    const gives = `Redis evicts keys when its memory is full (maxmemory-policy ${evicts})`;
    unmet.push({ ...common, gives, change: "set it to noeviction, or leave out durable" });
  }
  return unmet;
}

function unmetMemory({ channels, maxLogBytes }: EngineNeeds, found: readonly Found[]): Unmet[] {
  const least = Math.min(...found.map(({ maxMemoryBytes = Number.POSITIVE_INFINITY }) => maxMemoryBytes));
  const gives = `all that Redis keeps has ${least} (maxmemory)`;
  const change = "raise maxmemory, or ask for less";
  const unmet: Unmet[] = [];
  if (channels.some(({ kind }) => kind === "log") && maxLogBytes.isChosen && maxLogBytes.value > least) {
    unmet.push({ of: "limits.maxLogBytes", wants: `${maxLogBytes.value} octets for each log`, gives, change });
  }
  for (const channel of channels) {
    if (channel.kind !== "media" || channel.groupBytesMax <= least) continue;
    unmet.push({ of: patternsOf([channel]), wants: `groups of ${channel.groupBytesMax} octets`, gives, change });
  }
  return unmet;
}
