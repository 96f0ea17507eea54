/**
 * A server with documents on a port of its own, and editors.
 */
import { after } from "node:test";
import * as Y from "yjs";
import { serve } from "#src/index.js";
import { createClient } from "#src/realtime/client/node/index.js";
import type { Engine } from "#src/realtime/engines/index.js";
import { contract, createRealtime } from "#src/realtime/index.js";
import { DocumentProvider, type ProviderEvents } from "#src/yjs/client/index.js";
import { createDocuments, type DocumentsOptions, documentCalls, documentChannels } from "#src/yjs/server/index.js";
import { TcpProxy } from "../realtime/engines/proxy.js";

const api = contract({ channels: { ...documentChannels }, calls: { ...documentCalls } });

/** Who comes back does so at once. */
const reconnect = { minDelayMs: 1, maxDelayMs: 20 };

/** Ends worlds whose tests have failed before their end: nothing else would end the process. */
const unclosed = new Set<() => Promise<void>>();
after(async () => {
  for (const close of unclosed) await close();
});

/** An editor's way to the server, wherever that is. */
class Way {
  #proxy: TcpProxy | undefined;
  #isCut = false;

  get url(): string {
    return this.#proxy?.url("ws") ?? "";
  }

  get isCut(): boolean {
    return this.#isCut;
  }

  async start(server: string): Promise<void> {
    await this.#proxy?.dispose();
    this.#proxy = await TcpProxy.start(Number(new URL(server).port));
    if (this.#isCut) this.#proxy.cut();
  }

  cut(): void {
    this.#isCut = true;
    this.#proxy?.cut();
  }

  mend(): void {
    this.#isCut = false;
    this.#proxy?.mend();
  }

  async end(): Promise<void> {
    await this.#proxy?.dispose();
  }
}

/** A server as it is between two restarts. */
async function startServer(options: DocumentsOptions<undefined>, engine: Engine | undefined, errors: unknown[]) {
  const documents = createDocuments(options);
  const others = {
    authenticate: ({ token }: { readonly token?: unknown }) => ({ user: String(token) }),
    error: (error: unknown) => void errors.push(error),
    ...(engine !== undefined && { engine }),
  };
  const realtime = createRealtime(api, documents.options(api, others));
  const server = await serve({ port: 0, host: "127.0.0.1", ...realtime.handlers });
  await realtime.ready;
  // Asked for now: a server that has ended has none.
  return { documents, realtime, server, url: server.url };
}

/** Starts it. Everybody is who the token says. */
export async function startDocuments(options: DocumentsOptions<undefined> = {}, engine?: Engine) {
  /** What the server could not do. */
  const errors: unknown[] = [];
  let running = await startServer(options, engine, errors);
  const clients: { close(): Promise<unknown> }[] = [];
  const providers: DocumentProvider[] = [];
  const ways: Way[] = [];
  const connect = (user: string, url: () => string = () => running.url) => {
    const client = createClient(api, url, { token: user, reconnect });
    clients.push(client);
    return client;
  };
  const edit = (user: string, document = "a document/ä", url?: () => string) => {
    const client = connect(user, url);
    const doc = new Y.Doc();
    const provider = new DocumentProvider(client, document, doc);
    providers.push(provider);
    const refused: unknown[] = [];
    provider.on("error", (error) => refused.push(error));
    return { client, doc, provider, errors: refused, text: doc.getText("text") };
  };
  /** An editor whose way to the server can be cut. */
  const editByProxy = async (user: string, document?: string) => {
    const proxy = new Way();
    await proxy.start(running.url);
    ways.push(proxy);
    return { ...edit(user, document, () => proxy.url), proxy };
  };
  const stop = async (): Promise<void> => {
    await running.server.close();
    await running.realtime.close();
  };
  let isStopped = false;
  const close = async (): Promise<void> => {
    unclosed.delete(close);
    // Awareness looks at its clock until it is destroyed.
    for (const provider of providers) provider.destroy();
    for (const client of clients) await client.close();
    for (const way of ways) await way.end();
    if (!isStopped) await stop();
  };
  unclosed.add(close);
  return {
    ...{ connect, edit, editByProxy, errors, close },
    /** Ends the server in order, for good. */
    stop: async () => {
      isStopped = true;
      await stop();
    },
    get documents() {
      return running.documents;
    },
    get realtime() {
      return running.realtime;
    },
    get url() {
      return running.url;
    },
    /** Ends the server in order, and starts another one with what is kept. */
    restart: async () => {
      await stop();
      running = await startServer(options, engine, errors);
      for (const way of ways) await way.start(running.url);
    },
  };
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

/** Resolves when a text is what it should be. */
export async function reads(text: Y.Text, wanted: string): Promise<void> {
  if (text.doc !== null) await until([text.doc], () => text.toJSON() === wanted);
}

/** Resolves when it is so, each time somebody shows something else. */
export async function untilShown({ awareness }: DocumentProvider, isSo: (clients: number[]) => boolean): Promise<void> {
  const isNow = (): boolean => isSo([...(awareness?.getStates().keys() ?? [])]);
  if (isNow()) return;
  await new Promise<void>((resolve) => {
    const check = (): void => {
      if (!isNow()) return;
      awareness?.off("change", check);
      resolve();
    };
    awareness?.on("change", check);
  });
}

/** Resolves when the provider says that one may do this. */
export async function access(provider: DocumentProvider, wanted: "read" | "write"): Promise<void> {
  while (provider.access !== wanted) await next(provider, "access");
}

/** Resolves when the provider tells something next. */
export function next<Name extends keyof ProviderEvents>(
  provider: DocumentProvider,
  name: Name,
): Promise<ProviderEvents[Name][0]> {
  return new Promise((resolve) => {
    const listener = (...[given]: ProviderEvents[Name]): void => {
      provider.off(name, listener);
      resolve(given);
    };
    provider.on(name, listener);
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
