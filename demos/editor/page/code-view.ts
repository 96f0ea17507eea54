// CodeMirror on a text of Yjs. It lives in a shadow root: there its styles are adopted style sheets, which the site's policy
// allows, and not `<style>` elements, which it does not.
import { defaultKeymap } from "@codemirror/commands";
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { Compartment, EditorState, type Extension } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { yCollab, yUndoManagerKeymap } from "y-codemirror.next";
import type { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";
import { COLORS } from "./people.js";
import { remoteCursors } from "./remote-cursors.js";

const colorRules = Object.fromEntries(
  Array.from({ length: COLORS }, (_, color) => [`.who-${color}`, { "--who": `var(--who-${color})` }]),
);

const theme = EditorView.theme({
  "&": { height: "100%", color: "var(--ink)", backgroundColor: "var(--card)", fontSize: "0.9375rem" },
  "&.cm-focused": { outline: "3px solid var(--web-socket)", outlineOffset: "-3px" },
  ".cm-scroller": {
    overflow: "auto",
    lineHeight: "1.55",
    fontFamily: 'ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace',
  },
  ".cm-content": { padding: "22px 0 12px", caretColor: "var(--ink)" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  ".cm-gutters": { border: "0", color: "var(--muted)", backgroundColor: "var(--sunken)" },
  ".cm-activeLine": { backgroundColor: "var(--active-line)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "var(--web-socket-soft)",
  },
  ...colorRules,
  ".other-selection": { backgroundColor: "color-mix(in srgb, var(--who) 28%, transparent)" },
  ".other-caret": { position: "relative", borderLeft: "2px solid var(--who)", marginRight: "-2px" },
  ".other-name": {
    position: "absolute",
    left: "-2px",
    bottom: "100%",
    zIndex: "2",
    padding: "0 5px",
    borderRadius: "4px 4px 4px 0",
    color: "var(--card)",
    backgroundColor: "var(--who)",
    fontFamily: "system-ui, sans-serif",
    fontSize: "11px",
    fontWeight: "600",
    lineHeight: "16px",
    whiteSpace: "nowrap",
    pointerEvents: "none",
  },
});

const highlighting = HighlightStyle.define([
  { tag: tags.heading, color: "var(--code-heading)", fontWeight: "700" },
  { tag: tags.strong, fontWeight: "700" },
  { tag: tags.emphasis, fontStyle: "italic" },
  { tag: [tags.keyword, tags.processingInstruction], color: "var(--code-keyword)" },
  { tag: [tags.string, tags.monospace, tags.url], color: "var(--code-string)" },
  { tag: [tags.number, tags.bool], color: "var(--code-number)" },
  { tag: [tags.comment, tags.quote], color: "var(--muted)" },
  { tag: tags.link, textDecoration: "underline" },
]);

/** The language of a document, in a file of its own. */
export async function languageOf(document: string): Promise<Extension> {
  if (document === "code") return (await import("@codemirror/lang-javascript")).javascript();
  return (await import("@codemirror/lang-markdown")).markdown();
}

/** See the head of this file. */
export class CodeView {
  readonly #view: EditorView;
  readonly #undo: Y.UndoManager;
  readonly #writing = new Compartment();
  readonly #language = new Compartment();

  /**
   * @param host Where it goes: an element with a shadow root, which is emptied.
   * @param label What it is called by those who do not see it.
   */
  constructor(host: HTMLElement, text: Y.Text, awareness: Awareness, label: string) {
    const root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
    root.replaceChildren();
    // What this editor has typed, and nothing of the others'.
    this.#undo = new Y.UndoManager(text);
    this.#view = new EditorView({
      root,
      parent: root,
      state: EditorState.create({
        doc: text.toJSON(),
        extensions: [
          lineNumbers(),
          drawSelection(),
          highlightActiveLine(),
          EditorView.lineWrapping,
          keymap.of([...yUndoManagerKeymap, ...defaultKeymap]),
          EditorView.contentAttributes.of({ "aria-label": label }),
          this.#writing.of([]),
          yCollab(text, null, { undoManager: this.#undo }),
          remoteCursors(text, awareness),
          this.#language.of([]),
          syntaxHighlighting(highlighting),
          theme,
        ],
      }),
    });
  }

  /** Whether one may type. */
  set mayWrite(mayWrite: boolean) {
    // It keeps the focus, so that it can be read and copied from by keyboard.
    this.#view.dispatch({ effects: this.#writing.reconfigure(mayWrite ? [] : EditorState.readOnly.of(true)) });
  }

  /** Its language. Set when the text is there: a parser that starts again with each part of it takes the longest. */
  set language(language: Extension) {
    this.#view.dispatch({ effects: this.#language.reconfigure(language) });
  }

  undo(): void {
    this.#undo.undo();
  }

  redo(): void {
    this.#undo.redo();
  }

  destroy(): void {
    this.#view.destroy();
    this.#undo.destroy();
  }
}
