import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { compose } from "../../demos/site/compose.js";
import { pages } from "../../demos/site/pages.js";
import { loadStaticFiles } from "../../demos/site/static-files.js";

const PAGE = `<nav class="pages"></nav>
  <!--only /chat/-->
  <p>about the chat</p>
  <!--end-->
  <!--only /game/-->
  <p>about the game</p>
  <!--end-->
`;

describe("what the site makes of a page", () => {
  it("leads to the pages that are served, in the order of the list, and marks the one that is shown", () => {
    const html = compose(PAGE, "/chat/", new Set(["/chat/", "/trading/", "/"]));
    assert.equal(
      html.split("\n")[0],
      '<nav class="pages" aria-label="Pages"><a href="/">openline</a><a href="/chat/" aria-current="page">Chat</a>' +
        '<a href="/trading/">Trading</a></nav>',
    );
  });

  it("marks the page that another one is below", () => {
    const html = compose(PAGE, "/docs/guides/chat.html", new Set(["/", "/docs/"]));
    assert.match(html, /<a href="\/docs\/" aria-current="page">/);
    assert.equal(html.match(/aria-current/g)?.length, 1);
  });

  it("says nothing of pages that are not served", () => {
    const html = compose(PAGE, "/", new Set(["/", "/chat/"]));
    assert.match(html, /about the chat/);
    assert.doesNotMatch(html, /game|<!--/);
  });

  it("knows each path once", () => {
    assert.equal(new Set(pages.map(({ path: of }) => of)).size, pages.length);
  });
});

describe("the files of a page", () => {
  it("are those of folders below it, too, each index at its folder's path", async (t) => {
    const folder = await mkdtemp(path.join(tmpdir(), "openline-pages-"));
    t.after(() => rm(folder, { recursive: true }));
    await mkdir(path.join(folder, "guides"));
    for (const name of ["index.html", "a.html", "guides/index.html", "guides/b.svg", "guides/notes.txt"]) {
      await writeFile(path.join(folder, name), name);
    }
    const files = await loadStaticFiles(pathToFileURL(`${folder}/`), "/docs/", (html, of) => `${html} at ${of}`);
    assert.deepEqual([...files].map(([of, { body }]) => [of, body.toString()]).sort(), [
      ["/docs/", "index.html at /docs/"],
      ["/docs/a.html", "a.html at /docs/a.html"],
      ["/docs/guides/", "guides/index.html at /docs/guides/"],
      ["/docs/guides/b.svg", "guides/b.svg"],
    ]);
  });
});
