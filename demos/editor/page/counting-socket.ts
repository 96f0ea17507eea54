// A WebSocket that counts what goes over it, by the editor that it belongs to. The client takes whatever the page has as its
// `WebSocket`.

/** Octets of messages, without what frames them. */
export interface Traffic {
  sent: number;
  received: number;
}

const traffics = new Map<string, Traffic>();

/** What has gone over the connections of an editor until now. */
export function trafficOf(editor: string): Traffic {
  const traffic = traffics.get(editor) ?? { sent: 0, received: 0 };
  traffics.set(editor, traffic);
  return traffic;
}

function bytesOf(data: unknown): number {
  if (typeof data === "string") return new TextEncoder().encode(data).length;
  if (data instanceof Blob) return data.size;
  return data instanceof ArrayBuffer || ArrayBuffer.isView(data) ? data.byteLength : 0;
}

/** The page's `WebSocket`. Its URL says `?editor=` whose it is. */
export class CountingSocket extends WebSocket {
  readonly #traffic: Traffic;

  constructor(url: string | URL, protocols?: string | string[]) {
    super(url, protocols);
    this.#traffic = trafficOf(new URL(this.url).searchParams.get("editor") ?? "");
    this.addEventListener("message", ({ data }) => {
      this.#traffic.received += bytesOf(data);
    });
  }

  override send(data: Parameters<WebSocket["send"]>[0]): void {
    this.#traffic.sent += bytesOf(data);
    super.send(data);
  }
}
