/**
 * Who is in a channel, for all components that show it.
 */
import type { Handle, Presence, PresentUser } from "../realtime/client/index.js";
import { Store } from "./store.js";

/** What `usePresence` returns. */
export interface PresenceView {
  /** The users that are known. A new map with each change. */
  readonly users: ReadonlyMap<string, PresentUser>;
  /** Users in all. */
  readonly count: number;
  /** Whether `users` are only some of them, as in large rooms. */
  readonly isSample: boolean;
  /** Whether the server has told who is there. */
  readonly isKnown: boolean;
  /**
   * Sets what one shows of oneself, `null` for nothing, while a component shows the presence. Resolves when the server has it.
   *
   * @throws RealtimeError what the server answered; `cancelled`. Nobody has to handle it
   */
  readonly show: (state: unknown) => Promise<void>;
}

interface Shown {
  readonly state: unknown;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** See the head of this file. */
export class PresenceStore extends Store<PresenceView> {
  readonly #want: () => () => void;
  #presence: Presence | undefined;
  #isKnown = false;
  #shown: Shown | undefined;

  /** @param want tells the channel that somebody wants to know; returns what ends that */
  constructor(want: () => () => void) {
    super();
    this.#want = want;
  }

  protected override make(): PresenceView {
    const { count = 0, isSample = false } = this.#presence ?? {};
    const users = new Map(this.#presence?.users);
    return { users, count, isSample, isKnown: this.#isKnown, show: this.#show };
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    const stop = this.listen(listener);
    const leave = this.#want();
    return () => {
      stop();
      leave();
    };
  };

  readonly #show = (state: unknown): Promise<void> => {
    const shown = new Promise<void>((resolve, reject) => {
      this.#shown?.resolve();
      this.#shown = { state, resolve, reject };
      this.#tell();
    });
    shown.catch(() => undefined);
    return shown;
  };

  #tell(): void {
    const shown = this.#shown;
    if (shown === undefined) return;
    this.#presence?.show(shown.state).then(shown.resolve, shown.reject);
  }

  /** The channel is subscribed with presence. @returns what ends that */
  begin({ presence }: Handle<unknown>): (() => void)[] {
    const stop = presence.listen(() => {
      this.changed();
      this.#presence = presence;
      this.#isKnown = true;
    });
    this.#presence = presence;
    this.#tell();
    return [stop];
  }

  /** Nobody wants to know any more. */
  forgotten(): void {
    this.changed();
    this.#presence = undefined;
    this.#isKnown = false;
    this.#shown?.reject(new Error("nobody shows the presence any more"));
    this.#shown = undefined;
  }
}
