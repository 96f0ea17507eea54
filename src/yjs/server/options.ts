/**
 * What an application says about its documents, and how that goes together with the rest of its real-time server.
 */
import type { ContractDefinition } from "../../realtime/contract/index.js";
import type {
  Authorize,
  AuthorizeCalls,
  CallHandlers,
  CommonOptions,
  RealtimeUser,
} from "../../realtime/server/index.js";
import type { DocumentAccess, DocumentCalls, DocumentChannels } from "../contract/index.js";
import type { DocumentLimits } from "./limits.js";
import type { DocumentStorage } from "./storage.js";

/** What a contract has to have for documents. */
export interface DocumentDefinition {
  readonly channels: DocumentChannels;
  readonly calls: DocumentCalls;
}

/**
 * Says whether somebody may read a document, or write to it. Asked with each opening and each update, so remember what is
 * expensive to find out. Who may write may read only if that is said, too.
 */
export type AuthorizeDocument<Data> = (
  user: RealtimeUser<Data>,
  document: string,
  action: DocumentAccess,
) => boolean | Promise<boolean>;

/** When versions are kept by themselves. */
export interface VersionOptions {
  /** Milliseconds from one to the next, where the document has changed meanwhile. */
  readonly everyMs: number;
}

/** See `createDocuments`. */
export interface DocumentsOptions<Data> {
  /** Where documents are kept. Default: `memoryStorage()`. */
  readonly storage?: DocumentStorage;
  /** Says who may do what. Default: everybody may read and write every document. */
  readonly authorize?: AuthorizeDocument<Data>;
  /** When versions are kept by themselves. Default: only when somebody asks for it. */
  readonly versions?: VersionOptions;
  readonly limits?: DocumentLimits;
}

type Others<Handlers, Own> = Omit<Handlers, keyof Own>;

/**
 * The rest of what `createRealtime` takes: what the contract has beside documents. Documents have `authorize` functions and
 * handlers of their own.
 */
export type OtherOptions<Data, Definition extends ContractDefinition> = CommonOptions<Data> & {
  /** As for `createRealtime`, of the other channels. */
  readonly authorize?: Others<Authorize<Data, Definition>, DocumentChannels>;
  /** As for `createRealtime`, of the other calls. */
  readonly authorizeCalls?: Others<AuthorizeCalls<Data, Definition>, DocumentCalls>;
} & (Exclude<keyof Definition["calls"], keyof DocumentCalls> extends never
    ? { readonly calls?: undefined }
    : {
        /** The handlers of the other calls. */
        readonly calls: Others<CallHandlers<Data, Definition>, DocumentCalls>;
      });
