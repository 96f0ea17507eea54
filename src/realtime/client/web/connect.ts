/**
 * Connections by the platform's `WebSocket`, as far as the client needs them: less than `connect` of "openline" is, since
 * what comes is handled at once, and nothing is sent that a WebSocket cannot take.
 */
import { RealtimeError } from "../../wire/errors.js";
import type { ConnectionEnd, ConnectionOptions, RealtimeConnection } from "../connection.js";

// More output than this waits for a peer that reads slowly: better to wait, too.
const highWaterMarkBytes = 64 * 1024;

// WHATWG WebSockets §3.1: "CONNECTING (numeric value 0)", "OPEN (numeric value 1)".
const connecting = 0;
const open = 1;

// Platforms wait for minutes. An opening that takes longer is one that something on the way holds back.
const openTimeoutMs = 10_000;

// A platform tells nobody when there is room again.
const lookAgainMs = 50;

/**
 * Connects once.
 *
 * @throws RealtimeError `connection-lost` when there is no connection, whyever, or the signal is aborted; `url-invalid`
 */
export function connect(url: string | URL, options: ConnectionOptions): Promise<RealtimeConnection> {
  const { protocols, signal } = options;
  const address = addressOf(url);
  return new Promise((resolve, reject) => {
    const webSocket = new WebSocket(address, [...protocols]);
    webSocket.binaryType = "arraybuffer";
    const giveUp = (): void => webSocket.close();
    signal.addEventListener("abort", giveUp);
    setTimeout(() => webSocket.readyState === connecting && giveUp(), openTimeoutMs);
    webSocket.onopen = () => resolve(connectionOver(webSocket, options));
    // It is told of no reason, and of every failure.
    webSocket.onclose = () => reject(new RealtimeError("connection-lost", address));
  });
}

/** In a page it may be relative to that of the page (RFC 6455 §3). */
function addressOf(url: string | URL): string {
  try {
    const page = globalThis.location as Location | undefined;
    return new URL(url, page?.href).href.replace(/^http/, "ws");
  } catch (cause) {
    throw new RealtimeError("url-invalid", String(url), { cause });
  }
}

function connectionOver(webSocket: WebSocket, { message }: ConnectionOptions): RealtimeConnection {
  let initiator: ConnectionEnd["initiator"] = "peer";
  let end: (code: number, reason: string, wasClean: boolean) => void = () => undefined;
  const closed = new Promise<ConnectionEnd>((resolve) => {
    end = (code, reason, wasClean) => {
      webSocket.onmessage = webSocket.onclose = null;
      resolve({ code, reason, wasClean, initiator });
    };
  });
  webSocket.onclose = ({ code, reason, wasClean }) => end(code, reason, wasClean);
  webSocket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
    message(undefined, typeof data === "string" ? data : new Uint8Array(data));
  };
  const hasRoom = (): boolean => webSocket.bufferedAmount <= highWaterMarkBytes;
  return {
    protocol: webSocket.protocol,
    closed,
    send(data) {
      if (webSocket.readyState !== open) return { ok: false, status: "refused" };
      webSocket.send(data as string | Uint8Array<ArrayBuffer>);
      return { ok: true, status: hasRoom() ? "sent" : "buffered" };
    },
    ready: () =>
      new Promise((resolve) => {
        const look = (): void => {
          // Of one that is closing, what waits stays what it is.
          if (hasRoom()) resolve();
          else if (webSocket.readyState === open) setTimeout(look, lookAgainMs);
        };
        look();
      }),
    close(code, reason) {
      initiator = "us";
      webSocket.close(code, reason);
    },
    terminate() {
      initiator = "us";
      // A platform closes it in its own time; nothing of it is waited for.
      webSocket.close();
      end(1006, "", false);
    },
  };
}
