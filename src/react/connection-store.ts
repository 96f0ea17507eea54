/**
 * The state of a client's connection.
 */
import type { BaseClient, ClientState } from "../realtime/client/index.js";
import { Store } from "./store.js";

/** What `useConnection` returns. */
export interface ConnectionView {
  /** Where the client is in its life; undefined while there is no client. */
  readonly state: ClientState | undefined;
  /** Whether there is a connection. */
  readonly isOpen: boolean;
  /** Ends a wait: the next attempt begins now. */
  readonly reconnectNow: () => void;
}

/** See the head of this file. It follows the client until that is closed. */
export class ConnectionStore extends Store<ConnectionView> {
  readonly #client: BaseClient | undefined;
  readonly #followers = new Set<() => void>();
  #hasBegun = false;

  constructor(client: BaseClient | undefined) {
    super();
    this.#client = client;
  }

  readonly #reconnectNow = (): void => this.#client?.reconnectNow();

  /** As it is at this moment, whatever components show. */
  get isOpen(): boolean {
    return this.#client?.state.name === "open";
  }

  protected override make(): ConnectionView {
    return { state: this.#client?.state, isOpen: this.isOpen, reconnectNow: this.#reconnectNow };
  }

  protected override makeInitial(): ConnectionView {
    return { state: undefined, isOpen: false, reconnectNow: this.#reconnectNow };
  }

  /** Calls `follower` when the state has changed, before components are told. */
  follow(follower: () => void): () => void {
    this.#begin();
    this.#followers.add(follower);
    return () => void this.#followers.delete(follower);
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#begin();
    return this.listen(listener);
  };

  #begin(): void {
    if (this.#hasBegun || this.#client === undefined) return;
    this.#hasBegun = true;
    void this.#run(this.#client);
  }

  async #run(client: BaseClient): Promise<void> {
    for await (const _state of client.states()) {
      this.changed();
      for (const follower of this.#followers) follower();
    }
  }
}
