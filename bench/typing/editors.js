/**
 * Editors: a document of Yjs with a server's own provider, as a page has them.
 *
 * @typedef {object} Editor
 * @property {import("yjs").Doc} doc
 * @property {import("y-protocols/awareness").Awareness} awareness
 * @property {() => boolean} isSynced whether what the server had is there
 *
 * @typedef {object} Editors
 * @property {typeof import("yjs")} Y the instance of Yjs that their documents are of
 * @property {(port: number) => Editor} open
 */
import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";

const host = "127.0.0.1";
const name = "typing";

/** @returns {Promise<Editors>} */
async function openline() {
  const { createClient } = await import("openline/realtime/client");
  const { contract } = await import("openline/realtime");
  const { msgpackCodec } = await import("openline/realtime/msgpack");
  const { documentCalls, documentChannels } = await import("openline/yjs/contract");
  const { DocumentProvider } = await import("openline/yjs");
  // The one that openline finds: two instances of Yjs do not know each other's documents.
  const Y = await import(new URL("../../node_modules/yjs/dist/yjs.mjs", import.meta.url).href);
  const api = contract({ channels: { ...documentChannels }, calls: { ...documentCalls } });
  return {
    Y,
    open(port) {
      // Somebody each: what one may ask for in a second is counted by user.
      const options = { token: randomUUID(), codecs: [msgpackCodec], perMessageDeflate: false };
      const client = createClient(api, `ws://${host}:${port}`, options);
      const doc = new Y.Doc();
      const provider = new DocumentProvider(client, name, doc);
      return { doc, awareness: provider.awareness, isSynced: () => provider.synced };
    },
  };
}

/** @returns {Promise<Editors>} */
async function yWebsocket() {
  const { WebSocket } = await import("ws");
  const { WebsocketProvider } = await import("y-websocket");
  const Y = await import("yjs");
  return {
    Y,
    open(port) {
      const doc = new Y.Doc();
      // Between tabs of one browser it would not ask the server at all.
      const options = { WebSocketPolyfill: WebSocket, disableBc: true };
      const provider = new WebsocketProvider(`ws://${host}:${port}`, name, doc, options);
      return { doc, awareness: provider.awareness, isSynced: () => provider.synced };
    },
  };
}

/** @type {Readonly<Record<string, () => Promise<Editors>>>} */
export const editors = { openline, "y-websocket": yWebsocket };

/** @param {readonly Editor[]} open */
export async function untilSynced(open) {
  while (!open.every(({ isSynced }) => isSynced())) await wait(10);
}
