/**
 * A server with documents on a port of its own, and editors.
 */
import * as Y from "yjs";
import { serve } from "#src/index.js";
import { createClient } from "#src/realtime/client/node/index.js";
import { contract, createRealtime } from "#src/realtime/index.js";
import { DocumentProvider } from "#src/yjs/client/index.js";
import { createDocuments, type DocumentsOptions, documentCalls, documentChannels } from "#src/yjs/server/index.js";

const api = contract({ channels: { ...documentChannels }, calls: { ...documentCalls } });

/** Starts it. Everybody is who the token says. */
export async function startDocuments(options: DocumentsOptions<undefined> = {}) {
  const documents = createDocuments(options);
  const authenticate = ({ token }: { readonly token?: unknown }) => ({ user: String(token) });
  const realtime = createRealtime(api, documents.options(api, { authenticate }));
  const server = await serve({ port: 0, host: "127.0.0.1", ...realtime.handlers });
  const clients: { close(): Promise<unknown> }[] = [];
  const providers: DocumentProvider[] = [];
  const connect = (user: string) => {
    const client = createClient(api, server.url, { token: user });
    clients.push(client);
    return client;
  };
  const edit = (user: string, document = "a document/ä") => {
    const client = connect(user);
    const doc = new Y.Doc();
    const provider = new DocumentProvider(client, document, doc);
    providers.push(provider);
    const errors: unknown[] = [];
    provider.on("error", (error) => errors.push(error));
    return { client, doc, provider, errors };
  };
  const close = async (): Promise<void> => {
    // Awareness looks at its clock until it is destroyed.
    for (const provider of providers) provider.destroy();
    for (const client of clients) await client.close();
    await server.close();
    await realtime.close();
  };
  return { documents, realtime, server, connect, edit, close };
}

/** Resolves when it is so, each time something changes in the documents. */
export async function until(docs: readonly Y.Doc[], isSo: () => boolean): Promise<void> {
  if (isSo()) return;
  await new Promise<void>((resolve) => {
    const check = (): void => {
      if (!isSo()) return;
      for (const doc of docs) doc.off("afterAllTransactions", check);
      resolve();
    };
    for (const doc of docs) doc.on("afterAllTransactions", check);
  });
}

/** Resolves when the server has kept all. */
export async function saved(provider: DocumentProvider): Promise<void> {
  if (!provider.hasUnsavedChanges) return;
  await new Promise<void>((resolve) => {
    const listener = (hasUnsaved: boolean): void => {
      if (hasUnsaved) return;
      provider.off("unsaved", listener);
      resolve();
    };
    provider.on("unsaved", listener);
  });
}
