/**
 * openline/yjs: documents of Yjs that are the same at all who have them open. The server's side is openline/yjs/server.
 */
export type { DocumentAccess, DocumentVersion } from "../contract/index.js";
export { documentCalls, documentChannels } from "../contract/index.js";
export { DocumentProvider, type ProviderEvents, type ProviderOptions, type ProviderStatus } from "./provider.js";
