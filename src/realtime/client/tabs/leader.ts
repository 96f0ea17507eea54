/**
 * The tab that has the connection: it passes on what the others send and get, and knows nothing of what that is.
 */
import type { ConnectionEnd } from "../connection.js";
import { type Carried, Carrier } from "./carrier.js";
import {
  type Channel,
  channelOf,
  type LeaderMessage,
  type PublicMessage,
  type TabMessage,
  type TabsPlatform,
  type Unaddressed,
} from "./platform.js";

/** A tab, as the leader knows it. */
interface Seat {
  readonly channel: Channel;
  readonly relays: Map<number, Relay>;
  /** Ends the wait for its end. */
  readonly left: AbortController;
}

// What a connection has ended with that has ended without a word.
const abnormal = { code: 1006, reason: "", wasClean: false } as const;

// A server that refuses a new connection, too, has no room.
const maxCarriers = 2;

/** See the head of this file. */
export class Leader {
  readonly #platform: TabsPlatform;
  readonly #base: string;
  readonly #id: string;
  readonly #channel: Channel;
  readonly #seats = new Map<string, Seat>();
  readonly #carriers = new Set<Carrier>();
  /** The one for new sessions. */
  #carrier: Carrier | undefined;

  /** Begins to lead. */
  constructor(platform: TabsPlatform, base: string, id: string) {
    this.#platform = platform;
    this.#base = base;
    this.#id = id;
    this.#channel = platform.openChannel(base, (message) => this.#asked(message as PublicMessage));
    this.#channel.post({ type: "leader", from: id } satisfies PublicMessage);
  }

  /** Leads no more. */
  resign(): void {
    this.#channel.close();
    for (const { relays } of this.#seats.values()) for (const relay of relays.values()) relay.closed(abnormal);
    for (const carrier of this.#carriers) carrier.terminate();
    for (const { channel, left } of this.#seats.values()) {
      left.abort();
      channel.close();
    }
  }

  #asked(message: PublicMessage): void {
    if (message.type !== "open") return;
    const { tab, n, url, protocols } = message;
    const seat = this.#seats.get(tab) ?? this.#seat(tab);
    const say = (said: Unaddressed<LeaderMessage>): void => seat.channel.post({ ...said, from: this.#id });
    say({ type: "taken", n });
    if (seat.relays.has(n)) return;
    const relay = new Relay(
      n,
      say,
      () => this.#carrierTo(url),
      () => seat.relays.delete(n),
    );
    seat.relays.set(n, relay);
    void relay.open(protocols);
  }

  #seat(tab: string): Seat {
    const name = channelOf(this.#base, tab);
    const left = new AbortController();
    const seat: Seat = {
      channel: this.#platform.openChannel(name, (message) => this.#said(seat, message as TabMessage)),
      relays: new Map(),
      left,
    };
    this.#seats.set(tab, seat);
    // A tab holds this lock as long as it lives.
    this.#platform.locks
      .request(name, { signal: left.signal }, async () => {
        this.#seats.delete(tab);
        seat.channel.close();
        for (const relay of [...seat.relays.values()]) relay.close(1001, "");
        await Promise.resolve();
      })
      .catch(() => undefined);
    return seat;
  }

  #said(seat: Seat, message: TabMessage): void {
    if (message.to !== this.#id) return;
    const relay = seat.relays.get(message.n);
    switch (message.type) {
      case "message":
        relay?.send(message.data);
        break;
      case "ack":
        relay?.taken(message.length);
        break;
      case "close":
        relay?.close(message.code, message.reason);
        break;
      case "cut":
        relay?.close(abnormal.code, "");
        // Whoever gives up an attempt cuts, too, and may be the only one who has trouble.
        relay?.carrier?.probe();
        break;
    }
  }

  #carrierTo(url: string): Carrier {
    if (this.#carrier !== undefined && !this.#carrier.isRefusing) return this.#carrier;
    const carrier = new Carrier(this.#platform, url, () => {
      this.#carriers.delete(carrier);
      if (this.#carrier === carrier) this.#carrier = undefined;
    });
    this.#carriers.add(carrier);
    this.#carrier = carrier;
    return carrier;
  }
}

/** One connection of a tab's, on its way through the leader. */
class Relay implements Carried {
  carrier: Carrier | undefined;
  readonly #n: number;
  readonly #say: (message: Unaddressed<LeaderMessage>) => unknown;
  readonly #carrierFor: () => Carrier;
  readonly #over: () => void;
  #protocols: readonly string[] = [];
  #s: number | undefined;
  #carriers = 0;
  #isOver = false;

  constructor(
    n: number,
    say: (message: Unaddressed<LeaderMessage>) => void,
    carrierFor: () => Carrier,
    over: () => void,
  ) {
    this.#n = n;
    // Nothing is said of one that is over.
    this.#say = (message) => this.#isOver || say(message);
    this.#carrierFor = carrierFor;
    this.#over = over;
  }

  /** Opens a session for it, where there is a connection or can be one. */
  async open(protocols: readonly string[]): Promise<void> {
    this.#protocols = protocols;
    this.#carriers++;
    const carrier = this.#carrierFor();
    this.carrier = carrier;
    carrier.join();
    try {
      await carrier.opened;
    } catch {
      this.closed(abnormal);
      return;
    }
    if (!this.#isOver) this.#s = carrier.open(protocols, this);
  }

  // What the tab says

  send(data: string | Uint8Array): void {
    if (this.#s !== undefined) this.carrier?.send(this.#s, data);
  }

  taken(length: number): void {
    if (this.#s !== undefined) this.carrier?.ack(this.#s, length);
  }

  close(code: number, reason: string): void {
    if (this.#s !== undefined) this.carrier?.close(this.#s, code, reason);
    this.#end();
  }

  // What the server says

  opened(protocol: string): void {
    this.#say({ type: "opened", n: this.#n, protocol });
  }

  refused(): void {
    const refusing = this.carrier;
    if (refusing !== undefined) refusing.isRefusing = true;
    this.#s = undefined;
    if (this.#carriers >= maxCarriers) this.closed(abnormal);
    else {
      void this.open(this.#protocols);
      refusing?.leave();
    }
  }

  message(data: string | Uint8Array): void {
    this.#say({ type: "message", n: this.#n, data });
  }

  ack(length: number): void {
    this.#say({ type: "ack", n: this.#n, length });
  }

  closed({ code, reason, wasClean }: Pick<ConnectionEnd, "code" | "reason" | "wasClean">): void {
    if (this.#isOver) return;
    this.#say({ type: "closed", n: this.#n, code, reason, wasClean });
    this.#end();
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#over();
    this.carrier?.leave();
  }
}
