// Where the others are in a text: their cursors with their names, and what they have selected. (The one of y-codemirror.next
// writes `style` attributes, which the site's policy forbids; here colors are classes.)
import { type Extension, RangeSetBuilder } from "@codemirror/state";
import {
  Decoration,
  type DecorationSet,
  type EditorView,
  ViewPlugin,
  type ViewUpdate,
  WidgetType,
} from "@codemirror/view";
import type { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";
import { COLORS, readPerson } from "./people.js";

class Caret extends WidgetType {
  readonly #name: string;
  readonly #color: number;

  constructor(name: string, color: number) {
    super();
    this.#name = name;
    this.#color = color;
  }

  override eq(other: Caret): boolean {
    return other.#name === this.#name && other.#color === this.#color;
  }

  toDOM(): HTMLElement {
    const caret = document.createElement("span");
    caret.className = `other-caret who-${this.#color}`;
    caret.setAttribute("aria-hidden", "true");
    const name = document.createElement("span");
    name.className = "other-name";
    name.textContent = this.#name;
    caret.append(name);
    return caret;
  }

  override ignoreEvent(): boolean {
    return true;
  }
}

const selections = Array.from({ length: COLORS }, (_, color) =>
  Decoration.mark({ class: `other-selection who-${color}` }),
);

interface Place {
  readonly from: number;
  readonly to: number;
  readonly decoration: Decoration;
}

class RemoteCursors {
  readonly #view: EditorView;
  readonly #text: Y.Text;
  readonly #awareness: Awareness;
  readonly #changed: (changes: Readonly<Record<"added" | "updated" | "removed", number[]>>) => void;
  decorations: DecorationSet;

  constructor(view: EditorView, text: Y.Text, awareness: Awareness) {
    this.#view = view;
    this.#text = text;
    this.#awareness = awareness;
    this.decorations = this.#draw(view.state.doc.length);
    this.#changed = ({ added, updated, removed }) => {
      // An empty transaction draws them anew.
      if ([...added, ...updated, ...removed].some((client) => client !== awareness.clientID)) this.#view.dispatch({});
    };
    awareness.on("change", this.#changed);
  }

  update({ view, state, docChanged, selectionSet, focusChanged }: ViewUpdate): void {
    if (view.hasFocus && (docChanged || selectionSet || focusChanged)) this.#tell();
    this.decorations = this.#draw(state.doc.length);
  }

  #tell(): void {
    const { anchor, head } = this.#view.state.selection.main;
    const place = (index: number): Y.RelativePosition => Y.createRelativePositionFromTypeIndex(this.#text, index);
    const cursor = { anchor: place(anchor), head: place(head) };
    // As JSON, since that is what others get.
    if (JSON.stringify(cursor) === JSON.stringify(this.#awareness.getLocalState()?.["cursor"])) return;
    this.#awareness.setLocalStateField("cursor", cursor);
  }

  #draw(length: number): DecorationSet {
    const places: Place[] = [];
    for (const [client, state] of this.#awareness.getStates()) {
      if (client === this.#awareness.clientID) continue;
      const { name, color } = readPerson(state);
      const head = this.#indexOf(state["cursor"], "head", length);
      const anchor = this.#indexOf(state["cursor"], "anchor", length);
      if (head === undefined || anchor === undefined) continue;
      const [from, to] = [Math.min(head, anchor), Math.max(head, anchor)];
      const selection = selections[color];
      if (from < to && selection !== undefined) places.push({ from, to, decoration: selection });
      const decoration = Decoration.widget({ widget: new Caret(name, color), side: head > anchor ? -1 : 1 });
      places.push({ from: head, to: head, decoration });
    }
    places.sort((one, other) => one.from - other.from || one.decoration.startSide - other.decoration.startSide);
    const builder = new RangeSetBuilder<Decoration>();
    for (const { from, to, decoration } of places) builder.add(from, to, decoration);
    return builder.finish();
  }

  /** Where somebody is; undefined where that is nowhere here, or not here yet. What others tell may be anything. */
  #indexOf(cursor: unknown, end: "anchor" | "head", length: number): number | undefined {
    try {
      const json = (cursor as Readonly<Record<string, unknown>> | undefined)?.[end];
      if (json === undefined) return undefined;
      const position = Y.createRelativePositionFromJSON(json);
      const { doc } = this.#text;
      const found = doc && Y.createAbsolutePositionFromRelativePosition(position, doc);
      return found?.type === this.#text && found.index <= length ? found.index : undefined;
    } catch {
      return undefined;
    }
  }

  destroy(): void {
    this.#awareness.off("change", this.#changed);
  }
}

/** Shows where others are, and tells them where one is. */
export function remoteCursors(text: Y.Text, awareness: Awareness): Extension {
  return ViewPlugin.define((view) => new RemoteCursors(view, text, awareness), {
    decorations: (cursors) => cursors.decorations,
  });
}
