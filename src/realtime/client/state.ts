/**
 * A state on the client's side: a replica that snapshots and deltas keep up (docs/protocol.md, "state").
 */
import type { ClientFrame, RevisionReply, StateEntry, SubOptions, SubReply } from "../wire/index.js";
import { revisionReply } from "../wire/server-frames.js";
import { mergeEvent } from "./changes.js";
import type { DeleteRequestOptions, SetRequestOptions, StateEvent, StateHandle } from "./handles.js";
import type { ChannelFrame, Link } from "./link.js";
import { Subscriber } from "./subscriber.js";

type Event = StateEvent<unknown>;

/** See the head of this file. */
export class StateSubscriber extends Subscriber<Event> implements StateHandle {
  override readonly kind = "state";
  readonly values: Map<string, unknown> = new Map<string, unknown>();
  position: string | undefined;
  readonly #revisions = new Map<string, string>();
  #epoch: string | undefined;
  /** The snapshot that is coming. */
  #snapshot: Map<string, StateEntry> | undefined;

  revision(key: string): string | undefined {
    return this.#revisions.get(key);
  }

  // Requests

  set(key: string, value: unknown, options: SetRequestOptions = {}): Promise<RevisionReply> {
    return this.#change(options, (r, link) => ["set", r, this.channelOn(link), key, value, { if: options.if }]);
  }

  delete(key: string, options: DeleteRequestOptions = {}): Promise<RevisionReply> {
    return this.#change(options, (r, link) => ["del", r, this.channelOn(link), key, { if: options.if }]);
  }

  #change(
    options: SetRequestOptions,
    frame: (r: number, link: Link | undefined) => ClientFrame,
  ): Promise<RevisionReply> {
    return this.context.operations.run<RevisionReply>({ ...options, frame, check: revisionReply, isResent: false });
  }

  // The subscription

  /** The first event has all that is known. */
  override [Symbol.asyncIterator](): AsyncIterableIterator<Event, undefined> {
    const { position } = this;
    if (position === undefined) return this.audience.iterate();
    return this.audience.iterate({ type: "change", set: new Map(this.values), deleted: new Set(), position });
  }

  protected override subOptions(): SubOptions {
    const { maxUpdatesPerSecond: rate } = this.options;
    this.#snapshot = undefined;
    return {
      since: this.#epoch === undefined || this.position === undefined ? undefined : [this.#epoch, this.position],
      rate,
    };
  }

  protected override accepted({ epoch }: SubReply): string | undefined {
    if (epoch === undefined) return "no epoch";
    // Positions and revisions of another say nothing: a snapshot has to come.
    if (epoch !== this.#epoch) {
      this.position = undefined;
      this.#revisions.clear();
    }
    this.#epoch = epoch;
    return undefined;
  }

  protected override forgotten(): void {
    // What is known stays, and is brought up to date when somebody wants it again.
    this.#snapshot = undefined;
  }

  // Frames

  protected override received(frame: ChannelFrame): void {
    switch (frame[0]) {
      case "snap":
        this.#takeSnapshot(frame[2], frame[3], frame[4]);
        break;
      case "d":
        this.#takeDelta(frame[2], frame[3], frame[4], frame[5] ?? []);
        break;
      default:
      // Of another kind: a server that sends it is wrong, and nothing is lost.
    }
  }

  #takeSnapshot(position: string, entries: readonly StateEntry[], isLast: boolean): void {
    const snapshot = (this.#snapshot ??= new Map<string, StateEntry>());
    for (const entry of entries) snapshot.set(entry[0], entry);
    if (!isLast) return;
    this.#snapshot = undefined;
    const changed = [...snapshot.values()].filter(([key, , revision]) => this.#revisions.get(key) !== revision);
    const gone = [...this.values.keys()].filter((key) => !snapshot.has(key));
    this.#apply(position, changed, gone);
  }

  #takeDelta(position: string, previous: string, entries: readonly StateEntry[], deleted: readonly string[]): void {
    if (this.#snapshot === undefined && position === this.position) return;
    if (this.#snapshot !== undefined || previous !== this.position) {
      this.hole();
      return;
    }
    this.#apply(position, entries, deleted);
  }

  #apply(position: string, entries: readonly StateEntry[], deleted: readonly string[]): void {
    const set = new Map<string, unknown>();
    const gone = new Set<string>();
    for (const key of deleted) {
      this.#revisions.delete(key);
      if (this.values.delete(key)) gone.add(key);
    }
    for (const [key, value, revision] of entries) {
      this.#revisions.set(key, revision);
      this.values.set(key, value);
      set.set(key, value);
      gone.delete(key);
    }
    this.position = position;
    this.progressed();
    this.audience.emit({ type: "change", set, deleted: gone, position });
  }

  protected override adder(): (waiting: Event[], event: Event) => void {
    // A slow loop gets the newest of each key.
    return (waiting, event) => mergeEvent(waiting, event, "set", "deleted");
  }
}
