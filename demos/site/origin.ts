/**
 * Whether a WebSocket comes from a page of this very server. RFC 6455 §10.2: "Servers that are not intended to process
 * input from any web page but only for certain sites SHOULD verify the |Origin| field is an origin they expect."
 * @param origin The request's `Origin`; browsers always send it with a WebSocket, so without it the answer is no.
 * @param host The request's `Host`.
 */
export function isSameOrigin(origin: string | null, host: string | null): boolean {
  if (origin === null || host === null || !URL.canParse(origin)) return false;
  const { protocol, host: originHost } = new URL(origin);
  if (protocol !== "http:" && protocol !== "https:") return false;
  // Read with the origin's scheme, so that a default port counts the same whether it is written out or not.
  const own = `${protocol}//${host}`;
  return URL.canParse(own) && new URL(own).host === originHost;
}
