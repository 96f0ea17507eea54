// One of the two editors: a client, a document and a provider of its own, as if it were somebody else's computer.
import { type Client, createClient } from "openline/realtime/client";
import type { DefinitionOf } from "openline/realtime/contract";
import { msgpackCodec } from "openline/realtime/msgpack";
import { DocumentProvider } from "openline/yjs";
import * as Y from "yjs";
import { api, TEXT } from "../shared/contract.js";
import { SOCKET_PATH } from "../shared/limits.js";
import type { CodeView } from "./code-view.js";
import { byId, randomId, setText } from "./dom.js";
import type { Person } from "./people.js";

/** What happens in an editor that others have to know. */
export interface PaneEvents {
  /** Something was typed here: the client's clock after it, and when. */
  readonly typed: (pane: Pane, clock: number) => void;
  /** Something of somebody else's has come. */
  readonly arrived: (pane: Pane) => void;
  /** What it shows of itself has changed. */
  readonly changed: () => void;
}

/** Which of the two. */
export type Side = "left" | "right";

/** See the head of this file. */
export class Pane {
  readonly side: Side;
  readonly person: Person;
  readonly client: Client<DefinitionOf<typeof api>>;
  readonly #events: PaneEvents;
  readonly #status: HTMLElement;
  readonly #note: HTMLElement;
  readonly #refuse: HTMLButtonElement;
  readonly #progress: HTMLProgressElement;
  readonly #host: HTMLElement;
  readonly #offline: HTMLInputElement;
  #mayWrite = true;
  #doc: Y.Doc = new Y.Doc();
  #provider: DocumentProvider | undefined;
  #view: CodeView | undefined;
  /** Changes that the server may not have. */
  #waiting = 0;
  #changes = 0;
  /** Counts openings: what belongs to an earlier one is late. */
  #opening = 0;

