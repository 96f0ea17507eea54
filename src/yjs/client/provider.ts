/**
 * The provider: keeps a document of Yjs and the server's the same.
 */
import { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";
import type { BaseClient, LogEvent, LogHandle, SignalEvent, UntypedClient } from "../../realtime/client/index.js";
import {
  awarenessChannel,
  type DocumentAccess,
  type DocumentVersion,
  type OpenItem,
  updatesChannel,
} from "../contract/index.js";
import { documentSource } from "../updates/index.js";
import { AwarenessLink } from "./awareness-link.js";
import { Emitter } from "./emitter.js";
import { codeOf, printError, refusals } from "./errors.js";
import { type Failure, Outbox } from "./outbox.js";
import { randomKey } from "./random-key.js";
import { Turns } from "./turns.js";

/** Whether there is a connection by which the document is the same as the server's. */
export type ProviderStatus = "connecting" | "connected" | "disconnected";

/** What a provider tells, by name, with what its listeners are given. */
export type ProviderEvents = {
  /** There is another status. */
  readonly status: readonly [{ readonly status: ProviderStatus }];
  /** All that the server has is there (true), or may not be any more. */
  readonly sync: readonly [isSynced: boolean];
  /** What one may do is known, or is something else now. */
  readonly access: readonly [access: DocumentAccess];
  /** Whether there are changes that the server may not have kept. */
  readonly unsaved: readonly [hasUnsavedChanges: boolean];
  /** Something was refused. Without a listener it is printed. */
  readonly error: readonly [error: unknown];
};

/** What can be set about a provider. */
export interface ProviderOptions {
  /** Who is where. Default: one of its own; `false`: none. */
  readonly awareness?: Awareness | false;
  /** Whether it connects by itself. Default true; else when `connect` is called. */
  readonly connect?: boolean;
}

// Parts that may be on their way: a quarter of a megabyte, which fills any connection and no memory.
const partCredit = 8;
const minRetryMs = 500;
const maxRetryMs = 30_000;

/**
 * Connects a document of Yjs with the one of the same name on the server. What is changed here is sent; while there is no
 * connection it waits, and comes together with what others have changed meanwhile.
 *
 * ```ts
 * const doc = new Y.Doc();
 * const provider = new DocumentProvider(client, "my-document", doc);
 * provider.on("sync", (isSynced) => console.log(isSynced));
 * ```
 *
 * Transactions of what comes from the server have the provider as their `origin`.
 */
export class DocumentProvider {
  readonly doc: Y.Doc;
  /** The document's name. */
  readonly document: string;
  /** Who is where; undefined with `awareness: false`. */
  readonly awareness: Awareness | undefined;
  readonly #client: UntypedClient;
  readonly #ownsAwareness: boolean;
  readonly #events: Emitter<ProviderEvents>;
  readonly #outbox: Outbox;
  readonly #link: AwarenessLink | undefined;
  readonly #turns = new Turns();
  /** By which the server knows this provider again. */
  readonly #key: string = randomKey();
  readonly #changed: (update: Uint8Array, origin: unknown) => void;
  readonly #ended: () => void = () => this.destroy();
  #status: ProviderStatus = "disconnected";
  #isSynced = false;
  #access: DocumentAccess | undefined;
  #log: LogHandle<Uint8Array> | undefined;
  #stops: (() => void)[] = [];
  /** Ends what comes of the opening that stands. */
  #opening: AbortController | undefined;
  /** The server's loading of the document that this one has been compared with. */
  #instance: string | undefined;
  /** Whether all that came by the channel since has been heard. */
  #isComplete = false;
  /** Updates that came by the channel while older ones were on their way. */
  #meanwhile: Uint8Array[] = [];
  #retry: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #isDestroyed = false;

  /**
   * @param client a client whose contract has `documentChannels` and `documentCalls`, or none
   * @param document the document's name: 1 to 512 characters
   */
  constructor(client: BaseClient, document: string, doc: Y.Doc, options: ProviderOptions = {}) {
    // Whatever its contract declares, it has these.
    this.#client = client as UntypedClient;
    this.document = document;
    this.doc = doc;
    this.#ownsAwareness = options.awareness === undefined;
    this.awareness = options.awareness === false ? undefined : (options.awareness ?? new Awareness(doc));
    this.#events = new Emitter<ProviderEvents>(printError);
    this.#outbox = new Outbox({
      send: (update) => this.#client.call("yjs/update", { document, update }),
      failed: (error) => this.#unsent(error),
      changed: (hasUnsaved) => this.#events.emit("unsaved", hasUnsaved),
      compare: () => {
        if (this.#log?.status === "subscribed") this.#begin(true);
      },
    });
    this.#link = this.awareness && this.#linkOf(this.awareness);
    this.#changed = (update, origin) => {
      if (origin !== this) this.#outbox.add(update);
    };
    doc.on("update", this.#changed);
    doc.on("destroy", this.#ended);
    if (options.connect !== false) this.connect();
  }

  #linkOf(awareness: Awareness): AwarenessLink {
    return new AwarenessLink({
      awareness,
      origin: this,
      send: (update) => this.#client.call("yjs/awareness", { document: this.document, update }),
      failed: (error) => {
        const isAgain = (error as { readonly retryable?: unknown }).retryable === true;
        if (!isAgain && codeOf(error) !== "connection-lost" && codeOf(error) !== "client-closed")
          this.#tellError(error);
        return isAgain;
      },
    });
  }

  // What there is to know

  get status(): ProviderStatus {
    return this.#status;
  }

  /** Whether all that the server has is here. */
  get synced(): boolean {
    return this.#isSynced;
  }

  /** Resolves when all that the server has has come. Does not reject; of a provider that is destroyed before, it stays pending. */
  get whenSynced(): Promise<void> {
    if (this.#isSynced) return Promise.resolve();
    return new Promise((resolve) => {
      const listener = (isSynced: boolean): void => {
        if (!isSynced) return;
        this.off("sync", listener);
        resolve();
      };
      this.on("sync", listener);
    });
  }

  /**
   * What the server allows. With "read", what is changed here stays here: an editor had better be read-only then. Undefined
   * before it is known.
   */
  get access(): DocumentAccess | undefined {
    return this.#access;
  }

  /**
   * Whether there are changes that the server may not have kept. Those that are made while `access` is "read" are among
   * them: they go when one may write.
   */
  get hasUnsavedChanges(): boolean {
    return this.#outbox.hasUnsaved;
  }

  on<Name extends keyof ProviderEvents>(name: Name, listener: (...given: ProviderEvents[Name]) => unknown): void {
    this.#events.on(name, listener);
  }

  off<Name extends keyof ProviderEvents>(name: Name, listener: (...given: ProviderEvents[Name]) => unknown): void {
    this.#events.off(name, listener);
  }

  #tellError(error: unknown): void {
    if (!this.#events.emit("error", error)) printError(error);
  }

  #setStatus(status: ProviderStatus): void {
    if (status === this.#status) return;
    this.#status = status;
    this.#events.emit("status", { status });
  }

  #setSynced(isSynced: boolean): void {
    if (isSynced === this.#isSynced) return;
    this.#isSynced = isSynced;
    this.#events.emit("sync", isSynced);
  }

  #setAccess(access: DocumentAccess): void {
    if (access === this.#access) return;
    this.#access = access;
    this.#events.emit("access", access);
  }

  // Being connected

  /** Connects, after `disconnect` or where the server has refused it before. Does nothing when it is connected. */
  connect(): void {
    if (this.#isDestroyed || this.#stops.length > 0) return;
    this.#setStatus("connecting");
    const log = this.#client.channel(updatesChannel(this.document), { kind: "log" }) as LogHandle<Uint8Array>;
    this.#log = log;
    this.#stops.push(
      log.listen(
        (event) => this.#received(event),
        (error) => this.#refused(error),
      ),
    );
    if (this.#link !== undefined) {
      const link = this.#link;
      const signals = this.#client.channel(awarenessChannel(this.document), { kind: "signal" });
      const received = (event: SignalEvent<unknown>): void => {
        if (event.type === "message") link.received(event.value as Uint8Array);
      };
      // Where the document is refused, this is told by the other channel.
      this.#stops.push(signals.listen(received));
    }
    // Another provider has it already.
    if (log.status === "subscribed") this.#begin(true);
  }

  /** Ends the connection; `connect` begins it again. What is changed meanwhile is kept in the document. */
  disconnect(): void {
    for (const stop of this.#stops) stop();
    this.#stops = [];
    this.#close();
    this.#isComplete = false;
    this.#setStatus("disconnected");
  }

  /** Ends it for good. The document stays as it is. */
  destroy(): void {
    if (this.#isDestroyed) return;
    this.disconnect();
    this.#isDestroyed = true;
    this.doc.off("update", this.#changed);
    this.doc.off("destroy", this.#ended);
    this.#link?.end();
    if (this.#ownsAwareness) this.awareness?.destroy();
    this.#events.clear();
  }

  #close(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#opening?.abort();
    this.#opening = undefined;
    // What came and was not applied is missing, and comparing finds it.
    if (this.#meanwhile.length > 0) this.#isComplete = false;
    this.#meanwhile = [];
    this.#outbox.close();
    this.#link?.close();
    this.#setSynced(false);
  }

  #received(event: LogEvent<Uint8Array>): void {
    if (event.type === "message") {
      if (this.#isSynced) this.#apply(event.value);
      else this.#meanwhile.push(event.value);
    } else if (event.type === "live") this.#begin(!event.recovered);
    // What was lost there is found by comparing.
    else this.#isComplete = false;
  }

  /** The channel is there: opens the document, again where it was open on another connection. */
  #begin(isCompared: boolean): void {
    const isResumed = !isCompared && this.#isComplete && !this.#outbox.isComparing;
    const meanwhile = this.#meanwhile;
    this.#meanwhile = [];
    this.#close();
    for (const update of meanwhile) this.#apply(update);
    this.#setStatus("connecting");
    const opening = new AbortController();
    this.#opening = opening;
    this.#take(opening, isResumed).catch((error: unknown) => {
      if (this.#opening === opening) this.#lost(error);
    });
  }

  async #take(opening: AbortController, isResumed: boolean): Promise<void> {
    const { document, doc } = this;
    const input = {
      ...{ document, key: this.#key, clientId: this.awareness?.clientID ?? doc.clientID },
      ...(!isResumed && { stateVector: Y.encodeStateVector(doc) }),
    };
    const items = this.#client.stream("yjs/open", input, { credit: partCredit, signal: opening.signal });
    for await (const item of items as AsyncIterable<OpenItem>) {
      if (this.#opening !== opening) return;
      switch (item.type) {
        case "head":
          if (isResumed && item.instance !== this.#instance) {
            this.#begin(true);
            return;
          }
          this.#opened(item, isResumed);
          break;
        case "part":
          this.#apply(item.update);
          await this.#turns.passed();
          break;
        case "synced":
          this.#caughtUp();
          break;
        case "access":
          this.#setAccess(item.access);
          // What was refused may be let in now.
          if (item.access === "write") this.#begin(true);
      }
    }
    throw new Error("the server has ended the stream of a document");
  }

  #opened(head: Extract<OpenItem, { readonly type: "head" }>, isResumed: boolean): void {
    const isOther = head.instance !== this.#instance;
    this.#instance = head.instance;
    this.#failures = 0;
    this.#setStatus("connected");
    this.#setAccess(head.access);
    this.#link?.open(head.awareness);
    if (head.access !== "write") return;
    const known = Y.decodeStateVector(head.stateVector);
    // What this loading has acknowledged is there. Of another nobody knows, and deletions have no number to know them by.
    const isCompared = this.#outbox.isComparing || (!isResumed && (isOther || this.#hasMoreThan(known)));
    this.#outbox.open(isCompared ? documentSource(this.doc, known) : undefined);
  }

  #hasMoreThan(known: ReadonlyMap<number, number>): boolean {
    for (const client of this.doc.store.clients.keys()) {
      if (Y.getState(this.doc.store, client) > (known.get(client) ?? 0)) return true;
    }
    return false;
  }

  #caughtUp(): void {
    const meanwhile = this.#meanwhile;
    this.#meanwhile = [];
    this.#isComplete = true;
    for (const update of meanwhile) this.#apply(update);
    this.#setSynced(true);
  }

  #apply(update: Uint8Array): void {
    Y.applyUpdate(this.doc, update, this);
  }

  /** What the server has sent comes no more. */
  #lost(error: unknown): void {
    const code = codeOf(error);
    if (refusals.has(code)) {
      this.#refused(error);
      return;
    }
    this.#close();
    this.#setStatus("connecting");
    // The channel tells when there is a connection again.
    if (code !== "connection-lost") this.#beginLater(error);
  }

  #beginLater(error: unknown): void {
    const backoffMs = Math.min(minRetryMs * 2 ** this.#failures++, maxRetryMs);
    const { retryAfterMs } = error as { readonly retryAfterMs?: number };
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => {
      if (this.#log?.status === "subscribed") this.#begin(true);
    }, retryAfterMs ?? backoffMs);
  }

  #refused(error: unknown): void {
    this.disconnect();
    if (codeOf(error) !== "client-closed") this.#tellError(error);
  }

  // What is changed here

  #unsent(error: unknown): Failure {
    const { code, retryable, retryAfterMs } = error as Partial<{
      code: unknown;
      retryable: boolean;
      retryAfterMs: number;
    }>;
    switch (code) {
      case "connection-lost":
      case "client-closed":
        return { then: "later" };
      case "missing-updates":
        // The server has lost something, or has never had it.
        this.#beginLater(error);
        return { then: "later" };
      case "forbidden":
        this.#setAccess("read");
        this.#tellError(error);
        return { then: "later" };
      default:
        if (retryable !== true && code !== "timeout") {
          this.#tellError(error);
          return { then: "later" };
        }
        if (!this.#outbox.isComparing) return { then: "again", afterMs: retryAfterMs };
        this.#beginLater(error);
        return { then: "later" };
    }
  }

  // Versions

  /** The versions that are kept, the newest first. */
  async versions(): Promise<readonly DocumentVersion[]> {
    return (await this.#client.call("yjs/versions", { document: this.document })) as readonly DocumentVersion[];
  }

  /** Keeps the server's document as a version. */
  async keepVersion(name?: string): Promise<DocumentVersion> {
    const input = { document: this.document, ...(name !== undefined && { name }) };
    return (await this.#client.call("yjs/keepVersion", input)) as DocumentVersion;
  }

  /** The document as it was, to be read. */
  async version(id: string): Promise<Y.Doc> {
    const doc = new Y.Doc();
    const input = { document: this.document, version: id };
    for await (const part of this.#client.stream("yjs/version", input, { credit: partCredit })) {
      Y.applyUpdate(doc, part as Uint8Array);
      await this.#turns.passed();
    }
    return doc;
  }

  /** Makes the document what it was, as a new change that everybody gets. Resolves when it is kept. */
  async restore(id: string): Promise<void> {
    await this.#client.call("yjs/restore", { document: this.document, version: id });
  }
}
