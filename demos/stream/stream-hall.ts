// The streams on the real-time layer: who may publish which, what is said of each, and who looks.
import { createHash, randomBytes } from "node:crypto";
import {
  createRealtime,
  type DefinitionOf,
  EngineError,
  memory,
  RealtimeError,
  type ServedRealtime,
} from "openline/realtime";
import { msgpackCodec } from "openline/realtime/msgpack";
import { Cinema } from "./film/cinema.js";
import type { FilmFormat } from "./film/ffmpeg.js";
import type { SendFrame } from "./film/projector.js";
import { api, type FilmState, type Mode, type StreamInfo, type StreamRequest } from "./shared/contract.js";
import { ENDED_AFTER_MS, INTERRUPTED_AFTER_MS, TOKEN_MAX_LENGTH } from "./shared/limits.js";
import { SERVER_CLOCK } from "./shared/picture-clock.js";

/** How often the films are asked for what is due, and how often it is looked who is there. */
const STEP_MS = 20;
const LOOK_MS = 1_000;
/** What is over is shown for so long. */
const SHOWN_AFTER_END_MS = 60_000;
/** A party's worth. */
const STREAMS_MAX = 24;
const STREAMS_OF_ONE_MAX = 2;
/** The newest group of each stream, and the chats. */
const MEMORY_MAX_BYTES = 192 * 1024 * 1024;
const LIMITS = {
  maxSubscriptions: 32,
  // Who publishes has a second of frames under way, at most.
  maxRequests: 128,
  requestsPerSecond: 120,
  requestBurst: 240,
  maxMessageBytes: 2 * 1024 * 1024,
  // How many look is shown, not who.
  presenceMaxUsers: 1,
};
const FILM_TITLES: Readonly<Record<FilmFormat, string>> = { ivf: "Test film, low latency", mp4: "Test film, robust" };
const FILM_MODES: Readonly<Record<FilmFormat, Mode>> = { ivf: "low-latency", mp4: "robust" };

interface Stream {
  info: StreamInfo;
  /** When its last frame came. */
  frameMs: number;
  stopFollowing: () => void;
}

/** Who a page is: what only that page knows, made into a name that others may know. Undefined: nobody. */
function userOf(token: unknown): string | undefined {
  if (typeof token !== "string" || token.length < 16 || token.length > TOKEN_MAX_LENGTH) return undefined;
  return createHash("sha256").update(token).digest("base64url").slice(0, 12);
}

function tooMany(): RealtimeError {
  return new RealtimeError("too-many-streams", "There are as many streams as there may be. End one first.");
}

/** See the head of this file. */
export class StreamHall {
  readonly realtime: ServedRealtime<DefinitionOf<typeof api>>;
  readonly cinema: Cinema;
  readonly #clockMs: () => number;
  readonly #streams = new Map<string, Stream>();
  readonly #timers: NodeJS.Timeout[];
  /** Whether somebody is there. For nobody, no film is shown. */
  #isVisited = false;

  /**
   * @param clockMs The server's clock: Unix milliseconds.
   * @param filmFolder Where films are kept.
   * @param makeFilm How they are made. Default: with ffmpeg.
   */
  constructor(clockMs: () => number, filmFolder: URL, makeFilm?: (format: FilmFormat) => Promise<Uint8Array>) {
    this.#clockMs = clockMs;
    this.realtime = createRealtime(api, {
      engine: memory({ maxBytes: MEMORY_MAX_BYTES }),
      // Octets travel as they are; in JSON they would be a third longer.
      codecs: [msgpackCodec],
      limits: LIMITS,
      authenticate: ({ token }) => {
        const user = userOf(token);
        if (user === undefined) return undefined;
        this.#isVisited = true;
        void this.cinema.prepare();
        return { user };
      },
      authorize: {
        "media/{stream}": ({ id }, { stream }, action) => this.#mayUseMedia(id, stream, action),
        "chat/{stream}": (_user, { stream }) => this.#streams.has(stream),
        "reactions/{stream}": (_user, { stream }) => this.#streams.has(stream),
        streams: (_user, _params, action) => action === "subscribe",
        film: (_user, _params, action) => action === "subscribe",
      },
      calls: {
        start: (request, { user }) => this.#start(request, user.id ?? ""),
        stop: (id, { user }) => this.#stop(id, user.id),
      },
    });
    const screens = {
      open: (format: FilmFormat, startMs: number, lengthMs: number) => this.#openScreen(format, startMs, lengthMs),
      tell: (state: FilmState) => this.#done(this.realtime.set("film", "film", state)),
    };
    this.cinema = new Cinema(screens, clockMs, filmFolder, makeFilm);
    this.#timers = [
      setInterval(() => {
        if (this.#isVisited) this.cinema.advance();
      }, STEP_MS),
      setInterval(() => void this.look(), LOOK_MS),
    ];
  }

