// The files of a page. They are few, so they are read once and looked up in a table: no path from outside ever reaches
// the file system.
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { extname, sep } from "node:path";

/** A file as it is served. */
export interface StaticFile {
  readonly body: Buffer;
  readonly contentType: string;
  readonly etag: string;
}

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/**
 * Reads a page's files, and those of the folders below it.
 * @param folder Where the page was built, as a file URL that ends in a slash.
 * @param path The URL path of the page, with a slash at both ends; each `index.html` is the path of its folder.
 * @param compose Makes of a page's HTML, which has this URL path, what is served.
 * @returns The files by URL path.
 * @throws When the folder or its `index.html` is missing: the page has not been built (`ENOENT`).
 */
export async function loadStaticFiles(
  folder: URL,
  path: string,
  compose: (html: string, path: string) => string = (html) => html,
): Promise<ReadonlyMap<string, StaticFile>> {
  const found = await readdir(folder, { recursive: true });
  const names = found.filter((name) => extname(name) in CONTENT_TYPES).map((name) => name.replaceAll(sep, "/"));
  const entries = [...new Set(["index.html", ...names])].map(async (name): Promise<[string, StaticFile]> => {
    const urlPath = path + name.replace(/(^|\/)index\.html$/u, "$1");
    const built = await readFile(new URL(name, folder));
    const body = extname(name) === ".html" ? Buffer.from(compose(built.toString(), urlPath)) : built;
    const etag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`;
    return [urlPath, { body, contentType: CONTENT_TYPES[extname(name)] ?? "application/octet-stream", etag }];
  });
  return new Map(await Promise.all(entries));
}
