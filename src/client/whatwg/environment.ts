/**
 * What the standard takes from the "relevant settings object" of a page or a worker. Node has none; where a program makes
 * its global object look like a page's, as test environments do, `location` tells.
 */

/** The "API base URL", against which relative URLs are parsed (HTML §8.1.3.1); undefined where there is none. */
export function apiBaseUrl(): string | undefined {
  return ofLocation("href");
}

/** The serialized origin of whoever connects (HTML §7.1.1); undefined where there is none. */
export function clientOrigin(): string | undefined {
  return ofLocation("origin");
}

function ofLocation(name: "href" | "origin"): string | undefined {
  const location: unknown = Reflect.get(globalThis, "location");
  if (typeof location !== "object" || location === null) return undefined;
  const value: unknown = Reflect.get(location, name);
  return typeof value === "string" ? value : undefined;
}
