// Makes the pages of the documentation: all of docs/, and the documents beside it that those refer to.
import { copyFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { escapeHtml, renderMarkdown } from "./markdown.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const template = fileURLToPath(new URL("./template.html", import.meta.url));

/** Documents beside docs/, and what they are on the site. @type {ReadonlyMap<string, string>} */
const besides = new Map([
  ["README.md", "readme.html"],
  ["ARCHITECTURE.md", "architecture.html"],
  ["SECURITY.md", "security.html"],
  ["CONTRIBUTING.md", "contributing.html"],
  ["CHANGELOG.md", "changelog.html"],
  ["bench/README.md", "bench.html"],
  ["examples/README.md", "examples.html"],
]);

/** What comes first, by what it is about; the rest follows as it is called. @type {readonly (readonly [string, readonly string[]])[]} */
const groups = [
  ["Start", ["README.md", "docs/realtime.md", "docs/react.md"]],
  ["Guides", ["docs/guides/index.md", "docs/guides/chat.md", "docs/guides/trading.md"]],
  ["Real time", ["docs/protocol.md", "docs/yjs.md", "docs/engines.md", "docs/cluster.md"]],
  [
    "Sockets",
    ["docs/connecting.md", "docs/authentication.md", "docs/reconnecting.md", "docs/sending.md", "docs/streams.md"],
  ],
  [
    "In production",
    [
      "docs/operations.md",
      "docs/scaling.md",
      "docs/limits.md",
      "docs/draining.md",
      "docs/diagnostics.md",
      "docs/performance.md",
      "docs/errors.md",
    ],
  ],
];
const project = [
  "ARCHITECTURE.md",
  "SECURITY.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  "bench/README.md",
  "examples/README.md",
];

/** Where a document is below /docs/. @param {string} file its path in the repository */
function placeOf(file) {
  const besideDocs = besides.get(file);
  if (besideDocs !== undefined) return besideDocs;
  return file.replace(/^docs\//u, "").replace(/\.md$/u, ".html");
}

/** @param {string} file */
function urlOf(file) {
  return `/docs/${placeOf(file)}`.replace(/\/index\.html$/u, "/");
}

/** All documents, in groups. @param {readonly string[]} files */
function grouped(files) {
  const isGuide = (/** @type {string} */ file) => file.startsWith("docs/guides/");
  const named = groups.map(([title, first]) => {
    const further = title === "Guides" ? files.filter((file) => isGuide(file) && !first.includes(file)) : [];
    return { title, files: [...first.filter((file) => files.includes(file)), ...further] };
  });
  const placed = new Set([...named.flatMap((group) => group.files), ...project]);
  const rest = files.filter((file) => !placed.has(file));
  return [...named, { title: "More", files: rest }, { title: "The project", files: project }];
}

/**
 * @param {string} publicFolder where the pages of all demos are built
 */
export async function buildDocs(publicFolder) {
  const inDocs = await readdir(path.join(root, "docs"), { recursive: true });
  const files = [
    ...besides.keys(),
    ...inDocs.filter((file) => file.endsWith(".md")).map((file) => `docs/${file.replaceAll(path.sep, "/")}`),
  ].sort();
  const sources = new Map(
    await Promise.all(
      files.map(async (file) => /** @type {const} */ ([file, await readFile(path.join(root, file), "utf8")])),
    ),
  );
  const titleOf = (/** @type {string} */ file) => /^# (.+)$/mu.exec(sources.get(file) ?? "")?.[1] ?? file;
  const all = grouped(files);
  const contents = (/** @type {string | undefined} */ current) =>
    all
      .map(({ title, files: of }) => {
        const links = of.map((file) => {
          const here = file === current ? ' aria-current="page"' : "";
          return `<a href="${urlOf(file)}"${here}>${escapeHtml(titleOf(file).replaceAll("`", ""))}</a>`;
        });
        return `<h2>${title}</h2>${links.join("")}`;
      })
      .join("");
  const page = await readFile(template, "utf8");
  const folder = path.join(publicFolder, "docs");
  const write = async (
    /** @type {string} */ place,
    /** @type {string} */ title,
    /** @type {string} */ body,
    /** @type {string | undefined} */ current,
  ) => {
    const target = path.join(folder, place);
    await mkdir(path.dirname(target), { recursive: true });
    const parts = { title: escapeHtml(title), body, contents: contents(current) };
    await writeFile(
      target,
      page.replaceAll(/\{\{(\w+)\}\}/gu, (_all, name) => parts[/** @type {"title"} */ (name)]),
    );
  };
  for (const [file, source] of sources) {
    const resolve = (/** @type {string} */ href) => path.posix.join(path.posix.dirname(file), href);
    /** @type {string[]} */
    const images = [];
    const body = renderMarkdown(
      source,
      (href) => {
        if (/^[a-z]+:|^#/u.test(href)) return href;
        const [target = "", hash = ""] = href.split(/(?=#)/u);
        const of = resolve(target);
        return sources.has(of) ? urlOf(of) + hash : undefined;
      },
      (href) => {
        images.push(resolve(href));
        return `/docs/images/${path.posix.basename(href)}`;
      },
    );
    await mkdir(path.join(folder, "images"), { recursive: true });
    for (const image of images)
      await copyFile(path.join(root, image), path.join(folder, "images", path.basename(image)));
    await write(placeOf(file), titleOf(file), body, file);
  }
  const summary = (/** @type {string} */ file) => {
    const first = /^(?:#.*\n+)+((?:[^\n#|`-].*\n?)+)/mu.exec(sources.get(file) ?? "")?.[1] ?? "";
    const sentence = /^.+?[.:](?=\s|$)/su.exec(first.replaceAll("\n", " "))?.[0] ?? "";
    return sentence.replaceAll(/\[([^\]]*)\]\([^)]*\)|`/gu, "$1").replace(/:$/u, ".");
  };
  const lists = all
    .filter(({ files: of }) => of.length > 0)
    .map(({ title, files: of }) => {
      const items = of.map((file) => {
        const about = escapeHtml(summary(file));
        return `<li><a href="${urlOf(file)}">${escapeHtml(titleOf(file).replaceAll("`", ""))}</a>${about === "" ? "" : `: ${about}`}</li>`;
      });
      return `<h2>${title}</h2>\n<ul>${items.join("\n")}</ul>`;
    });
  await write("index.html", "Documentation", `<h1>Documentation</h1>\n${lists.join("\n")}`, undefined);
}
