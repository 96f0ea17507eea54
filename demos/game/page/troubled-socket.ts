// A WebSocket that behaves as one over a worse network, in both directions, and counts what comes. The client takes whatever
// the page has as its `WebSocket`, so that everything goes through it: commands, updates, pings.
import { NO_TROUBLE, type Trouble, TroubledWay } from "../shared/trouble.js";

/** How bad the network is. Changing it changes what is sent from then on. */
export const network: { trouble: Trouble; octetsIn: number } = { trouble: NO_TROUBLE, octetsIn: 0 };

/** The page's `WebSocket`, see the head of this file. */
export class TroubledSocket extends WebSocket {
  readonly #out = new TroubledWay(Math.random);
  readonly #in = new TroubledWay(Math.random);
  /** What is held back of each way, the oldest first: a browser's timers of nearly the same time need not keep its order. */
  readonly #heldOut: (() => void)[] = [];
  readonly #heldIn: (() => void)[] = [];
  /** Messages that have been held back, and are handed on now. */
  readonly #late = new WeakSet<Event>();

  constructor(url: string | URL, protocols?: string | string[]) {
    super(url, protocols);
    // The first to listen, so that nobody hears of what is held back.
    this.addEventListener("message", (event: MessageEvent<string | ArrayBuffer>) => {
      if (this.#late.has(event)) return;
      const { data } = event;
      const length = typeof data === "string" ? data.length : data.byteLength;
      // A frame has two octets before so few, and four before more (RFC 6455 §5.2).
      network.octetsIn += length + (length < 126 ? 2 : 4);
      const waitMs = this.#waitMs(this.#in);
      if (waitMs === undefined) return;
      event.stopImmediatePropagation();
      this.#heldIn.push(() => {
        const late = new MessageEvent("message", { data });
        this.#late.add(late);
        this.dispatchEvent(late);
      });
      this.#handOnLater(this.#heldIn, waitMs);
    });
  }

  override send(data: Parameters<WebSocket["send"]>[0]): void {
    const waitMs = this.#waitMs(this.#out);
    if (waitMs === undefined) {
      super.send(data);
      return;
    }
    this.#heldOut.push(() => super.send(data));
    this.#handOnLater(this.#heldOut, waitMs);
  }

  /** Whichever timer comes first hands on what was held back first, so that nothing overtakes. */
  #handOnLater(held: (() => void)[], waitMs: number): void {
    setTimeout(() => {
      const handOn = held.shift();
      if (this.readyState === WebSocket.OPEN) handOn?.();
    }, waitMs);
  }

  /** Undefined: at once. */
  #waitMs(way: TroubledWay): number | undefined {
    const nowMs = Math.ceil(performance.now());
    if (network.trouble === NO_TROUBLE && !way.isBusy(nowMs)) return undefined;
    return Math.ceil(way.arrivalMs(nowMs, network.trouble) - nowMs);
  }
}
