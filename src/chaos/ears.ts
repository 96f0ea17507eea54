/**
 * What one client hears of a channel, written down a few lines a second.
 */
import type { LogEvent, LogHandle, PresenceEvent, SignalHandle } from "../realtime/client/node/index.js";
import type { Post } from "./api.js";
import type { JournalWriter } from "./journal.js";
import type { SecondsOfProcess } from "./seconds.js";

/** Who hears, and where it is written down. */
export interface Hearer {
  readonly name: string;
  readonly journal: JournalWriter;
  readonly seconds: SecondsOfProcess;
}

/** What says that nothing more will be published. */
export function lastId(channel: string): string {
  return `the end of ${channel}`;
}

/** Hears a log. */
export class LogEar {
  readonly channel: string;
  readonly #hearer: Hearer;
  readonly #stop: () => void;
  #from = "";
  #heard: (readonly [id: string, pos: string])[] = [];
  hasHeardTheEnd = false;
  isLive = false;

  constructor(hearer: Hearer, handle: LogHandle<Post>, live: () => void) {
    this.channel = handle.name;
    this.#hearer = hearer;
    this.#stop = handle.listen((event) => {
      this.#take(event);
      if (event.type === "live") live();
    });
  }

  #take(event: LogEvent<Post>): void {
    const { name: by, journal, seconds } = this.#hearer;
    const { channel: ch } = this;
    if (event.type === "message") {
      const { value, previous, position } = event;
      // A chain that is broken begins a line of its own.
      if (this.#heard.length > 0 && this.#heard.at(-1)?.[1] !== previous) this.flush();
      if (this.#heard.length === 0) this.#from = previous;
      this.#heard.push([value.id, position]);
      if (value.id === lastId(ch)) this.hasHeardTheEnd = true;
      seconds.heard(event.recovered ? undefined : Date.now() - value.at);
      return;
    }
    this.flush();
    const { epoch: ep, position: pos } = event;
    if (event.type === "gap") journal.write({ k: "gap", by, ch, reason: event.reason, ep, pos });
    else journal.write({ k: "live", by, ch, ep, pos, recovered: event.recovered });
    this.isLive = true;
  }

  flush(): void {
    if (this.#heard.length === 0) return;
    this.#hearer.journal.write({
      ...{ k: "heard", by: this.#hearer.name, ch: this.channel, from: this.#from },
      m: this.#heard,
    });
    this.#heard = [];
  }

  stop(): void {
    this.#stop();
    this.flush();
    this.#hearer.journal.write({ k: "unsub", by: this.#hearer.name, ch: this.channel });
  }
}

/** Is in a hall: hears its signals, and who else is there. */
export class HallEar {
  readonly channel: string;
  readonly #hearer: Hearer;
  readonly #stops: readonly (() => void)[];
  #heard: string[] = [];
  #isIn = false;

  constructor(hearer: Hearer, handle: SignalHandle<string>) {
    this.channel = handle.name;
    this.#hearer = hearer;
    hearer.journal.write({ k: "enter", by: hearer.name, ch: handle.name });
    this.#stops = [
      handle.listen((event) => {
        if (event.type === "message") this.#heard.push(event.value);
      }),
      handle.presence.listen((event) => this.#see(event)),
    ];
  }

  #see({ came, left }: PresenceEvent): void {
    const { name: by, journal } = this.#hearer;
    const { channel: ch } = this;
    journal.write({ k: "view", by, ch, came: [...came.keys()], left: [...left] });
    // The first that comes over a connection is everybody, oneself included.
    if (!this.#isIn) journal.write({ k: "in", by, ch });
    this.#isIn = true;
  }

  /** There is another connection. */
  opened(): void {
    this.#isIn = false;
  }

  flush(): void {
    if (this.#heard.length === 0) return;
    this.#hearer.journal.write({ k: "signals", by: this.#hearer.name, ch: this.channel, m: this.#heard });
    this.#heard = [];
  }

  stop(): void {
    for (const stop of this.#stops) stop();
    this.flush();
    this.#hearer.journal.write({ k: "leave", by: this.#hearer.name, ch: this.channel });
  }
}