  /** What is said of a stream. */
  info(id: string): StreamInfo | undefined {
    return this.#streams.get(id)?.info;
  }

  #mayUseMedia(user: string | null, id: string, action: string): boolean {
    const info = this.info(id);
    if (info === undefined) return false;
    return action !== "publish" || (info.publisher === user && info.status !== "ended");
  }

  async #start({ title, mode, resume }: StreamRequest, user: string): Promise<string> {
    const own = [...this.#streams].filter(([, { info }]) => info.publisher === user);
    const old = own.find(([id]) => id === resume);
    // A player that has begun with one of them cannot go on with the other.
    const isResumed = old?.[1].info.mode === mode;
    const running = own.filter(([id, { info }]) => info.status !== "ended" && !(isResumed && id === resume)).length;
    if (running >= STREAMS_OF_ONE_MAX) throw tooMany();
    if (isResumed) {
      this.#change(old[0], { title, status: "waiting" });
      old[1].frameMs = this.#clockMs();
      return old[0];
    }
    if (this.#streams.size >= STREAMS_MAX) this.#makeRoom();
    const id = randomBytes(6).toString("base64url");
    const clock = SERVER_CLOCK;
    await this.#add(id, { title, mode, publisher: user, status: "waiting", viewers: 0, clock });
    return id;
  }

  #stop(id: string, user: string | null): boolean {
    const stream = this.#streams.get(id);
    if (user === null || stream?.info.publisher !== user) return false;
    this.#change(id, { status: "ended" });
    return true;
  }

  /** What is over makes way for what begins. @throws RealtimeError where nothing is over */
  #makeRoom(): void {
    const over = [...this.#streams].find(([, { info }]) => info.status === "ended");
    if (over === undefined) throw tooMany();
    this.#remove(...over);
  }

  #remove(id: string, { stopFollowing }: Stream): void {
    stopFollowing();
    this.#streams.delete(id);
    this.#done(this.realtime.delete("streams", id));
  }

  async #add(id: string, info: StreamInfo): Promise<void> {
    const stream: Stream = { info, frameMs: this.#clockMs(), stopFollowing: () => undefined };
    this.#streams.set(id, stream);
    const { stop } = await this.realtime.follow(`media/${id}`, () => this.#hasFrame(id, stream));
    stream.stopFollowing = stop;
    this.#done(this.realtime.set("streams", id, info));
  }

  #hasFrame(id: string, stream: Stream): void {
    stream.frameMs = this.#clockMs();
    const { status } = stream.info;
    if (status === "waiting" || status === "interrupted") this.#change(id, { status: "live" });
  }

  #change(id: string, change: Partial<StreamInfo>): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    stream.info = { ...stream.info, ...change };
    this.#done(this.realtime.set("streams", id, stream.info));
  }

  /** Looks whose frames have stopped to come, and how many look at each stream. */
  async look(): Promise<void> {
    this.#isVisited = this.realtime.sessions[Symbol.iterator]().next().done !== true;
    for (const [id, stream] of [...this.#streams]) {
      if (stream.info.publisher !== null) this.#judge(id, stream, this.#clockMs() - stream.frameMs);
      if (!this.#streams.has(id)) continue;
      try {
        const { count: viewers } = await this.realtime.presence(`media/${id}`, 1);
        if (viewers !== stream.info.viewers) this.#change(id, { viewers });
      } catch (error) {
        this.#failed(error);
      }
    }
  }

  #judge(id: string, stream: Stream, silentMs: number): void {
    const { info } = stream;
    if (info.status === "ended") {
      if (silentMs > SHOWN_AFTER_END_MS) this.#remove(id, stream);
    } else if (silentMs > ENDED_AFTER_MS) this.#change(id, { status: "ended" });
    else if (silentMs > INTERRUPTED_AFTER_MS && info.status === "live") this.#change(id, { status: "interrupted" });
  }

  #openScreen(format: FilmFormat, startMs: number, lengthMs: number): SendFrame {
    const id = `film-${format}`;
    const clock = { baseMs: startMs, periodMs: lengthMs };
    const [title, mode] = [FILM_TITLES[format], FILM_MODES[format]];
    this.#done(this.#add(id, { title, mode, publisher: null, status: "live", viewers: 0, clock }));
    return (octets: Uint8Array, isKey: boolean, timeMs: number): void => {
      this.#done(this.realtime.send(`media/${id}`, octets, isKey, timeMs));
    };
  }

  /** Nobody waits for it; what fails is told, but for what comes when all is over. */
  #done(telling: Promise<unknown>): void {
    telling.catch((error: unknown) => this.#failed(error));
  }

  #failed(error: unknown): void {
    if (!(error instanceof EngineError && error.code === "closed")) console.error(error);
  }

  /** Ends what runs by itself. */
  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
    for (const { stopFollowing } of this.#streams.values()) stopFollowing();
  }
}
