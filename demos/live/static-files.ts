// The files of the page. They are few and known by name, so they are read once and looked up in a table: no path from
// outside ever reaches the file system.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";

/** A file as it is served. */
export interface StaticFile {
  readonly body: Buffer;
  readonly contentType: string;
  readonly etag: string;
}

const FILES: Readonly<Record<string, readonly [name: string, contentType: string]>> = {
  "/": ["index.html", "text/html; charset=utf-8"],
  "/page.js": ["page.js", "text/javascript; charset=utf-8"],
  "/style.css": ["style.css", "text/css; charset=utf-8"],
  "/favicon.svg": ["favicon.svg", "image/svg+xml"],
};

/**
 * Reads the page's files.
 * @param folder Where the page was built, as a file URL that ends in a slash.
 * @returns The files by URL path.
 * @throws When a file is missing: the page has not been built.
 */
export async function loadStaticFiles(folder: URL): Promise<ReadonlyMap<string, StaticFile>> {
  const entries = Object.entries(FILES).map(async ([path, [name, contentType]]): Promise<[string, StaticFile]> => {
    const body = await readFile(new URL(name, folder));
    const etag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`;
    return [path, { body, contentType, etag }];
  });
  return new Map(await Promise.all(entries));
}
