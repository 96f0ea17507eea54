/**
 * From a host's name to its addresses.
 */
import type { LookupAddress, LookupAllOptions } from "node:dns";
import { lookup as systemLookUp } from "node:dns";
import { isIP } from "node:net";
import { quote } from "../../../protocol/handshake/quote.js";
import { unlessAborted } from "./settling.js";

/** What a look-up of your own may give: addresses, as text or as `dns.lookup` gives them, the best first. */
export type LookupResult = string | LookupAddress | readonly (string | LookupAddress)[];

/**
 * A look-up of names: one that calls back, as `dns.lookup` and what `net.connect` takes do, or one that returns a promise.
 * It is asked for all addresses. Names only: an IP address in a URL is not looked up.
 */
export type LookupOption = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: string | LookupAddress[], family?: number) => void,
  // eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- the ones that call back are declared so by Node
) => void | Promise<LookupResult>;

/** 4 for IPv4 only, 6 for IPv6 only, "race" for both (RFC 8305). */
export type AddressFamilyOption = 4 | 6 | "race";

// Whoever has more has them for balancing load. An answer without end must not become attempts without end.
const maxAddresses = 32;

/**
 * Looks a host up.
 *
 * @param host a name or an address, without brackets
 * @param family what is wanted
 * @param lookup undefined for the system's
 * @returns at least one address and at most 32, each once, in the order in which they came
 * @throws the look-up's error, one of our own where there is no address, or the signal's reason
 */
export async function lookUp(
  host: string,
  family: AddressFamilyOption,
  lookup: LookupOption | undefined,
  signal: AbortSignal,
): Promise<readonly LookupAddress[]> {
  const literal = isIP(host);
  const found =
    literal === 0
      ? await unlessAborted(signal, ask(lookup ?? systemLookUp, host, family))
      : [{ address: host, family: literal }];
  const addresses = new Map<string, LookupAddress>();
  for (const one of Array.isArray(found) ? (found as readonly unknown[]) : [found]) {
    const address = readAddress(one, host);
    if (family === "race" || address.family === family) addresses.set(address.address, address);
  }
  if (addresses.size === 0) {
    const kind = family === "race" ? "" : ` of IPv${String(family)}`;
    throw Object.assign(new Error(`${quote(host)} has no address${kind}`), { code: "ENOTFOUND", hostname: host });
  }
  return [...addresses.values()].slice(0, maxAddresses);
}

function ask(lookup: LookupOption, host: string, family: AddressFamilyOption): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const options: LookupAllOptions = { all: true, family: family === "race" ? 0 : family };
    const returned: unknown = lookup(host, options, (error, found) => {
      if (error) reject(error);
      else resolve(found);
    });
    // What returns a promise takes no notice of the callback.
    if (isPromiseLike(returned)) returned.then(resolve, reject);
  });
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

/** What an application's look-up gives is judged: a name in place of an address would be looked up once more. */
function readAddress(found: unknown, host: string): LookupAddress {
  const text = typeof found === "string" ? found : (found as Partial<LookupAddress> | null | undefined)?.address;
  const family = typeof text === "string" ? isIP(text) : 0;
  if (family === 0 || text === undefined)
    throw new TypeError(`the look-up of ${quote(host)} gave what is no IP address`);
  return { address: text, family };
}
