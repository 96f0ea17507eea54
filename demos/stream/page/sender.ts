// The way of a publisher's frames into the channel, and what became of them.
import type { StreamFrame } from "../shared/frame-header.js";
import { packFrame } from "../shared/frame-header.js";
import type { StreamClient } from "./client.js";

/** What was sent. */
export interface SendCounts {
  readonly frames: number;
  readonly bytes: number;
  readonly dropped: number;
}

/** See the head of this file. */
export class Sender {
  readonly #client: StreamClient;
  readonly #refused: (error: unknown) => void;
  #channel: ReturnType<typeof mediaOf>;
  #frames = 0;
  #bytes = 0;

  /** @param refused Hears of frames that the server did not take. */
  constructor(client: StreamClient, stream: string, refused: (error: unknown) => void) {
    this.#client = client;
    this.#refused = refused;
    this.#channel = mediaOf(client, stream);
  }

  /** Goes on with another stream. */
  set stream(stream: string) {
    this.#channel = mediaOf(this.#client, stream);
  }

  /** Whether nothing but a key frame can be sent now: an encoder is to make one. */
  get needsKey(): boolean {
    return this.#channel.needsKey;
  }

  get counts(): SendCounts {
    return { frames: this.#frames, bytes: this.#bytes, dropped: this.#channel.dropped };
  }

  /**
   * Sends a frame, or drops it where there is no room: what is live is not worth waiting for.
   * @param timeMs When it was taken, by the server's clock.
   */
  send(frame: StreamFrame, isKey: boolean, timeMs: number): void {
    const data = packFrame(frame);
    this.#channel.send({ data, isKey, timeMs }).then((outcome) => {
      if (outcome === "dropped") return;
      this.#frames++;
      this.#bytes += data.length;
    }, this.#refused);
  }
}

function mediaOf(client: StreamClient, stream: string) {
  return client.channel(`media/${stream}`);
}
