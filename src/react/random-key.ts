/** A key that nobody has by chance: 96 random bits. (`crypto.randomUUID` is not there on a page without TLS.) */
export function randomKey(): string {
  const octets = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join("");
}
