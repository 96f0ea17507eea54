/**
 * The engine that `--engine` names.
 */
import type { Engine } from "../../realtime/index.js";
import { KnownError } from "./known-error.js";

/** An engine that processes make for themselves, since they share what is behind it. */
export interface EngineChoice {
  /** For people: without what is secret in it. */
  readonly description: string;
  /** @throws KnownError where the package that it needs is not installed */
  readonly make: () => Promise<Engine>;
}

const schemes: Readonly<Record<string, (urls: readonly URL[]) => Promise<Engine>>> = {
  "nats:": (urls) => makeNats(urls, false),
  "tls:": (urls) => makeNats(urls, true),
  "redis:": makeRedis,
  "rediss:": makeRedis,
};

/**
 * Reads what stands behind `--engine`: "memory", `nats://` or `tls://` of a NATS server or several with commas between them,
 * `redis://` or `rediss://`.
 *
 * @returns undefined for "memory", which is one of the first process's
 * @throws KnownError for anything else
 */
export function chooseEngine(text: string): EngineChoice | undefined {
  if (text === "memory") return undefined;
  const urls = text.split(",").map(readUrl);
  const [first] = urls;
  const make = schemes[first?.protocol ?? ""];
  const isOne = urls.every((url) => url?.protocol === first?.protocol);
  const isRedis = first?.protocol.startsWith("redis") === true;
  if (first === undefined || make === undefined || !isOne || (isRedis && urls.length > 1)) {
    throw new KnownError(
      '--engine is "memory", nats://host:4222 (several with commas between them) or redis://host:6379',
    );
  }
  const all = urls.filter((url) => url !== undefined);
  if (credentialsOf(all).length > 1) {
    throw new KnownError(
      "the URLs of --engine have different credentials, and the client library of NATS has one for all servers: " +
        "write the same into each, or into one",
    );
  }
  return {
    description: all.map(({ protocol, host }) => `${protocol}//${host}`).join(","),
    make: () => make(all),
  };
}

function readUrl(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url?.hostname === "" ? undefined : url;
}

/** Those that some URL has, each once. */
function credentialsOf(urls: readonly URL[]): readonly (readonly [name: string, password: string])[] {
  const all = new Map(urls.map(({ username, password }) => [`${username}:${password}`, [username, password] as const]));
  all.delete(":");
  return [...all.values()];
}

async function makeNats(urls: readonly URL[], isSecure: boolean): Promise<Engine> {
  const { nats } = await installed("@nats-io/transport-node", () => import("../../realtime/engines/nats/index.js"));
  // The client library takes them beside the URLs. A name without a password is a token, as in NATS' own tools.
  const [name = "", password = ""] = (credentialsOf(urls)[0] ?? []).map((part) => decodeURIComponent(part));
  const credentials = password === "" ? { token: name } : { user: name, pass: password };
  return nats({
    servers: urls.map(({ host }) => host),
    connection: { ...(name === "" ? {} : credentials), ...(isSecure ? { tls: {} } : {}) },
  });
}

async function makeRedis([url]: readonly URL[]): Promise<Engine> {
  const { redis } = await installed("ioredis", () => import("../../realtime/engines/redis/index.js"));
  return redis(url === undefined ? {} : { url: url.href });
}

async function installed<Module>(name: string, load: () => Promise<Module>): Promise<Module> {
  try {
    return await load();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND") {
      throw new KnownError(`this engine needs the package ${name} beside openline: npm install ${name}`, error);
    }
    throw error;
  }
}
