/**
 * What clients ask of documents, and whether they may.
 */
import * as Y from "yjs";
import type { Contract } from "../../realtime/contract/index.js";
import type { CallContext, CallHandlers, RealtimeUser } from "../../realtime/server/index.js";
import { RealtimeError } from "../../realtime/wire/index.js";
import {
  type AwarenessInput,
  type DocumentAccess,
  type documentCalls,
  documentChannels,
  documentOf,
  type OpenInput,
  type OpenItem,
  type UpdateInput,
  type VersionInput,
} from "../contract/index.js";
import { partsOf, updateSource } from "../updates/index.js";
import type { ResolvedDocumentLimits } from "./limits.js";
import type { LiveDocument } from "./live-document.js";
import { Opening } from "./opening.js";
import type { AuthorizeDocument, DocumentDefinition } from "./options.js";
import type { Versions } from "./versions.js";

/** What handlers need. */
export interface HandlersParts<Data> {
  readonly authorize: AuthorizeDocument<Data> | undefined;
  readonly limits: ResolvedDocumentLimits;
  readonly versions: Versions;
  readonly use: <Result>(id: string, work: (live: LiveDocument) => Promise<Result> | Result) => Promise<Result>;
  readonly hold: (id: string) => Promise<{ readonly live: LiveDocument; readonly release: () => void }>;
  readonly restore: (id: string, version: string, user: string | null) => Promise<void>;
}

type Rules = Readonly<Record<string, unknown>>;

/** See the head of this file. */
export class Handlers<Data> {
  readonly #parts: HandlersParts<Data>;
  /** Those who have documents open, by `placeOf`. */
  readonly #openings = new Map<string, Opening>();
  /** Updates of one session for one document, which are taken in as they came, however long each is asked about. */
  readonly #orders = new Map<string, Promise<unknown>>();
  readonly calls: CallHandlers<Data, DocumentDefinition>;

  constructor(parts: HandlersParts<Data>) {
    this.#parts = parts;
    const { use, versions } = parts;
    this.calls = {
      "yjs/open": (input, context) => this.#open(input, context),
      "yjs/update": (input, context) => this.#update(input, context),
      "yjs/awareness": (input, context) => this.#show(input, context),
      "yjs/versions": ({ document }) => versions.list(document),
      "yjs/keepVersion": ({ document, name }) => use(document, (live) => versions.keep(live, name)),
      "yjs/version": (input) => this.#version(input),
      "yjs/restore": async ({ document, version }, { user }) => {
        await parts.restore(document, version, user.id);
        return null;
      },
    };
  }

  // Who may do what

  /** `authorize` for `createRealtime`: documents' channels are read by whoever may, and written to by the server alone. */
  channelRules(api: Contract, others: Rules | undefined): Rules {
    const rules = complete(Object.keys(api.definition.channels ?? {}), others);
    for (const pattern of Object.keys(documentChannels)) {
      rules[pattern] = (user: RealtimeUser<Data>, { document }: { readonly document: string }, action: string) => {
        const id = documentOf(document);
        return action === "subscribe" && id !== undefined && this.#isAllowed(user, id, "read");
      };
    }
    return rules;
  }

  /** `authorizeCalls` for `createRealtime`. */
  callRules(api: Contract, others: Rules | undefined): Rules {
    const rules = complete(Object.keys(api.definition.calls ?? {}), others);
    const may = (action: DocumentAccess) => {
      return (user: RealtimeUser<Data>, { document }: { readonly document: string }) =>
        this.#isAllowed(user, document, action);
    };
    const own: Record<keyof typeof documentCalls, unknown> = {
      "yjs/open": (user: RealtimeUser<Data>, input: OpenInput) => this.#mayOpen(user, input),
      // Asked where it is taken in, in order.
      "yjs/update": () => true,
      "yjs/awareness": may("read"),
      "yjs/versions": may("read"),
      "yjs/version": may("read"),
      "yjs/keepVersion": may("write"),
      "yjs/restore": may("write"),
    };
    return { ...rules, ...own };
  }

