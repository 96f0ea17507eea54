// The documents on the real-time layer: who edits them, what each may do, and what the server has of them.
import { createHash } from "node:crypto";
import { createRealtime, type DefinitionOf, memory, RealtimeError, type ServedRealtime } from "openline/realtime";
import { msgpackCodec } from "openline/realtime/msgpack";
import { createDocuments, type Documents, memoryStorage } from "openline/yjs/server";
import * as v from "valibot";
import { BoundedStorage } from "./bounded-storage.js";
import { api } from "./shared/contract.js";
import {
  isDocumentName,
  LARGE_MAX_BYTES,
  NAME_MAX_LENGTH,
  SECRET_MAX_LENGTH,
  VERSION_EVERY_MS,
  VERSIONS_MAX,
} from "./shared/limits.js";
import { type Proof, proofOf } from "./shared/proof.js";

/** What an editor is let in with. The secret is its own, and its name is told to others with a part of the secret's hash. */
const token = v.object({
  name: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(NAME_MAX_LENGTH)),
  secret: v.pipe(v.string(), v.minLength(16), v.maxLength(SECRET_MAX_LENGTH)),
  mayWrite: v.boolean(),
});

/** What is known of an editor. */
interface Editor {
  /** Chosen by itself: this demo shows what becomes of those who may only read. */
  mayWrite: boolean;
}

/** What the channels may take in memory: the newest changes of all documents. */
const MEMORY_MAX_BYTES = 48 * 1024 * 1024;
/** An update of half a megabyte, and room. Editors write often, and each change is a request. */
const LIMITS = {
  maxSubscriptions: 8,
  maxRequests: 32,
  requestsPerSecond: 80,
  requestBurst: 400,
  maxMessageBytes: 768 * 1024,
  maxBufferedBytes: 4 * 1024 * 1024,
};

/** See the head of this file. */
export class Desk {
  readonly realtime: ServedRealtime<DefinitionOf<typeof api>>;
  readonly documents: Documents<Editor>;
  readonly #storage = new BoundedStorage(memoryStorage(), (document) => this.#proofs.delete(document));
  /** What the server has of documents that have not changed since they were asked about. */
  readonly #proofs = new Map<string, Proof>();

  constructor() {
    this.documents = createDocuments<Editor>({
      storage: this.#storage,
      versions: { everyMs: VERSION_EVERY_MS },
      limits: { maxDocumentBytes: 2 * LARGE_MAX_BYTES, maxVersions: VERSIONS_MAX },
      authorize: ({ data }, document, action) => {
        if (!isDocumentName(document) || !this.#storage.hasRoomFor(document)) return false;
        return action === "read" || (data.mayWrite && !this.#storage.isFull(document));
      },
    });
    this.realtime = createRealtime(
      api,
      this.documents.options(api, {
        engine: memory({ maxBytes: MEMORY_MAX_BYTES }),
        limits: LIMITS,
        codecs: [msgpackCodec],
        authenticate: (context) => {
          const given = v.safeParse(token, context.token);
          if (!given.success) return undefined;
          const { name, secret, mayWrite } = given.output;
          const mark = createHash("sha256").update(secret).digest("hex").slice(0, 6);
          return { user: `${name} ${mark}`, data: { mayWrite } };
        },
        calls: {
          proof: ({ document }) => this.#proof(document),
          role: async ({ mayWrite }, { user }) => {
            user.data.mayWrite = mayWrite;
            await this.realtime.reauthorize(user.id ?? undefined);
            return null;
          },
        },
      }),
    );
  }

  async #proof(document: string): Promise<Proof> {
    if (!this.#storage.hasRoomFor(document)) {
      throw new RealtimeError("not-found", "there is no such document, and no room for another one");
    }
    const known = this.#proofs.get(document);
    if (known !== undefined) return known;
    return await this.documents.read(document, (doc) => {
      const proof = proofOf(doc);
      // At once: it would stay as it is if the document changed before it was put down.
      this.#proofs.set(document, proof);
      return proof;
    });
  }
}
