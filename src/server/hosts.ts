/**
 * The names that a server answers to.
 *
 * A page can have its own name resolved to any address, that of the visitor's own machine included, after it was loaded
 * (DNS rebinding). To the browser the server there is then of the page's origin. Only the name betrays it: `Host` has
 * the page's, and not one of the server's.
 */
import { lowercaseAscii, parseAuthority, UsageError } from "../protocol/index.js";
import { isLoopback, parseIpAddress } from "../transport/index.js";

/**
 * The names that a server answers to: any, or these. A name without a port stands for all of its ports; one that begins
 * with a dot stands for every name that ends in it.
 */
export type HostsOption = "*" | readonly string[];

/** The names of a list. */
export class HostList {
  readonly #hosts = new Set<string>();
  readonly #suffixes: { readonly name: string; readonly port: number | undefined }[] = [];

  /** @throws UsageError `invalid-argument` for what is no name, and what is no list of them */
  constructor(hosts: readonly string[]) {
    if (!Array.isArray(hosts)) {
      throw new UsageError("invalid-argument", String(hosts), undefined, 'hosts is a list or "*"');
    }
    for (const text of hosts as readonly unknown[]) this.#add(text);
  }

  #add(text: unknown): void {
    const authority = typeof text === "string" && !text.includes("*") ? parseAuthority(text) : undefined;
    if (authority === undefined || authority.host === ".") {
      const hint = 'hosts lists names as "app.example", "app.example:8443", ".app.example" or "[::1]"';
      throw new UsageError("invalid-argument", String(text), undefined, hint);
    }
    const host = lowercaseAscii(authority.host);
    if (host.startsWith(".")) this.#suffixes.push({ name: host, port: authority.port });
    else this.#hosts.add(withPort(host, authority.port));
  }

  /** @param host the value of `Host` */
  has(host: string): boolean {
    if (this.#hosts.has(host)) return true;
    const authority = parseAuthority(host);
    if (authority === undefined) return false;
    const name = lowercaseAscii(authority.host);
    if (this.#hosts.has(name) || this.#hosts.has(withPort(name, authority.port))) return true;
    return this.#suffixes.some((suffix) => {
      if (suffix.port !== undefined && suffix.port !== authority.port) return false;
      return name.endsWith(suffix.name) && name.length > suffix.name.length;
    });
  }
}

function withPort(host: string, port: number | undefined): string {
  return port === undefined ? host : `${host}:${String(port)}`;
}

/**
 * Whether a name means the machine itself, whoever resolves it: `localhost` and what ends in it (RFC 6761 §6.3), and the
 * loopback addresses.
 *
 * @param host the value of `Host`
 */
export function isLoopbackHost(host: string): boolean {
  const authority = parseAuthority(host);
  if (authority === undefined) return false;
  const written = lowercaseAscii(authority.host);
  const name = written.endsWith(".") ? written.slice(0, -1) : written;
  if (name === "localhost" || name.endsWith(".localhost")) return true;
  const address = parseIpAddress(name.startsWith("[") ? name.slice(1, -1) : name);
  return address !== undefined && isLoopback(address);
}
