/**
 * Signals on the client's side: at most once (docs/protocol.md, "signal").
 */
import type { RequestOptions } from "./client.js";
import type { SignalEvent, SignalHandle } from "./handles.js";
import type { ChannelFrame } from "./link.js";
import { addLost } from "./lost.js";
import { Subscriber } from "./subscriber.js";

type Event = SignalEvent<unknown>;

/** See the head of this file. */
export class SignalSubscriber extends Subscriber<Event> implements SignalHandle {
  override readonly kind = "signal";

  send(message: unknown): boolean {
    const link = this.context.current;
    if (link === undefined || link.isCongested || link.isOver) return false;
    link.send(["sig", 0, this.channelOn(link), message]);
    return true;
  }

  sendConfirmed(message: unknown, options: RequestOptions = {}): Promise<void> {
    return this.context.operations.run<undefined>({
      ...options,
      frame: (r, link) => ["sig", r, this.channelOn(link), message],
      isResent: false,
    });
  }

  protected override received(frame: ChannelFrame): void {
    if (frame[0] === "s") this.audience.emit({ type: "message", value: frame[2], user: frame[3] });
    else if (frame[0] === "lost") this.audience.emit({ type: "lost", count: frame[2] });
  }

  /** The oldest ones go, and are counted. */
  protected override adder(): (waiting: Event[], event: Event) => void {
    const { maxBufferedEvents } = this.context.limits;
    return (waiting, event) => {
      if (event.type === "lost") addLost(waiting, waiting.length, event.count);
      else waiting.push(event);
      for (;;) {
        // What stands before the oldest is how many have gone already.
        const place = waiting[0]?.type === "lost" ? 1 : 0;
        if (waiting.length - place <= maxBufferedEvents) return;
        const [dropped] = waiting.splice(place, 1);
        addLost(waiting, 0, dropped?.type === "lost" ? dropped.count : 1);
      }
    };
  }
}
