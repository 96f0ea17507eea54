/**
 * Opening a connection without a WebSocket (docs/protocol.md, "Without WebSockets").
 */
import type { Clock } from "../../../transport/index.js";
import { connectionHeader, protocolHeader, sequenceHeader } from "../../wire/fallback.js";
import type { ConnectionOptions } from "../connection.js";
import { EventConnection, type Opened } from "./event-connection.js";
import { type ServerEvent, serverEvents } from "./server-events.js";

const subprotocol = "openline.v1.json";

// A proxy that gathers what it should hand on would hold the first event back for ever.
const firstEventMs = 10_000;

/** What else the platform's client may be told, which requests can carry. */
interface MoreOptions {
  readonly headers?: HeadersInit;
}

/**
 * Connects once.
 *
 * @throws Error that says why there is no connection
 */
export async function connectByEvents(
  url: string | URL,
  options: ConnectionOptions & MoreOptions,
  clock: Clock,
): Promise<EventConnection> {
  const { protocols, signal, message } = options;
  if (!protocols.includes(subprotocol)) throw new Error(`only ${subprotocol} goes without a WebSocket`);
  const abort = new AbortController();
  const giveUp = (): void => abort.abort();
  signal.addEventListener("abort", giveUp);
  const timer = clock.setTimer(giveUp, firstEventMs);
  try {
    const page = globalThis.location as Location | undefined;
    const address = new URL(url, page?.href).href.replace(/^ws/, "http");
    const headers = new Headers(options.headers);
    headers.set(protocolHeader, subprotocol);
    headers.set("accept", "text/event-stream");
    // As a WebSocket's handshake, with cookies, to wherever it is.
    const shared: RequestInit = { credentials: "include", cache: "no-store" };
    const response = await fetch(address, { ...shared, headers, signal: abort.signal });
    if (!response.ok || response.body === null) throw new Error(`HTTP status ${response.status}`);
    const events = serverEvents(response.body);
    const first = await events.next();
    const opened = first.done === true ? undefined : openedBy(first.value);
    if (opened === undefined) throw new Error("no event that opens a connection");
    headers.set(connectionHeader, opened.id);
    headers.set("content-type", "application/json");
    const request = async (init: RequestInit, sequence = 0): Promise<Response> => {
      headers.set(sequenceHeader, String(sequence));
      return await fetch(address, { ...shared, headers, ...init });
    };
    const connection = new EventConnection({ opened, events, request, abort, message, clock });
    signal.removeEventListener("abort", giveUp);
    signal.addEventListener("abort", () => connection.terminate());
    return connection;
  } catch (error) {
    abort.abort();
    throw error;
  } finally {
    timer.cancel();
  }
}

/** What the first event says; undefined where it is none. */
function openedBy({ type, data }: ServerEvent): Opened | undefined {
  if (type !== "open") return undefined;
  const { id, protocol, pingMs, maxMessageBytes } = JSON.parse(data) as Partial<Opened>;
  const isRight =
    typeof id === "string" && protocol === subprotocol && Number(pingMs) >= 1000 && Number(maxMessageBytes) >= 1;
  return isRight ? { id, protocol, pingMs: Number(pingMs), maxMessageBytes: Number(maxMessageBytes) } : undefined;
}
