/**
 * Media on the client's side: groups that begin with a key frame; who is slow goes on with the next one
 * (docs/protocol.md, "media").
 */
import type { SubOptions } from "../wire/index.js";
import type { MediaEvent, MediaFrameToSend, MediaHandle } from "./handles.js";
import type { ChannelFrame, Link } from "./link.js";
import { addLost } from "./lost.js";
import { quietly } from "./quietly.js";
import { Subscriber } from "./subscriber.js";

type Frame = Extract<MediaEvent, { readonly type: "frame" }>;

// A second of video: a server that answers no faster than that has no room.
const maxUnanswered = 64;

/** See the head of this file. */
export class MediaSubscriber extends Subscriber<MediaEvent> implements MediaHandle {
  override readonly kind = "media";
  /** The frame that came last; undefined: the next one has to be a key frame. */
  #last: { readonly group: number; readonly index: number } | undefined;
  dropped = 0;
  /** Where the group is published that goes on; undefined: a key frame has to come. */
  #out: Link | undefined;
  #group = 0;
  #index = 0;
  #unanswered = 0;

  get needsKey(): boolean {
    return this.#out === undefined || this.#out !== this.context.current;
  }

  send({ data, isKey, timeMs }: MediaFrameToSend): Promise<"sent" | "dropped"> {
    const { current: link, operations } = this.context;
    const hasRoom = link !== undefined && !link.isCongested && !link.isOver && this.#unanswered < maxUnanswered;
    if (!hasRoom || (!isKey && this.needsKey)) {
      this.#out = undefined;
      this.dropped++;
      return Promise.resolve("dropped");
    }
    if (isKey) {
      this.#out = link;
      this.#group = ++this.context.groups;
      this.#index = 0;
    }
    const group = this.#group;
    const index = this.#index++;
    this.#unanswered++;
    const sending = operations.run({
      frame: (r, on) => ["pubg", r, this.channelOn(on), group, index, data, timeMs],
      ...{ bytes: data.length, isResent: false },
    });
    return quietly(
      sending.then(
        () => {
          this.#unanswered--;
          return "sent" as const;
        },
        (error: unknown) => {
          this.#unanswered--;
          // Of its group, nothing can be shown behind it.
          if (group === this.#group) this.#out = undefined;
          throw error;
        },
      ),
    );
  }

  protected override subOptions(): SubOptions {
    // Whatever was there before, a key frame comes first.
    this.#last = undefined;
    return {};
  }

  protected override received(frame: ChannelFrame): void {
    if (frame[0] === "lost") {
      this.#last = undefined;
      this.audience.emit({ type: "lost", count: frame[2] });
      return;
    }
    if (frame[0] !== "g") return;
    const [, , group, index, data, timeMs] = frame;
    const last = this.#last;
    const follows = last?.group === group ? index === last.index + 1 : index === 0;
    // Of a group that has a hole, nothing can be shown, and whoever sent it is wrong.
    if (!follows) {
      this.#last = undefined;
      this.audience.emit({ type: "lost", count: 1 });
      return;
    }
    this.#last = { group, index };
    this.audience.emit({ type: "frame", data, group, index, timeMs });
  }

  protected override adder(): (waiting: MediaEvent[], event: MediaEvent) => void {
    const { maxBufferedBytes, maxBufferedEvents } = this.context.limits;
    return mediaAdder(maxBufferedBytes, maxBufferedEvents);
  }
}

/** Where there is no room, the rest of the group is dropped; a key frame then takes the place of all that waits. */
function mediaAdder(maxBytes: number, maxEvents: number): (waiting: MediaEvent[], event: MediaEvent) => void {
  /** Whether frames are skipped until the next key frame, and whether they are missed: not by who has just come. */
  let isSkipping = true;
  let isMissed = false;
  const fits = (waiting: readonly MediaEvent[], event: Frame): boolean => {
    let bytes = event.data.length;
    for (const other of waiting) if (other.type === "frame") bytes += other.data.length;
    return bytes <= maxBytes && waiting.length < maxEvents;
  };
  return (waiting, event) => {
    if (event.type === "lost") {
      addLost(waiting, waiting.length, event.count);
      return;
    }
    if (event.index > 0) {
      if (!isSkipping) isSkipping = isMissed = !fits(waiting, event);
      if (!isSkipping) waiting.push(event);
      else if (isMissed) addLost(waiting, waiting.length, 1);
      return;
    }
    isSkipping = false;
    if (!fits(waiting, event)) {
      let count = 0;
      for (const dropped of waiting.splice(0)) count += dropped.type === "lost" ? dropped.count : 1;
      if (count > 0) addLost(waiting, 0, count);
    }
    waiting.push(event);
  };
}
