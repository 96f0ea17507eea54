/**
 * A document in memory, as long as somebody has it open. What clients send is gathered for a moment, taken in as one change,
 * kept, and sent to all as one message.
 */
import * as Y from "yjs";
import type { Engine, EngineHost, EngineSubscription, EngineTimer, Retention } from "../../realtime/engines/index.js";
import { RealtimeError } from "../../realtime/wire/index.js";
import { awarenessChannel, documentChannels, updatesChannel } from "../contract/index.js";
import { documentSource, partsOf } from "../updates/index.js";
import { AwarenessTable, readAwareness, writeAwareness } from "./awareness-table.js";
import { checkUpdate } from "./checking.js";
import type { ResolvedDocumentLimits } from "./limits.js";
import type { Opening } from "./opening.js";
import { Saving } from "./saving.js";
import type { DocumentStorage } from "./storage.js";

/** What documents have in common. */
export interface LiveParts {
  readonly storage: DocumentStorage;
  readonly limits: ResolvedDocumentLimits;
  readonly engine: Engine;
  readonly host: EngineHost;
  /** Whether other processes have the same documents. */
  readonly isShared: boolean;
  /** Something has been changed by these users. */
  readonly changed: (live: LiveDocument, users: ReadonlySet<string>) => void;
  /** It cannot be used any more. */
  readonly broken: (live: LiveDocument) => void;
}

/** An update that waits to be taken in. */
interface Waiting {
  readonly apply: (doc: Y.Doc) => void;
  readonly user: string | null;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

// Origins of transactions.
const gathered = Symbol("gathered");
const elsewhere = Symbol("elsewhere");

// As much as y-protocols waits before it forgets somebody.
const awarenessTimeoutMs = 30_000;

const { retain } = documentChannels["yjs/{document}"];
// Octets of a document's newest updates that are there for those who come back.
const retainedBytes = 4_194_304;
// Updates that are read at once of what has not been heard.
const catchUpCount = 100;

/** See the head of this file. */
export class LiveDocument {
  readonly id: string;
  readonly doc: Y.Doc = new Y.Doc();
  /** Of this loading. */
  readonly instance: string;
  readonly saving: Saving;
  readonly openings: Set<Opening> = new Set<Opening>();
  readonly awareness: AwarenessTable = new AwarenessTable();
  readonly #parts: LiveParts;
  readonly #updates: string;
  readonly #awarenessName: string;
  #queue: Waiting[] = [];
  #flushedAtMs = Number.NEGATIVE_INFINITY;
  #isFlushDue = false;
  #timer: EngineTimer | undefined;
  /** What a change came to, as Yjs tells it. */
  #integrated: Uint8Array[] = [];
  #awarenessWaiting: (() => void)[] = [];
  #awarenessTimer: EngineTimer | undefined;
  #following: EngineSubscription[] = [];
  /** The position in the log up to which it has followed other processes. */
  #heard: string | undefined;
  #isOver = false;

  private constructor(id: string, parts: LiveParts) {
    this.id = id;
    this.#parts = parts;
    this.#updates = updatesChannel(id);
    this.#awarenessName = awarenessChannel(id);
    this.instance = parts.host.randomId();
    this.saving = new Saving({ ...parts, document: id, state: () => this.#wholeState() });
    this.doc.on("update", (update: Uint8Array, origin: unknown) => {
      if (origin !== elsewhere) this.#integrated.push(update);
    });
  }

  /**
   * Loads a document.
   *
   * @throws what the storage rejects with; RealtimeError `internal` for what it has and is no document
   */
  static async load(id: string, parts: LiveParts): Promise<LiveDocument> {
    const live = new LiveDocument(id, parts);
    try {
      // What comes from elsewhere meanwhile is either heard or read.
      if (parts.isShared) await live.#follow();
      const stored = await parts.storage.load(id);
      if (stored !== undefined) {
        live.#takeIn(stored.updates);
        live.saving.loaded(stored.updates, stored.place);
      }
    } catch (error) {
      live.#stop();
      throw error;
    }
    return live;
  }

  #takeIn(updates: readonly Uint8Array[]): void {
    this.doc.transact(() => {
      for (const update of updates) Y.applyUpdate(this.doc, update);
    }, elsewhere);
  }

  /** Hears what other processes take in. Own changes come back, and change nothing. */
  async #follow(): Promise<void> {
    const { engine, host, storage } = this.#parts;
    const reload = (): void => {
      storage.load(this.id).then(
        (stored) => this.#takeIn(stored?.updates ?? []),
        (error: unknown) => host.reportError(error, "reading a document again"),
      );
    };
    const tail = await engine.logs.tail(this.#updates, {
      message: ({ value, position }) => {
        this.#heard = position;
        try {
          this.#takeIn([value as Uint8Array]);
        } catch (error) {
          host.reportError(error, "following a document");
        }
      },
      reset: (_reason, { end }) => {
        this.#heard = end;
        reload();
      },
    });
    this.#heard ??= tail.position;
    this.#following.push(tail);
    const signals = await engine.signals.listen(this.#awarenessName, ({ value }) => {
      try {
        const entries = readAwareness(value as Uint8Array);
        for (const entry of entries) this.awareness.take(entry, host.now());
        if (entries.length === 0) this.#showAgain();
      } catch (error) {
        host.reportError(error, "following who is where");
      }
    });
    this.#following.push(signals);
    // Nobody's state: asks the other processes who is there, and tells editors nothing.
    await engine.signals.send(this.#awarenessName, { value: writeAwareness([]), user: undefined });
  }

