// The versions of a document: a list, what was in them, and the way back.
import type { DocumentProvider, DocumentVersion } from "openline/yjs";
import { TEXT } from "../shared/contract.js";
import { byId, element, setText } from "./dom.js";

/** Characters of a version that are shown. */
const SHOWN_MAX = 20_000;

/** See the head of this file. */
export class History {
  readonly #provider: () => DocumentProvider | undefined;
  readonly #list = byId("versions", HTMLElement);
  readonly #outcome = byId("history-outcome", HTMLElement);
  readonly #dialog = byId("version", HTMLDialogElement);
  readonly #name = byId("version-name", HTMLInputElement);
  #shown: string | undefined;

  /** @param provider By which it is asked: one that has a connection. */
  constructor(provider: () => DocumentProvider | undefined) {
    this.#provider = provider;
    byId("keep", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#keep();
    });
    byId("version-close", HTMLButtonElement).addEventListener("click", () => this.#dialog.close());
    byId("version-restore", HTMLButtonElement).addEventListener("click", () => {
      this.#dialog.close();
      if (this.#shown !== undefined) void this.#restore(this.#shown);
    });
  }

  /** Asks for the list. */
  async refresh(): Promise<void> {
    const provider = this.#provider();
    if (provider === undefined) return;
    await this.#try(async () => {
      const versions = await provider.versions();
      // Another document was opened meanwhile.
      if (provider !== this.#provider()) return;
      this.#list.replaceChildren(...versions.map((version) => this.#row(version)));
      byId("no-versions", HTMLElement).hidden = versions.length > 0;
    });
  }

  #row(version: DocumentVersion): HTMLElement {
    const title = titleOf(version);
    const view = element("button", "quiet small", "View");
    const restore = element("button", "quiet small", "Restore");
    view.setAttribute("aria-label", `View ${title}`);
    restore.setAttribute("aria-label", `Restore ${title}`);
    for (const button of [view, restore]) button.type = "button";
    view.addEventListener("click", () => void this.#view(version));
    restore.addEventListener("click", () => void this.#restore(version.id));
    const authors = version.users.length === 0 ? "nobody since the one before" : version.users.join(", ");
    const facts = `${new Date(version.timeMs).toLocaleTimeString()} · ${authors} · ${size(version.bytes)}`;
    const what = element(
      "div",
      "what",
      element("b", "", version.name ?? "Kept by itself"),
      element("small", "", facts),
    );
    return element("li", "", what, view, restore);
  }

  async #keep(): Promise<void> {
    const provider = this.#provider();
    const name = this.#name.value.trim();
    await this.#try(async () => {
      if (provider === undefined) throw new Error("both editors are offline");
      await provider.keepVersion(name === "" ? undefined : name);
      this.#name.value = "";
      setText(this.#outcome, "Kept.");
    });
    await this.refresh();
  }

  async #view(version: DocumentVersion): Promise<void> {
    await this.#try(async () => {
      const doc = await this.#provider()?.version(version.id);
      if (doc === undefined) throw new Error("both editors are offline");
      const text = doc.getText(TEXT).toJSON();
      doc.destroy();
      this.#shown = version.id;
      setText(byId("version-title", HTMLElement), titleOf(version));
      const rest = text.length - SHOWN_MAX;
      const more = rest > 0 ? `\n… and ${rest.toLocaleString("en")} more characters` : "";
      setText(byId("version-text", HTMLElement), text.slice(0, SHOWN_MAX) + more);
      this.#dialog.showModal();
    });
  }

  async #restore(id: string): Promise<void> {
    await this.#try(async () => {
      const provider = this.#provider();
      if (provider === undefined) throw new Error("both editors are offline");
      await provider.restore(id);
      setText(this.#outcome, "Restored, as a change that everybody gets.");
    });
  }

  async #try(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      setText(this.#outcome, `That did not work: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

function titleOf({ name, timeMs }: DocumentVersion): string {
  const time = new Date(timeMs).toLocaleTimeString();
  return name === undefined ? `the version of ${time}` : `${name}, ${time}`;
}

function size(bytes: number): string {
  return bytes < 100_000 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
