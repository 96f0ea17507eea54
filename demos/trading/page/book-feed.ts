// The book that is shown: follows its channel, at the pace that this browser asks for, and checks each update.
import type { Client } from "openline/realtime/client";
import type { DefinitionOf } from "openline/realtime/contract";
import { type BookView, isAsMarked, viewBook } from "../shared/book-view.js";
import { bookChecksum } from "../shared/checksum.js";
import { type api, MARK_KEY } from "../shared/contract.js";
import { type Instrument, stepsOf } from "../shared/instrument.js";

/** The page's client. */
export type TradingClient = Client<DefinitionOf<typeof api>>;

/** How fast this browser is. */
export interface Pace {
  /** Milliseconds that it works on each update. */
  readonly workMs: number;
  /** Updates a second that it asks for at most. */
  readonly updatesPerSecond: number;
}

/** What came of an update. */
export interface BookUpdate {
  readonly view: BookView;
  /** Levels that it brought. */
  readonly levels: number;
  /** Milliseconds since the book changed so, by the server's clock; undefined where that cannot be told. */
  readonly latencyMs: number | undefined;
  /** Whether its checksum is the server's; undefined where there is none. */
  readonly isRight: boolean | undefined;
}

/** How often the server is asked for the checksum. */
const ASK_INTERVAL_MS = 1_000;

/** See the head of this file. */
export class BookFeed {
  readonly #client: TradingClient;
  readonly #updated: (update: BookUpdate) => void;
  readonly #asked: (isRight: boolean, roundTripMs: number) => void;
  #instrument: Instrument | undefined;
  #pace: Pace;
  #view: BookView | undefined;
  #stop: () => void = () => undefined;

  /**
   * @param updated Hears of each update.
   * @param asked Hears whether the server, asked for its checksum of what was shown, said the same, and how long it took.
   */
  constructor(
    client: TradingClient,
    pace: Pace,
    updated: (update: BookUpdate) => void,
    asked: (isRight: boolean, roundTripMs: number) => void,
  ) {
    this.#client = client;
    this.#pace = pace;
    this.#updated = updated;
    this.#asked = asked;
    setInterval(() => void this.#ask(), ASK_INTERVAL_MS);
  }

  /** Follows another book. */
  follow(instrument: Instrument): void {
    this.#instrument = instrument;
    this.#view = undefined;
    this.#subscribe();
  }

  /** Becomes slower, or faster. */
  set pace(pace: Pace) {
    this.#pace = pace;
    if (this.#instrument !== undefined) this.#subscribe();
  }

  #subscribe(): void {
    this.#stop();
    const instrument = this.#instrument;
    if (instrument === undefined) return;
    const { decimals } = stepsOf(instrument).price;
    const { workMs, updatesPerSecond } = this.#pace;
    const channel = this.#client.channel(`book/${instrument.symbol}`, { maxUpdatesPerSecond: updatesPerSecond });
    // The first update has what was before, so that its age says nothing.
    let isFirst = true;
    this.#stop = channel.listen(({ set, deleted }) => {
      work(workMs);
      const view = viewBook(channel.values, decimals);
      const serverMs = this.#client.serverTimeMs();
      const latencyMs =
        isFirst || view.mark === undefined || serverMs === undefined ? undefined : serverMs - view.mark.timeMs;
      isFirst = false;
      this.#view = view;
      const levels = set.size + deleted.size - (set.has(MARK_KEY) ? 1 : 0);
      this.#updated({ view, levels, latencyMs, isRight: isAsMarked(view) });
    });
  }

  /** Asks the server what its book was when it was as it is shown here. */
  async #ask(): Promise<void> {
    const { symbol } = this.#instrument ?? {};
    const view = this.#view;
    if (symbol === undefined || view?.mark === undefined || this.#client.state.name !== "open") return;
    const { revision } = view.mark;
    try {
      const begunMs = performance.now();
      const { checksum: theirs } = await this.#client.call("checksum", { symbol, revision }, { timeoutMs: 5_000 });
      const roundTripMs = performance.now() - begunMs;
      // A server that has been started anew, or long ago, does not know.
      if (theirs !== null) this.#asked(theirs === bookChecksum(view.bids, view.asks), roundTripMs);
    } catch {
      // There was no connection for it; the next one will do.
    }
  }
}

/** Keeps this browser busy: nothing else happens in the page meanwhile. */
function work(durationMs: number): void {
  const endMs = performance.now() + durationMs;
  while (performance.now() < endMs);
}
