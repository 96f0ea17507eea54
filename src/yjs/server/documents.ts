/**
 * openline/yjs/server's documents: which of them are in memory, and what clients do with them.
 */
import * as Y from "yjs";
import type { Contract, ContractDefinition } from "../../realtime/contract/index.js";
import { type Engine, type EngineHost, type EngineTimer, memory } from "../../realtime/engines/index.js";
import type { CallHandlers, RealtimeOptions } from "../../realtime/server/index.js";
import { RealtimeError } from "../../realtime/wire/index.js";
import type { DocumentVersion } from "../contract/index.js";
import { Handlers } from "./handlers.js";
import { type ResolvedDocumentLimits, resolveDocumentLimits } from "./limits.js";
import { LiveDocument, type LiveParts } from "./live-document.js";
import { memoryStorage } from "./memory-storage.js";
import type { DocumentDefinition, DocumentsOptions, OtherOptions } from "./options.js";
import type { DocumentStorage } from "./storage.js";
import { restoringUpdate, Versions } from "./versions.js";

// As long as it takes until what could not be kept is tried again.
const unkeptMs = 1000;

/** Documents of a real-time server, see `createDocuments`. */
export interface Documents<Data = undefined> {
  /**
   * What `createRealtime` takes: the application's options, and what documents need beside them.
   *
   * ```ts
   * const realtime = createRealtime(api, documents.options(api, { authenticate, calls }));
   * ```
   *
   * @param api the contract, with `documentChannels` and `documentCalls` in it
   * @param others what the rest of the contract needs
   * @throws TypeError when it is called twice: documents belong to one server
   */
  options<Definition extends ContractDefinition & DocumentDefinition>(
    api: Contract<Definition>,
    others: OtherOptions<Data, Definition>,
  ): RealtimeOptions<Data, Definition>;
  /**
   * Reads a document.
   *
   * @param read gets the document, which it must neither change nor keep
   */
  read<Result>(document: string, read: (doc: Y.Doc) => Result): Promise<Result>;
  /**
   * Changes a document, as a client does. Resolves when the change is kept.
   *
   * @param change changes the document, without waiting for anything
   * @param user who is told to have done it, in versions
   */
  change(document: string, change: (doc: Y.Doc) => void, user?: string): Promise<void>;
  /** The versions of a document that are kept, the newest first. */
  versions(document: string): Promise<readonly DocumentVersion[]>;
  /** Keeps a version of a document as it is now. */
  keepVersion(document: string, name?: string): Promise<DocumentVersion>;
  /**
   * The document as it was, to be read. It belongs to whoever asks.
   *
   * @throws RealtimeError `not-found`
   */
  version(document: string, version: string): Promise<Y.Doc>;
  /**
   * Makes the document what it was, as a new change that everybody gets.
   *
   * @throws RealtimeError `not-found`
   */
  restore(document: string, version: string, user?: string): Promise<void>;
  /** Makes one state of what is kept of a document, where there is more. It happens by itself, too. */
  compact(document: string): Promise<void>;
  /** Documents in memory. */
  readonly size: number;
}

interface Loaded {
  readonly live: Promise<LiveDocument>;
  /** Those who use it. */
  users: number;
  idle: EngineTimer | undefined;
}

/**
 * Makes documents that clients edit together.
 *
 * @param options where they are kept, and who may do what
 * @throws RangeError for a limit that is out of its range
 */
export function createDocuments<Data = undefined>(options: DocumentsOptions<Data> = {}): Documents<Data> {
  return new DocumentStore(options);
}

/** See the head of this file. */
class DocumentStore<Data> implements Documents<Data> {
  readonly #storage: DocumentStorage;
  readonly #limits: ResolvedDocumentLimits;
  readonly #loaded = new Map<string, Loaded>();
  /** Those that are on their way out, by document. */
  readonly #leaving = new Map<string, Promise<void>>();
  readonly #versions: Versions;
  readonly #handlers: Handlers<Data>;
  #engine: Engine | undefined;
  #host: EngineHost | undefined;
  #isOver = false;