  constructor(side: Side, person: Person, events: PaneEvents) {
    this.side = side;
    this.person = person;
    this.#events = events;
    const secret = randomId();
    this.client = createClient(api, `${SOCKET_PATH}?editor=${side}`, {
      token: () => ({ name: person.name, secret, mayWrite: this.#mayWrite }),
      codecs: [msgpackCodec],
      reconnect: { minDelayMs: 200, maxDelayMs: 5_000 },
    });
    this.#status = byId(`${side}-status`, HTMLElement);
    this.#note = byId(`${side}-note`, HTMLElement);
    this.#refuse = byId(`${side}-refuse`, HTMLButtonElement);
    this.#progress = byId(`${side}-progress`, HTMLProgressElement);
    this.#host = byId(`${side}-view`, HTMLElement);
    this.#offline = byId(`${side}-offline`, HTMLInputElement);
    setText(byId(`${side}-name`, HTMLElement), person.name);
    byId(`${side}-dot`, HTMLElement).classList.add(`who-${person.color}`);
    this.#listen();
  }

  #listen(): void {
    this.#offline.addEventListener("change", () => {
      if (this.#offline.checked) this.#provider?.disconnect();
      else this.#provider?.connect();
      this.#show();
    });
    const reader = byId(`${this.side}-reader`, HTMLInputElement);
    reader.addEventListener("change", () => void this.#changeRole(!reader.checked));
    byId(`${this.side}-undo`, HTMLButtonElement).addEventListener("click", () => this.#view?.undo());
    byId(`${this.side}-redo`, HTMLButtonElement).addEventListener("click", () => this.#view?.redo());
    this.#refuse.addEventListener("click", () => void this.#writeAnyway());
  }

  get doc(): Y.Doc {
    return this.#doc;
  }

  get provider(): DocumentProvider | undefined {
    return this.#provider;
  }

  /** Changes that were made here since the document was opened. */
  get changes(): number {
    return this.#changes;
  }

  /** Whether it has all that the server has, and the server all that it has. */
  get isSettled(): boolean {
    return this.#provider?.synced === true && !this.#provider.hasUnsavedChanges;
  }

  get isOffline(): boolean {
    return this.#offline.checked;
  }

  /**
   * Opens a document. Resolves when all of it is here, or another one is opened.
   * @param length Of its text, as far as it is known: for the progress bar.
   */
  async open(document: string, length: number): Promise<void> {
    const opening = ++this.#opening;
    this.#view?.destroy();
    this.#view = undefined;
    this.#provider?.destroy();
    this.#doc.destroy();
    const doc = new Y.Doc();
    this.#doc = doc;
    this.#waiting = 0;
    this.#changes = 0;
    this.#offline.checked = false;
    setText(this.#note, "");
    const provider = new DocumentProvider(this.client, document, doc);
    this.#provider = provider;
    const { awareness } = provider;
    awareness?.setLocalStateField("user", this.person);
    awareness?.on("change", () => this.#events.changed());
    doc.on("update", (_update: Uint8Array, origin: unknown) => this.#updated(origin, length));
    for (const name of ["status", "sync"] as const) provider.on(name, () => this.#show());
    provider.on("access", (access) => {
      if (this.#view !== undefined) this.#view.mayWrite = access === "write";
      this.#show();
    });
    provider.on("unsaved", (hasUnsaved) => {
      if (!hasUnsaved) this.#waiting = 0;
      this.#show();
    });
    provider.on("error", (error) => setText(this.#note, `The server says: ${messageOf(error)}`));
    this.#progress.hidden = false;
    this.#progress.value = 0;
    this.#show();
    // The page is there before the editor is: it is the longest file.
    const { CodeView, languageOf } = await import("./code-view.js");
    if (opening !== this.#opening || awareness === undefined) return;
    const label = `${document}, as ${this.person.name} sees it`;
    this.#view = new CodeView(this.#host, doc.getText(TEXT), awareness, label);
    this.#view.mayWrite = provider.access === "write";
    await provider.whenSynced;
    const language = await languageOf(document);
    if (opening !== this.#opening) return;
    this.#view.language = language;
    this.#progress.hidden = true;
  }

  #updated(origin: unknown, length: number): void {
    const provider = this.#provider;
    if (origin === provider) {
      if (provider?.synced !== true && length > 0) {
        this.#progress.value = Math.min(1, this.#doc.getText(TEXT).length / length);
      }
      this.#events.arrived(this);
    } else {
      this.#waiting += 1;
      this.#changes += 1;
      this.#events.typed(this, Y.getState(this.#doc.store, this.#doc.clientID));
    }
    this.#show();
  }

  async #changeRole(mayWrite: boolean): Promise<void> {
    this.#mayWrite = mayWrite;
    try {
      await this.client.call("role", { mayWrite });
      setText(this.#note, "");
    } catch (error) {
      setText(this.#note, `The server says: ${messageOf(error)}`);
    }
    this.#show();
  }

  /** Sends a change though it is not allowed, past the provider, which would not. */
  async #writeAnyway(): Promise<void> {
    const doc = new Y.Doc();
    doc.getText(TEXT).insert(0, "!");
    const { document } = this.#provider ?? {};
    if (document === undefined) return;
    try {
      await this.client.call("yjs/update", { document, update: Y.encodeStateAsUpdate(doc) });
      setText(this.#note, "The server took it.");
    } catch (error) {
      setText(this.#note, `Refused: ${messageOf(error)}`);
    }
  }

  #show(): void {
    const provider = this.#provider;
    const isReader = provider?.access === "read";
    this.#refuse.hidden = !isReader;
    const waiting =
      this.#waiting === 0 ? "" : `, ${this.#waiting} ${this.#waiting === 1 ? "change waits" : "changes wait"}`;
    let status = "Opening";
    if (this.isOffline) status = `Offline${waiting}`;
    else if (provider?.status !== "connected") status = `Connecting${waiting}`;
    else if (isReader && provider.synced) status = "Up to date, read-only";
    else if (provider.synced) status = provider.hasUnsavedChanges ? "Sending" : "Up to date";
    setText(this.#status, status);
    this.#status.dataset["state"] = this.isSettled ? "settled" : "busy";
    this.#events.changed();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
