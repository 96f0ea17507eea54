/**
 * One publisher's way into a channel of media: its groups, whose frames are appended one after the other.
 */
import { EngineError, type MediaEngine, type MediaPlace, type NewMediaFrame } from "../engines/index.js";

/** See the head of this file. */
export class MediaPublisher {
  readonly #name: string;
  readonly #groupBytesMax: number;
  /** The group that it goes on with; undefined: a key frame has to come. */
  #group: number | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(name: string, groupBytesMax: number) {
    this.#name = name;
    this.#groupBytesMax = groupBytesMax;
  }

  /**
   * Appends a frame when those before it have been. Once one was refused, so are the others of its group: nothing can be
   * shown behind a hole.
   *
   * @throws EngineError as `MediaEngine.append`
   */
  append(media: () => MediaEngine, frame: Omit<NewMediaFrame, "group">): Promise<MediaPlace> {
    const appended = this.#last.then(() => this.#append(media(), frame));
    this.#last = appended.catch(() => undefined);
    return appended;
  }

  async #append(media: MediaEngine, frame: Omit<NewMediaFrame, "group">): Promise<MediaPlace> {
    const group = this.#group;
    this.#group = undefined;
    if (!frame.isKey && group === undefined) {
      throw new EngineError("no-key-frame", "the group is over, or none has begun: a key frame has to come");
    }
    const place = await media.append(this.#name, frame.isKey ? frame : { ...frame, group }, this.#groupBytesMax);
    this.#group = place.group;
    return place;
  }
}
