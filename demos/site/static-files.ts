// The files of a page. They are few, so they are read once and looked up in a table: no path from outside ever reaches
// the file system.
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { extname } from "node:path";

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
 * Reads a page's files.
 * @param folder Where the page was built, as a file URL that ends in a slash.
 * @param path The URL path of the page, with a slash at both ends; `index.html` is that path itself.
 * @returns The files by URL path.
 * @throws When the folder or its `index.html` is missing: the page has not been built (`ENOENT`).
 */
export async function loadStaticFiles(folder: URL, path: string): Promise<ReadonlyMap<string, StaticFile>> {
  const names = (await readdir(folder)).filter((name) => extname(name) in CONTENT_TYPES && name !== "index.html");
  const entries = ["index.html", ...names].map(async (name): Promise<[string, StaticFile]> => {
    const body = await readFile(new URL(name, folder));
    const etag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`;
    const contentType = CONTENT_TYPES[extname(name)] ?? "application/octet-stream";
    return [name === "index.html" ? path : path + name, { body, contentType, etag }];
  });
  return new Map(await Promise.all(entries));
}
