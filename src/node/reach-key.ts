/**
 * Whether two callers of `connect` reach a server in the same way, so that they may share a connection: nobody's may go
 * through another's proxy, or over TLS that was made with another's certificate.
 */
import { createHash } from "node:crypto";
import type { Environment } from "../transport/node/index.js";
import type { ReachOptions } from "./dial-options.js";

/** Those whose values count. The rest is about how fast an address is found. */
const counted = ["tls", "proxy", "socketPath", "lookup", "addressFamily", "localAddress"] as const;

/**
 * The same text for options that say the same: plain values and octets by what they are, functions and other objects by
 * their identity. It is a digest, so that no secret stays in it.
 *
 * @param environment counts where the proxy is "environment"
 */
export function reachKey(options: ReachOptions, environment: Environment): string {
  const parts = counted.map((name) => describe(options[name]));
  if (options.proxy === "environment") parts.push(describe(proxyVariables(environment)));
  return createHash("sha256").update(parts.join("\n")).digest("base64");
}

function proxyVariables(environment: Environment): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => /_proxy$/i.test(name)));
}

function describe(value: unknown): string {
  if (typeof value === "function") return identityOf(value);
  if (typeof value !== "object" || value === null) return `${typeof value} ${JSON.stringify(String(value))}`;
  if (value instanceof URL) return `string ${JSON.stringify(value.href)}`;
  if (value instanceof Uint8Array) return `octets ${createHash("sha256").update(value).digest("base64")}`;
  if (Array.isArray(value)) return `[${value.map(describe).join()}]`;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return identityOf(value);
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${entries.map(([name, part]) => `${JSON.stringify(name)}:${describe(part)}`).join()}}`;
}

const identities = new WeakMap<object, number>();
let lastIdentity = 0;

function identityOf(value: object): string {
  let identity = identities.get(value);
  if (identity === undefined) {
    identity = ++lastIdentity;
    identities.set(value, identity);
  }
  return `#${String(identity)}`;
}