  #isAllowed(user: RealtimeUser<Data>, document: string, action: DocumentAccess): boolean | Promise<boolean> {
    return this.#parts.authorize?.(user, document, action) ?? this.#parts.authorize === undefined;
  }

  /** Asked again while it is open: what one may do may be less, or more. */
  async #mayOpen(user: RealtimeUser<Data>, input: OpenInput): Promise<boolean> {
    const { document } = input;
    if ((await this.#isAllowed(user, document, "read")) !== true) return false;
    const opening = this.#openings.get(placeOf(user, input));
    if (opening !== undefined) opening.allow(await this.#accessOf(user, document));
    return true;
  }

  async #accessOf(user: RealtimeUser<Data>, document: string): Promise<DocumentAccess> {
    return (await this.#isAllowed(user, document, "write")) === true ? "write" : "read";
  }

  // Calls

  async *#open(input: OpenInput, { user, session, signal }: CallContext<Data>): AsyncGenerator<OpenItem, void> {
    const { document, clientId, key, stateVector } = input;
    const place = placeOf(user, input);
    const access = await this.#accessOf(user, document);
    const { live, release } = await this.#parts.hold(document);
    const opening = new Opening({ document, session, clientId, key, access });
    const end = (): void => opening.end();
    signal.addEventListener("abort", end);
    try {
      await live.catchUp();
      if (signal.aborted) return;
      live.enter(opening);
      this.#openings.set(place, opening);
      // What is there now: what comes after it comes by the channel, to which the client has subscribed before.
      const parts = stateVector === undefined ? [] : live.parts(stateVector);
      yield {
        type: "head",
        stateVector: Y.encodeStateVector(live.doc),
        access: opening.access,
        instance: live.instance,
        awareness: live.awareness.all(),
      };
      for (const update of parts) yield { type: "part", update };
      yield { type: "synced" };
      yield* opening.items();
    } finally {
      signal.removeEventListener("abort", end);
      if (this.#openings.get(place) === opening) this.#openings.delete(place);
      live.leave(opening);
      release();
    }
  }

  async #update({ document, update }: UpdateInput, context: CallContext<Data>): Promise<null> {
    const { maxUpdateBytes } = this.#parts.limits;
    if (update.length > maxUpdateBytes) {
      const message = `an update of ${update.length} octets, of maxUpdateBytes ${maxUpdateBytes}`;
      throw new RealtimeError("too-large", message);
    }
    const { user, session, signal } = context;
    const saved = await this.#inOrder(`${session} ${document}`, async () => {
      if ((await this.#isAllowed(user, document, "write")) !== true) throw this.#readOnly(session, document);
      const { live, release } = await this.#parts.hold(document);
      if (signal.aborted) {
        release();
        signal.throwIfAborted();
      }
      // Kept is not waited for in order: many are kept at once.
      return { done: live.update(update, user.id).finally(release) };
    });
    await saved.done;
    return null;
  }

  #readOnly(session: string, document: string): RealtimeError {
    for (const opening of this.#openings.values()) {
      if (opening.session === session && opening.document === document) opening.allow("read");
    }
    return new RealtimeError("forbidden", `the document ${JSON.stringify(document)} is read-only for you`);
  }

  async #inOrder<Result>(order: string, work: () => Promise<Result>): Promise<Result> {
    const before = this.#orders.get(order);
    // What became of the one before is its own affair.
    const mine = before === undefined ? work() : before.then(work, work);
    this.#orders.set(order, mine);
    try {
      return await mine;
    } finally {
      if (this.#orders.get(order) === mine) this.#orders.delete(order);
    }
  }

  async #show({ document, update }: AwarenessInput, { session }: CallContext<Data>): Promise<null> {
    const { maxAwarenessBytes } = this.#parts.limits;
    if (update.length > maxAwarenessBytes) {
      const message = `${update.length} octets of awareness, of maxAwarenessBytes ${maxAwarenessBytes}`;
      throw new RealtimeError("too-large", message);
    }
    await this.#parts.use(document, (live) => live.show(session, update));
    return null;
  }

  async *#version({ document, version }: VersionInput): AsyncGenerator<Uint8Array, void> {
    const state = await this.#parts.versions.state(document, version);
    yield* partsOf(updateSource(state), this.#parts.limits.partBytes);
  }
}

/** Where nothing is said of any, everything is allowed; where something is, what is not named is not. */
function complete(names: readonly string[], others: Rules | undefined): Record<string, unknown> {
  if (others !== undefined) return { ...others };
  return Object.fromEntries(names.map((name) => [name, () => true]));
}

/** Keys are chosen by clients: nobody else's is one's own. */
function placeOf({ id }: RealtimeUser, { document, key }: OpenInput): string {
  return JSON.stringify([id, document, key]);
}