  /**
   * Has all that stands in the channel's log, though it may not have been heard yet: whoever has just subscribed to the
   * channel is told what comes after it alone.
   */
  async catchUp(): Promise<void> {
    const { engine, isShared, storage } = this.#parts;
    let after = this.#heard;
    if (!isShared || after === undefined) return;
    for (;;) {
      const page = await engine.logs.read(this.#updates, { after, limit: catchUpCount });
      if (page.status === "hole") {
        // What is in the log was kept before.
        this.#takeIn((await storage.load(this.id))?.updates ?? []);
        return;
      }
      this.#takeIn(page.entries.map(({ value }) => value as Uint8Array));
      after = page.entries.at(-1)?.position ?? after;
      if (page.isEnd) return;
    }
  }

  async #wholeState(): Promise<Uint8Array> {
    const { storage } = this.#parts;
    if (storage.isShared === true) this.#takeIn((await storage.load(this.id))?.updates ?? []);
    return Y.encodeStateAsUpdate(this.doc);
  }

  /** Whether all that has come is kept. */
  get isKept(): boolean {
    return this.#queue.length === 0 && this.saving.isKept;
  }

  // Changes

  /**
   * Takes an update in. Resolves when it is kept.
   *
   * @throws RealtimeError `invalid-value`, `too-large`, `missing-updates`, `document-full`, `unavailable`
   */
  update(update: Uint8Array, user: string | null): Promise<void> {
    return this.change((doc) => {
      checkUpdate(doc, update);
      Y.applyUpdate(doc, update);
    }, user);
  }

  /** As `update`, of whatever changes the document. */
  async change(apply: (doc: Y.Doc) => void, user: string | null): Promise<void> {
    this.#checkRoom();
    await new Promise<void>((resolve, reject) => {
      this.#queue.push({ apply, user, resolve, reject });
      this.#schedule();
    });
    await this.saving.saved();
  }

  #checkRoom(): void {
    const { maxDocumentBytes, maxUnsavedBytes } = this.#parts.limits;
    if (this.#isOver) throw reloading();
    if (this.saving.bytes > maxDocumentBytes) {
      const message = `the document takes ${this.saving.bytes} octets, of maxDocumentBytes ${maxDocumentBytes}`;
      throw new RealtimeError("document-full", message);
    }
    if (this.saving.unsavedBytes > maxUnsavedBytes) {
      const message = `${this.saving.unsavedBytes} octets wait to be kept, of maxUnsavedBytes ${maxUnsavedBytes}`;
      throw new RealtimeError("unavailable", message, { retryable: true });
    }
  }

  /** At once, unless something has been sent a moment ago. */
  #schedule(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    const { host, limits } = this.#parts;
    const waitMs = this.#flushedAtMs + limits.gatherMs - host.now();
    if (waitMs <= 0) queueMicrotask(() => this.#flush());
    else this.#timer = host.setTimer(() => this.#flush(), waitMs);
  }

  #flush(): void {
    this.#isFlushDue = false;
    if (this.#isOver) return;
    this.#flushedAtMs = this.#parts.host.now();
    const queue = this.#queue;
    this.#queue = [];
    const done: Waiting[] = [];
    const users = new Set<string>();
    let culprit: Waiting | undefined;
    try {
      this.doc.transact(() => {
        for (const waiting of queue) {
          culprit = waiting;
          try {
            waiting.apply(this.doc);
          } catch (error) {
            if (!(error instanceof RealtimeError)) throw error;
            waiting.reject(error);
            continue;
          }
          done.push(waiting);
          if (waiting.user !== null) users.add(waiting.user);
        }
        culprit = undefined;
      }, gathered);
    } catch (error) {
      this.#break(queue, culprit, error);
      return;
    }
    this.#told(users);
    this.#tellAwarenessAlong();
    for (const { resolve } of done) resolve();
  }

