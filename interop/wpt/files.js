/**
 * The tests of a checkout of web-platform-tests: which files there are, in which variants, and what scripts they load.
 */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

/**
 * @typedef {object} Page
 * @property {string} name the file with its variant, as the expectations name it
 * @property {string} title what unnamed subtests are called
 * @property {"window" | "worker"} global
 * @property {string} search the query of its URL
 * @property {boolean} isLong whether it may take a minute
 * @property {readonly { readonly file: string, readonly code?: string }[]} scripts
 */

/** Beyond what this runner does: they want HTTP/2. */
const isOtherVariant = (variant) => variant.includes("wpt_flags=h2");

/** Files that are not tests by themselves, though they look like it. */
const isSupport = (file) => /(?:^|\/)(?:support|resources|handlers)\/|-\d\.html$/u.test(file);

/**
 * @param {string} root the checkout
 * @param {string} folder below it
 * @returns {Page[]}
 */
export function findPages(root, folder) {
  return readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" })
    .map((file) => path.posix.join(folder, file.replaceAll(path.sep, "/")))
    .filter((file) => /\.(?:any|window)\.js$|\.html$/u.test(file) && !isSupport(file))
    .sort()
    .flatMap((file) => pagesOf(root, file));
}

/** @param {string} root @param {string} file @returns {Page[]} */
function pagesOf(root, file) {
  const text = decode(readFileSync(path.join(root, file)));
  const { title, variants, scripts, isLong } = file.endsWith(".js") ? readScript(file, text) : readHtml(file, text);
  return (variants.length === 0 ? [""] : variants)
    .filter((variant) => !isOtherVariant(variant))
    .map((search) => ({ name: `${file}${search}`, title, global: "window", search, isLong, scripts }));
}

/** Pages may have another encoding than UTF-8. */
function decode(bytes) {
  const encoding = /<meta charset=["']?([\w-]+)/iu.exec(bytes.toString("latin1"))?.[1] ?? "utf-8";
  return new TextDecoder(encoding).decode(bytes);
}

/** A script stands for itself; what it needs is in comments at its head. */
function readScript(file, text) {
  const meta = [...text.matchAll(/^\/\/ META: (\w+)=(.*)$/gmu)].map(([, key, value]) => ({ key, value: value.trim() }));
  const all = (key) => meta.filter((entry) => entry.key === key).map(({ value }) => value);
  return {
    title: all("title")[0] ?? path.posix.basename(file).replace(/\..*$/u, ""),
    variants: all("variant"),
    isLong: all("timeout").includes("long"),
    scripts: [...all("script").map((script) => ({ file: resolve(file, script) })), { file, code: text }],
  };
}

/** Of a page, its scripts and what stands in its head. */
function readHtml(file, text) {
  const attribute = (tag, name) => {
    const match = new RegExp(`\\b${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s>]+))`, "u").exec(tag);
    return match?.[1] ?? match?.[2] ?? match?.[3];
  };
  const metas = [...text.matchAll(/<meta\b[^>]*>/giu)].map(([tag]) => ({
    key: attribute(tag, "name"),
    value: attribute(tag, "content"),
  }));
  const scripts = [...text.matchAll(/<script\b([^>]*)>([\s\S]*?)<\/script>/giu)].map(([, tag, code]) => {
    const source = attribute(tag, "src");
    return source === undefined ? { file, code } : { file: resolve(file, source.replace(/\?.*$/u, "")) };
  });
  return {
    title: /<title>(.*?)<\/title>/u.exec(text)?.[1] ?? path.posix.basename(file, ".html"),
    variants: metas.filter(({ key }) => key === "variant").map(({ value }) => value),
    isLong: metas.some(({ key, value }) => key === "timeout" && value === "long"),
    scripts: scripts.filter((script) => !/\/testharness(?:report)?\.js$/u.test(script.file)),
  };
}

function resolve(from, reference) {
  return path.posix.resolve("/", path.posix.dirname(from), reference).slice(1);
}

/** Puts in what the server of web-platform-tests puts into files with `.sub.` in their names. */
export function substitute(text, { host, ws, wss }) {
  return text
    .replaceAll("{{host}}", host)
    .replaceAll("{{ports[ws][0]}}", String(ws))
    .replaceAll("{{ports[wss][0]}}", String(wss))
    .replaceAll("{{ports[h2][0]}}", "0");
}
