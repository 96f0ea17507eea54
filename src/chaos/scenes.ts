/**
 * Media of a run: a client with a camera for each scene, and others who see it.
 */
import type { MediaEvent, MediaHandle } from "../realtime/client/node/index.js";
import type { Hearer } from "./ears.js";
import type { SeenFrame } from "./journal.js";

/** What is in a frame: its group and its place there, as whoever publishes counts them, and whether it is of the last group. */
type Shot = readonly [group: number, index: number, isLast: boolean];

const groupFrames = 5;
const frameMs = 200;
const againMs = 200;

/** Publishes a scene. */
export class Camera {
  readonly #hearer: Hearer;
  readonly #handle: MediaHandle;
  #timer: NodeJS.Timeout | undefined;
  #group = 0;
  #index = 0;
  /** What has come of the frames of the group that goes on. */
  #sends: Promise<boolean>[] = [];

  constructor(hearer: Hearer, handle: MediaHandle) {
    this.#hearer = hearer;
    this.#handle = handle;
  }

  /** Publishes from now on. */
  start(): void {
    this.#timer = setInterval(() => {
      if (this.#index === groupFrames || this.#handle.needsKey) this.#begin();
      this.#shoot(false);
    }, frameMs);
  }

  /** The next group begins. */
  #begin(): void {
    this.#group++;
    this.#index = 0;
    this.#sends = [];
  }

  #shoot(isLast: boolean): void {
    const index = this.#index++;
    const shot: Shot = [this.#group, index, isLast];
    const data = new TextEncoder().encode(JSON.stringify(shot));
    const sending = this.#handle.send({ data, isKey: index === 0 }).then(
      (how) => how === "sent",
      () => false,
    );
    this.#sends.push(sending);
    const { name: by, journal } = this.#hearer;
    const [ch, g, at] = [this.#handle.name, this.#group, Date.now()];
    void sending.then((ok) => journal.write({ k: "shot", at, by, ch, g, i: index, ok }));
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Publishes a last group, again until the server has all of it. */
  async sayTheEnd(): Promise<void> {
    this.stop();
    for (let isSent = false; !isSent; ) {
      this.#begin();
      while (this.#index < groupFrames) this.#shoot(true);
      isSent = (await Promise.all(this.#sends)).every(Boolean);
      if (!isSent) await new Promise((resolve) => setTimeout(resolve, againMs));
    }
  }
}

/** Sees a scene, and writes it down a few lines a second. */
export class SceneEar {
  readonly channel: string;
  readonly #hearer: Hearer;
  readonly #stop: () => void;
  #seen: SeenFrame[] = [];
  hasSeenTheEnd = false;

  constructor(hearer: Hearer, handle: MediaHandle) {
    this.channel = handle.name;
    this.#hearer = hearer;
    this.#stop = handle.listen((event) => this.#take(event));
  }

  #take(event: MediaEvent): void {
    if (event.type === "lost") {
      this.#seen.push("lost");
      return;
    }
    const [group, index, isLast] = JSON.parse(new TextDecoder().decode(event.data)) as Shot;
    this.#seen.push([group, index]);
    this.hasSeenTheEnd ||= isLast && index === groupFrames - 1;
  }

  /** There is another connection: what is the newest may come again. */
  opened(): void {
    this.#seen.push("anew");
  }

  flush(): void {
    if (this.#seen.length === 0) return;
    this.#hearer.journal.write({ k: "seen", by: this.#hearer.name, ch: this.channel, m: this.#seen });
    this.#seen = [];
  }

  stop(): void {
    this.#stop();
    this.flush();
  }
}
