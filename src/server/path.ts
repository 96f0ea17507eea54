/**
 * Where on a server its WebSockets are.
 *
 * A path is compared as it was sent, without the query: nothing is decoded and no dots are resolved, since whoever does so
 * on the way before us may do it otherwise.
 */
import { parseRequestTarget, UsageError } from "../protocol/index.js";
import { saysTrue } from "./says-true.js";

/** The paths that WebSockets are at: one, several, or those that a function says `true` of. */
export type PathOption = string | readonly string[] | ((path: string) => boolean);

/**
 * Whether WebSockets are at a path.
 *
 * @throws what the application's function throws; UsageError `invalid-argument` where that answers with a promise
 */
export type PathRule = (path: string) => boolean;

/**
 * The rule that an option stands for.
 *
 * @returns undefined where there is none: WebSockets are everywhere then
 * @throws UsageError `invalid-argument` for what no request can ask for
 */
export function resolvePath(option: PathOption | undefined): PathRule | undefined {
  if (option === undefined) return undefined;
  if (typeof option === "function") return (path) => saysTrue(option(path), "path");
  const paths = new Set((Array.isArray(option) ? option : [option]).map(requirePath));
  return (path) => paths.has(path);
}

// RFC 3986 §3.3: what a path is made of once it is encoded; neither "?" nor "#", which end it.
const writtenPath = /^\/[\x21\x22\x24-\x3e\x40-\x7e]*$/;

function requirePath(path: unknown): string {
  if (typeof path === "string" && writtenPath.test(path)) return path;
  const hint = 'path is what requests ask for, as "/live": with its slash, percent-encoded, without a query';
  throw new UsageError("invalid-argument", String(path), undefined, hint);
}

/**
 * The path that a request asks for.
 *
 * @param target of a request line, or the `:path` of HTTP/2
 * @returns undefined for a target that no handshake can have
 */
export function pathOf(target: string): string | undefined {
  return parseRequestTarget(target)?.resourceName.split("?", 1)[0];
}
