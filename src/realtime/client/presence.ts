/**
 * Who is in a channel, as far as the server tells.
 */

import { RealtimeError } from "../wire/errors.js";
import type { PresenceEntry } from "../wire/index.js";
import { Audience, type AudienceOptions } from "./audience.js";
import { mergeEvent } from "./changes.js";
import type { Presence, PresenceEvent, PresentUser } from "./handles.js";
import type { ChannelFrame } from "./link.js";
import { quietly } from "./quietly.js";
import type { Place } from "./subscriber.js";

/** The frames of presence. */
type PresenceFrame = Extract<ChannelFrame, readonly ["who" | "came" | "left", ...unknown[]]>;

/** What one shows of oneself, and who waits until the server knows. */
interface Shown {
  readonly state: unknown;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** What becomes of it. */
interface PresenceOptions extends Omit<AudienceOptions<PresenceEvent>, "adder"> {
  /** There is something to show, as soon as the channel is subscribed. */
  readonly shown: () => void;
}

/** See the head of this file. */
export class PresenceView implements Presence {
  readonly users: Map<string, PresentUser> = new Map<string, PresentUser>();
  count = 0;
  isSample = false;
  readonly #audience: Audience<PresenceEvent>;
  readonly #keep: () => void;
  readonly #place: () => Place | undefined;
  #shown: Shown | undefined;

  /** @param place where the channel is subscribed, if it is */
  constructor(options: PresenceOptions, place: () => Place | undefined) {
    // A slow loop gets what has changed since it took the last one.
    const add = (waiting: PresenceEvent[], event: PresenceEvent): void => mergeEvent(waiting, event, "came", "left");
    this.#audience = new Audience({ ...options, adder: () => add });
    this.#keep = options.shown;
    this.#place = place;
  }

  get isEmpty(): boolean {
    return this.#audience.isEmpty;
  }

  listen(listener: (event: PresenceEvent) => unknown): () => void {
    return this.#audience.listen(listener);
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<PresenceEvent, undefined> {
    return this.#audience.iterate();
  }

  show(state: unknown): Promise<void> {
    return quietly(
      new Promise((resolve, reject) => {
        // What was shown before is of no interest any more.
        this.#shown?.resolve();
        this.#shown = { state, resolve, reject };
        this.#keep();
        this.accepted();
      }),
    );
  }

  /** The channel is subscribed: the server has to know what one shows. */
  accepted(): void {
    const place = this.#place();
    const shown = this.#shown;
    if (place === undefined || shown === undefined) return;
    const err = (error: unknown): void => {
      shown.reject(error);
      if (this.#shown === shown) this.#shown = undefined;
    };
    try {
      place.link.request((r) => ["pres", r, place.n, shown.state], { ok: shown.resolve, err });
    } catch (error) {
      err(error);
    }
  }

  received(frame: PresenceFrame): void {
    const came = new Map<string, PresentUser>();
    const left = new Set<string>();
    switch (frame[0]) {
      case "who":
        for (const user of this.users.keys()) left.add(user);
        this.users.clear();
        this.isSample = frame[2].isSample;
        this.#takeIn(frame[2].users, came);
        for (const user of came.keys()) left.delete(user);
        break;
      case "came":
        this.#takeIn(frame[2], came);
        break;
      case "left":
        for (const user of frame[2]) if (this.users.delete(user)) left.add(user);
        break;
    }
    this.count = frame[0] === "who" ? frame[2].count : frame[3];
    this.#audience.emit({ type: "presence", came, left, count: this.count });
  }

  #takeIn(entries: readonly PresenceEntry[], came: Map<string, PresentUser>): void {
    for (const [user, state, connections] of entries) {
      const present: PresentUser = { state, connections };
      this.users.set(user, present);
      came.set(user, present);
    }
  }

  /** Nobody wants the channel any more. */
  forgotten(): void {
    const shown = this.#shown;
    this.#shown = undefined;
    shown?.reject(new RealtimeError("cancelled"));
    this.users.clear();
    this.count = 0;
    this.isSample = false;
  }

  end(reason?: { readonly error?: unknown }): void {
    this.#audience.end(reason);
  }
}
