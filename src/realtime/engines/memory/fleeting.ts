/**
 * What a memory engine carries and does not keep: signals, and media but for the newest group.
 */
/* eslint-disable @typescript-eslint/require-await -- what an async method throws, it rejects with, as the interface says */
import type { EngineSubscription, MediaEngine, MediaFrame, MediaTail, Signal, SignalEngine } from "../engine.js";
import { EngineError } from "../errors.js";
import { copyValue } from "../value.js";
import type { MemoryCore } from "./core.js";

/** Those who listen to channels. */
class Listeners<Heard> {
  readonly #byChannel = new Map<string, Set<(heard: Heard) => void>>();

  add(channel: string, receive: (heard: Heard) => void): EngineSubscription {
    const listeners = this.#byChannel.get(channel) ?? new Set();
    this.#byChannel.set(channel, listeners);
    // One of its own, so that the same function may listen twice.
    const listener = (heard: Heard): void => receive(heard);
    listeners.add(listener);
    return {
      stop: () => {
        listeners.delete(listener);
        if (listeners.size === 0 && this.#byChannel.get(channel) === listeners) this.#byChannel.delete(channel);
      },
    };
  }

  tell(channel: string, heard: Heard): void {
    const listeners = this.#byChannel.get(channel);
    if (listeners !== undefined) for (const listener of listeners) listener(heard);
  }
}

/** The signals. */
export class SignalStore implements SignalEngine {
  readonly #core: MemoryCore;
  readonly #listeners = new Listeners<Signal>();

  constructor(core: MemoryCore) {
    this.#core = core;
  }

  async send(channel: string, signal: Signal): Promise<void> {
    this.#core.check();
    const { value } = copyValue(signal.value);
    this.#listeners.tell(channel, { value, user: signal.user });
  }

  async listen(channel: string, receive: (signal: Signal) => void): Promise<EngineSubscription> {
    this.#core.check();
    return this.#listeners.add(channel, receive);
  }
}

/** The newest group of a channel. */
interface NewestGroup {
  group: number;
  /** Frames that it has so far. */
  count: number;
  /** Its frames; undefined when they became too many octets. */
  frames: MediaFrame[] | undefined;
  bytes: number;
}

/** The media. */
export class MediaStore implements MediaEngine {
  readonly #core: MemoryCore;
  readonly #listeners = new Listeners<MediaFrame>();
  readonly #newest = new Map<string, NewestGroup>();

  constructor(core: MemoryCore) {
    this.#core = core;
  }

  async append(
    channel: string,
    { data, isKey, timeMs }: { data: Uint8Array; isKey: boolean; timeMs?: number | undefined },
    groupBytesMax: number,
  ): Promise<{ group: number; index: number }> {
    this.#core.check();
    let newest = this.#newest.get(channel);
    if (isKey) {
      if (newest === undefined && this.#newest.size >= this.#core.maxChannels) {
        throw new EngineError("full", `there are ${this.#core.maxChannels} channels of media, which is maxChannels`);
      }
      this.#release(newest);
      newest = { group: (newest?.group ?? 0) + 1, count: 0, frames: [], bytes: 0 };
      this.#newest.set(channel, newest);
    } else if (newest === undefined) {
      throw new EngineError("no-key-frame", "the first frame of all must be a key frame");
    }
    const frame = { group: newest.group, index: newest.count++, data, timeMs };
    this.#keep(newest, frame, groupBytesMax);
    this.#listeners.tell(channel, frame);
    return { group: frame.group, index: frame.index };
  }

  async tail(channel: string, receive: (frame: MediaFrame) => void): Promise<MediaTail> {
    this.#core.check();
    const { stop } = this.#listeners.add(channel, receive);
    return { newest: [...(this.#newest.get(channel)?.frames ?? [])], stop };
  }

  #keep(newest: NewestGroup, frame: MediaFrame, groupBytesMax: number): void {
    if (newest.frames === undefined) return;
    if (newest.bytes + frame.data.byteLength > groupBytesMax || !this.#hasRoom(frame.data.byteLength)) {
      this.#release(newest);
      return;
    }
    newest.frames.push(frame);
    newest.bytes += frame.data.byteLength;
  }

  #hasRoom(bytes: number): boolean {
    try {
      this.#core.reserve(bytes);
      return true;
    } catch {
      // Who comes later waits for the next key frame.
      return false;
    }
  }

  #release(newest: NewestGroup | undefined): void {
    if (newest?.frames === undefined) return;
    this.#core.free(newest.bytes);
    newest.frames = undefined;
    newest.bytes = 0;
  }
}
