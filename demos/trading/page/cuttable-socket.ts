// A WebSocket that can be cut at the worst moment: when a request has left and its answer has not come. The client takes
// whatever the page has as its `WebSocket`.

interface Watched {
  sends: number;
  /** Whether the connection is still to be cut. */
  isToBeCut: boolean;
}

/** By the text that is looked for in what is sent. */
const watched = new Map<string, Watched>();

/** The page's `WebSocket`, which counts and cuts as it was asked. */
export class CuttableSocket extends WebSocket {
  override send(data: Parameters<WebSocket["send"]>[0]): void {
    super.send(data);
    if (typeof data !== "string") return;
    for (const [text, watch] of watched) {
      const times = data.split(text).length - 1;
      watch.sends += times;
      if (times === 0 || !watch.isToBeCut) continue;
      watch.isToBeCut = false;
      // From here on nothing that comes is handed on: an answer is lost (WHATWG WebSockets §4, "message received").
      this.close();
    }
  }
}

/**
 * Watches for a text in what is sent.
 * @param isToBeCut Whether to cut the connection when it has been sent for the first time.
 * @returns How often it was sent until now.
 */
export function watchSending(text: string, isToBeCut: boolean): () => number {
  const watch: Watched = { sends: 0, isToBeCut };
  watched.set(text, watch);
  return () => watch.sends;
}

/** Looks for it no more. */
export function stopWatching(text: string): void {
  watched.delete(text);
}
