/**
 * The sessions of HTTP/2 that clients have, by where they lead and how they get there. Whoever wants a stream gets a
 * session with room for it, and those who want one at the same time wait for the same.
 */
import type { Clock } from "../../platform.js";
import { settling } from "../dialing/settling.js";
import { nodeClock } from "../node-platform.js";
import type { ClientSession } from "./client-session.js";
import type { Http2Error } from "./http2-error.js";

/** A connection that speaks HTTP/1.1, for whoever takes it first. */
export interface Leftover<Connection> {
  /** Gives it, once; then undefined. */
  readonly take: () => Connection | undefined;
  /** Cuts it, if nobody has taken it. */
  readonly discard: () => void;
}

/** What going to a server led to. */
export type Arrival<Connection> =
  | { readonly kind: "session"; readonly session: ClientSession }
  | { readonly kind: "none"; readonly reason: Http2Error; readonly leftover: Leftover<Connection> | undefined };

/** Those on their way to one place. */
interface Journey<Connection> {
  readonly arrival: Promise<Arrival<Connection>>;
  readonly controller: AbortController;
  waiting: number;
}

// RFC 8441 has no word on how long a server stays without the setting; it is a matter of its configuration.
const withoutForMs = 600_000;
// Far more places than a client of one application goes to.
const maxPlacesWithout = 256;

/** Node's clock, with timers that nobody waits for: what they end, the end of the process ends as well. */
const idleClock: Clock = {
  now: () => nodeClock.now(),
  setTimer: (callback, delayMs) => {
    const timeout = setTimeout(callback, delayMs).unref();
    return { cancel: () => clearTimeout(timeout) };
  },
};

/** See the head of this file. */
export class SessionPool<Connection> {
  readonly #sessions = new Map<string, Set<ClientSession>>();
  readonly #journeys = new Map<string, Journey<Connection>>();
  /** Places that are known not to take WebSockets over HTTP/2, the oldest first, and until when that is believed. */
  readonly #without = new Map<string, number>();
  /** The time of it all, for sessions, too. */
  readonly clock: Clock;

  /** @param clock whose timers must keep no process alive. Default Node's */
  constructor(clock: Clock = idleClock) {
    this.clock = clock;
  }

  /** Sessions that are kept, for tests. */
  get size(): number {
    return [...this.#sessions.values()].reduce((sum, { size }) => sum + size, 0);
  }

  /** Finds a session that has room for a stream, and keeps it: whoever gets the session has to ask for one. */
  reserve(place: string, except: ReadonlySet<ClientSession>): ClientSession | undefined {
    const sessions = this.#sessions.get(place);
    if (sessions === undefined) return undefined;
    for (const session of sessions) {
      if (!session.isUsable) this.#remove(place, session);
      else if (!except.has(session) && session.reserve()) return session;
    }
    return undefined;
  }

  /**
   * Goes to a place, or waits for those who are on their way there. Where all who wait give up, the journey is given up.
   *
   * @param begin goes there; it has to heed the signal, and to leave nothing open then. Of those who wait together, the
   *   first one's is used
   * @throws what `begin` rejects with, or the signal's reason
   */
  async join(
    place: string,
    begin: (signal: AbortSignal) => Promise<Arrival<Connection>>,
    signal: AbortSignal,
  ): Promise<Arrival<Connection>> {
    signal.throwIfAborted();
    const journey = this.#journeys.get(place) ?? this.#start(place, begin);
    journey.waiting++;
    try {
      return await settling<Arrival<Connection>>(signal, (resolve, reject) => {
        journey.arrival.then(resolve, reject);
        return () => undefined;
      });
    } catch (error) {
      this.#leave(place, journey);
      throw error;
    }
  }

  /** Remembers that a place does not take WebSockets over HTTP/2, for ten minutes. */
  noteWithout(place: string): void {
    this.#without.delete(place);
    this.#without.set(place, this.clock.now() + withoutForMs);
    if (this.#without.size <= maxPlacesWithout) return;
    const [oldest] = this.#without.keys();
    if (oldest !== undefined) this.#without.delete(oldest);
  }

  /** Whether that is remembered of a place. */
  isWithout(place: string): boolean {
    const until = this.#without.get(place);
    if (until === undefined) return false;
    if (this.clock.now() < until) return true;
    this.#without.delete(place);
    return false;
  }

  #start(place: string, begin: (signal: AbortSignal) => Promise<Arrival<Connection>>): Journey<Connection> {
    const controller = new AbortController();
    const arrival = begin(controller.signal).then((found) => {
      if (found.kind === "session") this.#add(place, found.session);
      return found;
    });
    const journey: Journey<Connection> = { arrival, controller, waiting: 0 };
    this.#journeys.set(place, journey);
    const forget = (): void => this.#forget(place, journey);
    arrival.then(forget, forget);
    return journey;
  }

  #leave(place: string, journey: Journey<Connection>): void {
    journey.waiting--;
    if (journey.waiting > 0) return;
    this.#forget(place, journey);
    journey.controller.abort();
    // It may have arrived all the same. A session stays for others, until it has been idle for long enough.
    journey.arrival.then(
      (found) => {
        if (found.kind === "none") found.leftover?.discard();
      },
      () => undefined,
    );
  }

  #forget(place: string, journey: Journey<Connection>): void {
    if (this.#journeys.get(place) === journey) this.#journeys.delete(place);
  }

  #add(place: string, session: ClientSession): void {
    const sessions = this.#sessions.get(place);
    if (sessions === undefined) this.#sessions.set(place, new Set([session]));
    else sessions.add(session);
    session.whenGone(() => this.#remove(place, session));
  }

  #remove(place: string, session: ClientSession): void {
    const sessions = this.#sessions.get(place);
    sessions?.delete(session);
    if (sessions?.size === 0) this.#sessions.delete(place);
  }
}
