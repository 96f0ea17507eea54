/**
 * Which proxy the environment names for an address: `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`. No standard
 * says how they are read; these are the rules that curl and Go agree on, and where they do not, Go's.
 */
import type { WebSocketAddress } from "../../../protocol/index.js";
import { lowercaseAscii, parseAuthority } from "../../../protocol/index.js";
import { isInRange, isLoopback, parseIpAddress, parseIpRange } from "../../index.js";
import type { Proxy } from "./proxy.js";
import { parseProxy } from "./proxy.js";

/** Variables by name, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Finds it. Each variable counts in lower case first, and one that is empty does not count.
 *
 * @returns undefined where the way is direct: no variable names a proxy, `NO_PROXY` excepts the host, or it is this machine
 * @throws UsageError `invalid-argument` for a variable that is not the URL of a proxy
 */
export function proxyFromEnvironment(address: WebSocketAddress, environment: Environment): Proxy | undefined {
  const host = bareHost(address.host);
  if (isThisMachine(host)) return undefined;
  const named = firstOf(environment, namesFor(address.secure, environment));
  if (named === undefined) return undefined;
  const exceptions = firstOf(environment, ["no_proxy", "NO_PROXY"])?.value ?? "";
  if (isExcepted(host, address.port, exceptions)) return undefined;
  // As often as not the scheme is left out.
  const url = named.value.includes("://") ? named.value : `http://${named.value}`;
  return parseProxy(url, named.name);
}

function namesFor(secure: boolean, environment: Environment): readonly string[] {
  if (secure) return ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
  // In a CGI program HTTP_PROXY is a header of somebody's request, "Proxy" (CVE-2016-5385).
  const isCgi = environment["REQUEST_METHOD"] !== undefined;
  return ["http_proxy", ...(isCgi ? [] : ["HTTP_PROXY"]), "all_proxy", "ALL_PROXY"];
}

function firstOf(
  environment: Environment,
  names: readonly string[],
): { readonly name: string; readonly value: string } | undefined {
  for (const name of names) {
    const value = environment[name]?.trim();
    if (value !== undefined && value !== "") return { name, value };
  }
  return undefined;
}

/** A name or an address as it is compared: without brackets, without the dot at its end, in lower case. */
function bareHost(host: string): string {
  return lowercaseAscii(host)
    .replace(/^\[(.*)\]$/, "$1")
    .replace(/\.$/, "");
}

/** A proxy elsewhere would reach another machine than the one that is meant. */
function isThisMachine(host: string): boolean {
  const address = parseIpAddress(host);
  // RFC 6761 §6.3: names that end in "localhost." are this machine's, too.
  return address === undefined ? host === "localhost" || host.endsWith(".localhost") : isLoopback(address);
}

/** Whether one of a list of names, addresses and ranges, separated by commas or spaces, is the host. */
function isExcepted(host: string, port: number, exceptions: string): boolean {
  return exceptions
    .split(/[\s,]+/)
    .filter((exception) => exception !== "")
    .some((exception) => exception === "*" || isException(host, port, exception));
}

function isException(host: string, port: number, exception: string): boolean {
  const address = parseIpAddress(host);
  // An address, or a range of them; an IPv6 address without brackets could not have a port.
  const range = parseIpRange(exception);
  if (range !== undefined) return address !== undefined && isInRange(address, range);
  const authority = parseAuthority(exception);
  // What cannot be read excepts nobody.
  if (authority === undefined || (authority.port !== undefined && authority.port !== port)) return false;
  const name = bareHost(authority.host).replace(/^\*\./, ".");
  const excepted = parseIpRange(name);
  if (excepted !== undefined) return address !== undefined && isInRange(address, excepted);
  // A suffix is for names: no address ends in one.
  if (address !== undefined) return false;
  // ".example.com" is for what is below it, "example.com" for itself as well.
  return name.startsWith(".") ? host.endsWith(name) : host === name || host.endsWith(`.${name}`);
}
