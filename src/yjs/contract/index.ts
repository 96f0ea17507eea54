/**
 * openline/yjs/contract: what documents need of a contract. Both ends import it.
 *
 * ```ts
 * export const api = contract({
 *   channels: { ...documentChannels, "room/{id}": log() },
 *   calls: { ...documentCalls },
 * });
 * ```
 */
import {
  type Call,
  call,
  type LogChannel,
  log,
  type Schema,
  type SignalChannel,
  signal,
  unchecked,
} from "../../realtime/contract/index.js";
import { clientId, membersOf, name, octets, optional } from "./checks.js";

export { awarenessChannel, documentOf, updatesChannel } from "./names.js";

/** What somebody may do with a document. */
export type DocumentAccess = "read" | "write";

/** Somebody opens a document. */
export interface OpenInput {
  readonly document: string;
  /** The state vector of what is there already; absent: all of that is known, since nothing was missed. */
  readonly stateVector?: Uint8Array;
  /** The number by which awareness knows whoever opens it. */
  readonly clientId: number;
  /** A random text of the provider's own, the same over its connections: whoever has it, has the number. */
  readonly key: string;
}

/** What comes of an open document. */
export type OpenItem =
  | {
      /** Comes first. */
      readonly type: "head";
      /** What the server has: what it lacks, it wants. */
      readonly stateVector: Uint8Array;
      readonly access: DocumentAccess;
      /** Of this loading of the document: what was acknowledged under the same one is there. */
      readonly instance: string;
      /** Who is there, as `y-protocols/awareness` writes it. */
      readonly awareness: Uint8Array;
    }
  | {
      /** A part of what is missing: an update by itself, to be applied in this order. */
      readonly type: "part";
      readonly update: Uint8Array;
    }
  | {
      /** All has come that was there when it was opened. */
      readonly type: "synced";
    }
  | {
      /** What one may do has changed. */
      readonly type: "access";
      readonly access: DocumentAccess;
    };

/** A change of a document. */
export interface UpdateInput {
  readonly document: string;
  /** As Yjs encodes it (version 1). */
  readonly update: Uint8Array;
}

/** Who is where, of those numbers that one has opened the document with. */
export interface AwarenessInput {
  readonly document: string;
  /** As `y-protocols/awareness` encodes it. */
  readonly update: Uint8Array;
}

/** A version of a document that was kept. */
export interface DocumentVersion {
  /** Opaque. */
  readonly id: string;
  /** What it was called; absent for one that was kept by itself. */
  readonly name?: string;
  /** When: Unix time in milliseconds. */
  readonly timeMs: number;
  /** Who has changed the document since the version before it, as far as they are known. */
  readonly users: readonly string[];
  /** Octets of its state. */
  readonly bytes: number;
}

/** Which document. */
export interface DocumentInput {
  readonly document: string;
}

/** A version is kept. */
export interface KeepVersionInput extends DocumentInput {
  readonly name?: string;
}

/** Which version. */
export interface VersionInput extends DocumentInput {
  readonly version: string;
}

/** The channels of documents, by pattern. */
export type DocumentChannels = {
  readonly "yjs/{document}": LogChannel<Schema<Uint8Array>>;
  readonly "yjs/{document}/awareness": SignalChannel<Schema<Uint8Array>>;
};

/** The calls of documents, by name. */
export type DocumentCalls = {
  /** Opens a document, for as long as somebody takes what comes. */
  readonly "yjs/open": Call<Schema<OpenInput>, undefined, Schema<OpenItem>>;
  /** Changes it; answered when the change is kept. */
  readonly "yjs/update": Call<Schema<UpdateInput>, Schema<null>, undefined>;
  /** Tells where one is. */
  readonly "yjs/awareness": Call<Schema<AwarenessInput>, Schema<null>, undefined>;
  /** The versions that are kept, the newest first. */
  readonly "yjs/versions": Call<Schema<DocumentInput>, Schema<readonly DocumentVersion[]>, undefined>;
  /** Keeps a version. */
  readonly "yjs/keepVersion": Call<Schema<KeepVersionInput>, Schema<DocumentVersion>, undefined>;
  /** The state of a version, in parts. */
  readonly "yjs/version": Call<Schema<VersionInput>, undefined, Schema<Uint8Array>>;
  /** Makes the document what it was, as a new change. */
  readonly "yjs/restore": Call<Schema<VersionInput>, Schema<null>, undefined>;
};

/**
 * The channels, to be spread into `channels` of a contract. A reconnect within a minute finds what it missed in the log;
 * one after that asks by its state vector.
 */
export const documentChannels: DocumentChannels = {
  "yjs/{document}": log({
    message: unchecked<Uint8Array>(),
    retain: { count: 512, ageMs: 60_000 },
    tell: { user: false, time: false, key: false },
  }),
  "yjs/{document}/awareness": signal({ message: unchecked<Uint8Array>() }),
};

/** The calls, to be spread into `calls` of a contract. */
export const documentCalls: DocumentCalls = {
  "yjs/open": call({
    input: membersOf<OpenInput>({ document: name, stateVector: optional(octets), clientId, key: name }),
    stream: unchecked<OpenItem>(),
  }),
  "yjs/update": call({ input: membersOf<UpdateInput>({ document: name, update: octets }), output: unchecked<null>() }),
  "yjs/awareness": call({
    input: membersOf<AwarenessInput>({ document: name, update: octets }),
    output: unchecked<null>(),
  }),
  "yjs/versions": call({
    input: membersOf<DocumentInput>({ document: name }),
    output: unchecked<readonly DocumentVersion[]>(),
  }),
  "yjs/keepVersion": call({
    input: membersOf<KeepVersionInput>({ document: name, name: optional(name) }),
    output: unchecked<DocumentVersion>(),
    idempotent: true,
  }),
  "yjs/version": call({
    input: membersOf<VersionInput>({ document: name, version: name }),
    stream: unchecked<Uint8Array>(),
  }),
  "yjs/restore": call({
    input: membersOf<VersionInput>({ document: name, version: name }),
    output: unchecked<null>(),
    idempotent: true,
  }),
};
