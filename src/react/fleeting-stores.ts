/**
 * Signals and media as components show them: what is not kept goes to a handler, or replaces what was before.
 */
import type {
  ChannelOptions,
  MediaEvent,
  RequestOptions,
  SignalEvent,
  SignalHandle,
} from "../realtime/client/index.js";
import { ChannelStore, type ChannelView, type StoreContext } from "./channel-store.js";
import { quiet } from "./state-store.js";

/** What `useChannel` returns for signals. */
export interface SignalView<Received = unknown, Sent = Received> extends ChannelView {
  readonly kind: "signal";
  /** The last one that came. With `onEvent` it stays undefined, and nothing is rendered for a signal. */
  readonly latest: { readonly value: Received; readonly user: string | undefined } | undefined;
  /** How many were dropped; it counts without `onEvent`. */
  readonly lost: number;
  /** Sends one, if there is a connection with room. @returns whether it was sent */
  readonly send: (message: Sent) => boolean;
  /** Sends one, and waits until the server has it. Nobody has to handle a rejection. */
  readonly sendConfirmed: (message: Sent, options?: RequestOptions) => Promise<void>;
}

/** What `useChannel` returns for media, whose frames go to `onEvent`. */
export interface MediaView extends ChannelView {
  readonly kind: "media";
  /** Frames that were dropped. */
  readonly lost: number;
}

/** A channel of which nothing is kept. */
abstract class FleetingStore<Event, View extends ChannelView> extends ChannelStore<Event, View> {
  protected override options(): ChannelOptions {
    return {};
  }

  protected override connectionChanged(isOpen: boolean): void {
    // There is nothing to wait for.
    if (isOpen) this.live();
  }
}

/** Signals. */
export class SignalStore extends FleetingStore<SignalEvent<unknown>, SignalView> {
  #latest: SignalView["latest"];
  #lost = 0;

  constructor(context: StoreContext, name: string) {
    super(context, name, "signal");
  }

  protected override make(): SignalView {
    return {
      ...this.view,
      kind: "signal",
      latest: this.#latest,
      lost: this.#lost,
      send: this.#send,
      sendConfirmed: this.#sendConfirmed,
    };
  }

  protected override received(event: SignalEvent<unknown>): void {
    if (!this.wants.some(({ isShown }) => isShown === true)) return;
    this.changed();
    if (event.type === "message") this.#latest = { value: event.value, user: event.user };
    else this.#lost += event.count;
  }

  protected override forgotten(): void {
    this.changed();
    this.#latest = undefined;
    this.#lost = 0;
  }

  get #handle(): SignalHandle | undefined {
    return this.context.open(this.name, "signal") as SignalHandle | undefined;
  }

  readonly #send = (message: unknown): boolean => this.#handle?.send(message) ?? false;

  readonly #sendConfirmed = (message: unknown, options?: RequestOptions): Promise<void> =>
    quiet(this.#handle?.sendConfirmed(message, options));
}

/** Media. */
export class MediaStore extends FleetingStore<MediaEvent, MediaView> {
  #lost = 0;

  constructor(context: StoreContext, name: string) {
    super(context, name, "media");
  }

  protected override make(): MediaView {
    return { ...this.view, kind: "media", lost: this.#lost };
  }

  protected override received(event: MediaEvent): void {
    if (event.type !== "lost") return;
    this.changed();
    this.#lost += event.count;
  }

  protected override forgotten(): void {
    this.changed();
    this.#lost = 0;
  }
}
