// Makes a page's HTML one of this site: the way to the other pages, and nothing about pages that are not served.
import { pages } from "./pages.js";

const NAVIGATION = /<nav class="pages"[^>]*>.*?<\/nav>/su;
const ONLY = /[ \t]*<!--only (?<path>\S+)-->\n?(?<part>.*?)<!--end-->\n?/gsu;

/** The way between the pages that are served, one of which is this or has this below it. */
function navigation(path: string, served: ReadonlySet<string>): string {
  const current = pages.filter((page) => path.startsWith(page.path)).at(-1)?.path;
  const links = pages
    .filter((page) => served.has(page.path))
    .map((page) => `<a href="${page.path}"${page.path === current ? ' aria-current="page"' : ""}>${page.title}</a>`);
  return `<nav class="pages" aria-label="Pages">${links.join("")}</nav>`;
}

/**
 * Fills in what a page cannot know when it is built. `<nav class="pages"></nav>` becomes the way between the pages, and what
 * stands from `<!--only /chat/-->` to `<!--end-->` stays where the page of that path is served.
 * @param html The page as it was built.
 * @param path Its URL path.
 * @param served The URL paths of all demos of this site.
 */
export function compose(html: string, path: string, served: ReadonlySet<string>): string {
  return html
    .replace(ONLY, (_whole, only: string, part: string) => (served.has(only) ? part : ""))
    .replace(NAVIGATION, () => navigation(path, served));
}
