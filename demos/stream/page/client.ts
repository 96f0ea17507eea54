// The page's client, and who this browser is.
import { type Client, type ClientState, createClient } from "openline/realtime/client";
import type { DefinitionOf } from "openline/realtime/contract";
import { msgpackCodec } from "openline/realtime/msgpack";
import { randomId } from "../../site/page/dom.js";
import { api } from "../shared/contract.js";
import { SOCKET_PATH } from "../shared/limits.js";

/** The page's client. */
export type StreamClient = Client<DefinitionOf<typeof api>>;

const IDENTITY_KEY = "openline-stream";

/** What only this browser knows, and is known by; without storage, for as long as the page is open. */
function ownToken(): string {
  try {
    const token = localStorage.getItem(IDENTITY_KEY) ?? randomId();
    localStorage.setItem(IDENTITY_KEY, token);
    return token;
  } catch {
    return randomId();
  }
}

/** Connects. */
export function connectClient(state: (state: ClientState) => void): StreamClient {
  return createClient(api, SOCKET_PATH, {
    token: ownToken(),
    // Octets travel as they are; in JSON they would be a third longer.
    codecs: [msgpackCodec],
    reconnect: { minDelayMs: 200, maxDelayMs: 5_000 },
    state,
  });
}
