// Makes HTML of Markdown when the site is built, with code in colors by classes, since the pages' policy lets in no styles but
// those of files.
import hljs from "highlight.js/lib/common";
import { Marked } from "marked";

/** @param {string} text */
export function escapeHtml(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

/**
 * @param {string} source
 * @param {string | undefined} language what stands behind the fence
 */
export function highlight(source, language) {
  const known = language !== undefined && hljs.getLanguage(language) !== undefined;
  return `<pre><code>${known ? hljs.highlight(source, { language }).value : escapeHtml(source)}</code></pre>\n`;
}

/** The anchor of a heading, as repositories make it. @param {string} text */
function anchorOf(text) {
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replace(/\s/gu, "-");
}

/**
 * @param {string} source
 * @param {(href: string) => string | undefined} link where a link of the document leads on the site; undefined: nowhere
 * @param {(href: string) => string} image where an image of the document is on the site
 * @returns {string}
 */
export function renderMarkdown(source, link, image) {
  /** @type {Map<string, number>} */
  const anchors = new Map();
  const marked = new Marked({
    renderer: {
      code: ({ text, lang }) => highlight(text, lang),
      heading({ tokens, depth, text }) {
        const anchor = anchorOf(text.replaceAll(/[`*]/gu, ""));
        const count = anchors.get(anchor) ?? 0;
        anchors.set(anchor, count + 1);
        const id = count === 0 ? anchor : `${anchor}-${count}`;
        return `<h${depth} id="${escapeHtml(id)}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
      },
      link({ href, tokens }) {
        const target = link(href);
        const inner = this.parser.parseInline(tokens);
        return target === undefined
          ? `<span class="in-repository" title="${escapeHtml(href)}, in the repository">${inner}</span>`
          : `<a href="${escapeHtml(target)}">${inner}</a>`;
      },
      image: ({ href, text }) => `<img src="${escapeHtml(image(href))}" alt="${escapeHtml(text)}" loading="lazy">`,
    },
  });
  return /** @type {string} */ (marked.parse(source))
    .replaceAll("<table>", '<div class="wide" tabindex="0"><table>')
    .replaceAll("</table>", "</table></div>");
}
