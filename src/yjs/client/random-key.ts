/**
 * By which the server knows a provider again.
 */

/** Nobody else's, and known to nobody else. */
export function randomKey(): string {
  const octets = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join("");
}
