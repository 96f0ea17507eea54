/**
 * `ws+unix:` URLs. No standard knows them; other libraries do, and they fit where there is one string for a place:
 * `ws+unix:///run/app.sock:/chat?room=1` is the resource name `/chat?room=1` at the socket `/run/app.sock`.
 *
 * They are the application's to write: nothing that a server sends (a redirect) is read here, or it could lead to any
 * socket of this machine.
 */
import { UsageError } from "../protocol/index.js";

/** A URL of RFC 6455, and the Unix socket to be asked for it. */
export interface UnixTarget {
  readonly url: string;
  readonly socketPath: string;
}

/**
 * Takes a `ws+unix:` or `wss+unix:` URL apart. The path of the socket is percent-decoded and has no colon; the host is
 * `localhost`.
 *
 * @returns undefined for any other URL
 * @throws UsageError `url-invalid` where there is no path, or it cannot be decoded, or the URL has a host
 */
export function parseUnixUrl(url: string | URL): UnixTarget | undefined {
  const scheme = /^\s*(wss?)\+unix:/i.exec(String(url))?.[1]?.toLowerCase();
  if (scheme === undefined) return undefined;
  let parsed: URL;
  let socketPath: string;
  try {
    parsed = new URL(url);
    socketPath = decodeURIComponent(parsed.pathname.split(":", 1)[0] ?? "");
  } catch {
    throw new UsageError("url-invalid", String(url));
  }
  // "ws+unix://run/app.sock" has a slash too few, and would be taken for /app.sock at the host "run".
  if (parsed.host !== "" || parsed.username !== "" || socketPath === "" || socketPath.includes("\0")) {
    throw new UsageError("url-invalid", undefined, undefined, "it must be ws+unix:/path/of/the/socket:/resource");
  }
  const colon = parsed.pathname.indexOf(":");
  const resourceName = colon === -1 ? "/" : parsed.pathname.slice(colon + 1);
  if (!resourceName.startsWith("/")) {
    throw new UsageError("url-invalid", undefined, undefined, "the resource name behind the colon begins with a slash");
  }
  return { url: `${scheme}://localhost${resourceName}${parsed.search}${parsed.hash}`, socketPath };
}