  /** Something that was let in broke the document: it is loaded again from what is kept. */
  #break(queue: readonly Waiting[], culprit: Waiting | undefined, error: unknown): void {
    this.#parts.host.reportError(error, `changing the document ${JSON.stringify(this.id)}`);
    this.#integrated = [];
    for (const waiting of queue) {
      if (waiting !== culprit) waiting.reject(reloading());
      else waiting.reject(new RealtimeError("invalid-value", "the document cannot take this update", { cause: error }));
    }
    this.#parts.broken(this);
  }

  #told(users: ReadonlySet<string>): void {
    const [first, ...others] = this.#integrated;
    this.#integrated = [];
    // Nothing that was new.
    if (first === undefined) return;
    const update = others.length === 0 ? first : Y.mergeUpdates([first, ...others]);
    this.saving.add(update);
    const saved = this.saving.saved();
    const publish = (): void => this.#publish(update);
    // Whoever loads the document elsewhere has to find it in one place or the other.
    if (this.#parts.isShared) saved.then(publish, publish);
    else {
      publish();
      saved.catch(() => {
        // Its senders are told.
      });
    }
    this.#parts.changed(this, users);
  }

  #publish(value: Uint8Array): void {
    const { engine, host } = this.#parts;
    const { count = Number.MAX_SAFE_INTEGER, ageMs = Number.MAX_SAFE_INTEGER } = retain;
    const kept: Retention = { count, ageMs, bytes: retainedBytes };
    engine.logs
      .append(this.#updates, { value, meta: { timeMs: host.unixMs() }, retain: kept })
      .catch((error: unknown) => host.reportError(error, "sending a document's update"));
  }

  // Who has it open

  /** What somebody lacks, in parts. */
  parts(stateVector: Uint8Array): Generator<Uint8Array, void> {
    let known: Map<number, number>;
    try {
      known = Y.decodeStateVector(stateVector);
    } catch (cause) {
      throw new RealtimeError("invalid-value", "not a state vector", { cause });
    }
    return partsOf(documentSource(this.doc, known), this.#parts.limits.partBytes);
  }

  enter(opening: Opening): void {
    for (const other of this.openings) {
      if (other.clientId !== opening.clientId) continue;
      if (other.key !== opening.key) {
        throw new RealtimeError("conflict", `another has the document open as client ${opening.clientId}`);
      }
      // Of a connection that is lost, and not known to be.
      this.openings.delete(other);
      other.end();
    }
    this.openings.add(opening);
  }

  leave(opening: Opening): void {
    if (!this.openings.delete(opening)) return;
    this.awareness.remove(opening.clientId);
    this.#scheduleAwareness();
  }

  /**
   * Somebody shows something else. Resolves when the others are told.
   *
   * @throws RealtimeError `invalid-value`, `too-large`, `forbidden`
   */
  show(session: string, update: Uint8Array): Promise<void> {
    const entries = readAwareness(update);
    const own = new Set<number>();
    for (const opening of this.openings) if (opening.session === session) own.add(opening.clientId);
    for (const { client } of entries) {
      if (!own.has(client)) throw new RealtimeError("forbidden", `client ${client} is not one of this session's`);
    }
    for (const entry of entries) this.awareness.change(entry, this.#parts.host.now());
    return new Promise((resolve) => {
      this.#awarenessWaiting.push(resolve);
      this.#scheduleAwareness();
    });
  }

  #scheduleAwareness(): void {
    const { host, limits } = this.#parts;
    // What is due sooner tells it along, and spares the process a timer.
    if (this.#isFlushDue && limits.gatherMs <= limits.awarenessMs) return;
    this.#awarenessTimer ??= host.setTimer(() => this.#tellAwareness(), limits.awarenessMs);
  }

  /** Another process has loaded the document, and asks who is here. */
  #showAgain(): void {
    for (const { clientId } of this.openings) this.awareness.tellAgain(clientId);
    if (this.awareness.hasChanged) this.#scheduleAwareness();
  }

  /** With an update that goes anyway, it costs nobody a packet of its own. */
  #tellAwarenessAlong(): void {
    this.#awarenessTimer?.cancel();
    this.#awarenessTimer = undefined;
    if (this.awareness.hasChanged || this.#awarenessWaiting.length > 0) this.#tellAwareness();
  }

  #tellAwareness(): void {
    this.#awarenessTimer = undefined;
    const { engine, host, isShared } = this.#parts;
    if (isShared) this.awareness.forgetBefore(host.now() - awarenessTimeoutMs);
    const waiting = this.#awarenessWaiting;
    this.#awarenessWaiting = [];
    if (this.awareness.hasChanged) {
      const signal = { value: this.awareness.takeChanges(), user: undefined };
      engine.signals.send(this.#awarenessName, signal).catch((error: unknown) => {
        host.reportError(error, "telling who is where");
      });
    }
    for (const resolve of waiting) resolve();
  }

  // The end

  /** Ends it when all is kept. */
  async end(): Promise<void> {
    if (this.#isFlushDue) this.#flush();
    try {
      await this.saving.end();
    } finally {
      this.#stop();
    }
  }

  /** Nothing more is taken in. */
  stopTaking(): void {
    this.#isOver = true;
    for (const { reject } of this.#queue) reject(reloading());
    this.#queue = [];
    for (const opening of this.openings) opening.fail(reloading());
  }

  #stop(): void {
    this.#isOver = true;
    this.#timer?.cancel();
    this.#awarenessTimer?.cancel();
    for (const resolve of this.#awarenessWaiting) resolve();
    for (const { stop } of this.#following) stop();
    this.doc.destroy();
  }
}

function reloading(): RealtimeError {
  return new RealtimeError("unavailable", "the document is loaded again", { retryable: true });
}