  constructor(options: DocumentsOptions<Data>) {
    this.#storage = options.storage ?? memoryStorage();
    this.#limits = resolveDocumentLimits(options.limits ?? {});
    this.#versions = new Versions({
      ...{ storage: this.#storage, limits: this.#limits, options: options.versions },
      host: () => this.#started.host,
    });
    this.#handlers = new Handlers<Data>({
      authorize: options.authorize,
      limits: this.#limits,
      versions: this.#versions,
      use: (id, work) => this.#use(id, work),
      hold: (id) => this.#hold(id),
      restore: (id, version, user) => this.restore(id, version, user ?? undefined),
    });
  }

  get size(): number {
    return this.#loaded.size;
  }

  options<Definition extends ContractDefinition & DocumentDefinition>(
    api: Contract<Definition>,
    others: OtherOptions<Data, Definition>,
  ): RealtimeOptions<Data, Definition> {
    if (this.#engine !== undefined) throw new TypeError("documents belong to one server");
    const engine = others.engine ?? memory();
    this.#engine = engine;
    const mine = {
      engine: this.#around(engine),
      authorize: this.#handlers.channelRules(api, others.authorize),
      authorizeCalls: this.#handlers.callRules(api, others.authorizeCalls),
      calls: { ...others.calls, ...this.#handlers.calls } as CallHandlers<Data, Definition>,
    };
    // What the types say of each part was checked where it came in.
    return { ...others, ...mine } as unknown as RealtimeOptions<Data, Definition>;
  }

  /** The engine, with documents that begin and end with it. */
  #around(engine: Engine): Engine {
    return {
      name: engine.name,
      // Asked for each time: an engine may have none before it has started.
      get logs() {
        return engine.logs;
      },
      get states() {
        return engine.states;
      },
      get signals() {
        return engine.signals;
      },
      get media() {
        return engine.media;
      },
      get calls() {
        return engine.calls;
      },
      get presence() {
        return engine.presence;
      },
      start: async (host) => {
        await this.#storage.open?.();
        await engine.start(host);
        this.#host = host;
      },
      check: async (needs) => await engine.check?.(needs),
      health: () => engine.health(),
      close: async () => {
        try {
          await this.#close();
        } finally {
          await engine.close();
        }
      },
    };
  }

  get #started(): { readonly engine: Engine; readonly host: EngineHost } {
    if (this.#engine === undefined || this.#host === undefined) {
      throw new RealtimeError("unavailable", "the server of these documents has not started", { retryable: true });
    }
    return { engine: this.#engine, host: this.#host };
  }

  // In memory

  /** Uses a document until `release` is called. */
  async #hold(id: string): Promise<{ readonly live: LiveDocument; readonly release: () => void }> {
    if (this.#isOver) throw new RealtimeError("unavailable", "the server is closing", { retryable: true });
    const loaded = this.#loaded.get(id) ?? this.#load(id);
    loaded.users++;
    loaded.idle?.cancel();
    loaded.idle = undefined;
    let isHeld = true;
    const release = (): void => {
      if (!isHeld) return;
      isHeld = false;
      loaded.users--;
      if (loaded.users === 0 && this.#loaded.get(id) === loaded) this.#idle(id, loaded);
    };
    try {
      return { live: await loaded.live, release };
    } catch (error) {
      release();
      this.#started.host.reportError(error, `loading the document ${JSON.stringify(id)}`);
      throw new RealtimeError("unavailable", "the document cannot be loaded at the moment", {
        retryable: true,
        cause: error,
      });
    }
  }

  async #use<Result>(id: string, work: (live: LiveDocument) => Promise<Result> | Result): Promise<Result> {
    const { live, release } = await this.#hold(id);
    try {
      return await work(live);
    } finally {
      release();
    }
  }

  #load(id: string): Loaded {
    const { engine, host } = this.#started;
    const parts: LiveParts = {
      ...{ storage: this.#storage, limits: this.#limits, engine, host },
      isShared: engine.name !== "memory",
      changed: (live, users) => this.#versions.changed(live, users),
      broken: (live) => this.#broken(live),
    };
    const left = this.#leaving.get(id) ?? Promise.resolve();
    const loaded: Loaded = { live: left.then(() => LiveDocument.load(id, parts)), users: 0, idle: undefined };
    this.#loaded.set(id, loaded);
    loaded.live.catch(() => {
      // Whoever wanted it is told; the next one tries again.
      if (this.#loaded.get(id) === loaded) this.#loaded.delete(id);
    });
    return loaded;
  }

  #idle(id: string, loaded: Loaded): void {
    const { host } = this.#started;
    loaded.idle = host.setTimer(() => {
      loaded.live.then(
        ({ isKept }) => {
          if (loaded.users > 0 || this.#loaded.get(id) !== loaded) return;
          if (isKept) this.#drop(id, loaded);
          // Its storage is away: what it has is nowhere else.
          else loaded.idle = host.setTimer(() => this.#idle(id, loaded), unkeptMs);
        },
        () => undefined,
      );
    }, this.#limits.idleMs);
  }

  #drop(id: string, loaded: Loaded): void {
    if (this.#loaded.get(id) !== loaded) return;
    this.#loaded.delete(id);
    const leaving = this.#leave(id, loaded).finally(() => {
      if (this.#leaving.get(id) === leaving) this.#leaving.delete(id);
    });
    this.#leaving.set(id, leaving);
  }

  /** Keeps what is not kept, and forgets the document. Never rejects. */
  async #leave(id: string, loaded: Loaded): Promise<void> {
    loaded.idle?.cancel();
    try {
      const live = await loaded.live;
      try {
        await this.#versions.dropping(live);
      } finally {
        // The document is more than its history.
        await live.end();
        await this.#storage.release?.(id);
      }
    } catch (error) {
      this.#started.host.reportError(error, `dropping the document ${JSON.stringify(id)}`);
    }
  }

  /** What is in memory is not what was let in. */
  #broken(live: LiveDocument): void {
    live.stopTaking();
    const loaded = this.#loaded.get(live.id);
    if (loaded !== undefined) this.#drop(live.id, loaded);
  }

  async #close(): Promise<void> {
    this.#isOver = true;
    for (const [id, loaded] of [...this.#loaded]) this.#drop(id, loaded);
    await Promise.all(this.#leaving.values());
    await this.#storage.close?.();
  }

  // What the application does

  read<Result>(document: string, read: (doc: Y.Doc) => Result): Promise<Result> {
    return this.#use(document, ({ doc }) => read(doc));
  }

  change(document: string, change: (doc: Y.Doc) => void, user?: string): Promise<void> {
    return this.#use(document, (live) => live.change(change, user ?? null));
  }

  versions(document: string): Promise<readonly DocumentVersion[]> {
    return this.#versions.list(document);
  }

  keepVersion(document: string, name?: string): Promise<DocumentVersion> {
    return this.#use(document, (live) => this.#versions.keep(live, name));
  }

  async version(document: string, version: string): Promise<Y.Doc> {
    const state = await this.#versions.state(document, version);
    const doc = new Y.Doc();
    Y.applyUpdate(doc, state);
    return doc;
  }

  async restore(document: string, version: string, user?: string): Promise<void> {
    const state = await this.#versions.state(document, version);
    await this.change(document, (doc) => Y.applyUpdate(doc, restoringUpdate(doc, state)), user);
  }

  compact(document: string): Promise<void> {
    return this.#use(document, (live) => live.saving.compact());
  }
}
