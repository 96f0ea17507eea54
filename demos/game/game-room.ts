// The arena on the real-time layer: commands come as signals, the arena is a state of which everybody gets what they see.
import { createHash } from "node:crypto";
import {
  createRealtime,
  type DefinitionOf,
  EngineError,
  memory,
  RealtimeError,
  type ServedRealtime,
} from "openline/realtime";
import { msgpackCodec } from "openline/realtime/msgpack";
import type { Random } from "../trading/exchange/random.js";
import { Arena } from "./arena/arena.js";
import type { PlayerShip } from "./arena/player.js";
import { TickLoop, type TickTimer } from "./arena/tick-loop.js";
import { TickTimes } from "./arena/tick-times.js";
import { Seats, type TakenSeat } from "./seats.js";
import { ARENA, api, type Seat } from "./shared/contract.js";
import { TOKEN_MAX_LENGTH } from "./shared/limits.js";
import { MARK_KEY, placeOf, readCommands, writeMark } from "./shared/records.js";
import { EVERYWHERE, View } from "./shared/view.js";
import { cellAt, TICK_MS, TICKS_PER_SECOND } from "./shared/world.js";

/** How often it is looked who is connected, in ticks. */
const LOOK_TICKS = 5;
/** How often the figures are told, in ticks. */
const FIGURES_TICKS = TICKS_PER_SECOND;
/** Ticks whose times are remembered: a minute. */
const TIMES_KEPT = 60 * TICKS_PER_SECOND;
/** The arena and the list of players, many times over. */
const MEMORY_MAX_BYTES = 16 * 1024 * 1024;
/** A page sends twenty messages of commands a second, and after a stall all that has waited. */
const LIMITS = {
  maxSubscriptions: 8,
  maxRequests: 32,
  requestsPerSecond: 60,
  requestBurst: 180,
  maxMessageBytes: 4 * 1024,
  maxBufferedBytes: 1024 * 1024,
};

/** What can be chosen about a game. */
export interface GameRoomOptions {
  readonly random: Random;
  readonly bots: number;
  /** People that play at once. */
  readonly playersMax: number;
  /** Whether people begin near the middle, so that they meet, and not anywhere. */
  readonly meets: boolean;
  readonly timer: TickTimer;
}

/** Who a page is: what only that page knows, made into a name that others may know. Undefined: nobody. */
export function userOf(token: unknown): string | undefined {
  if (typeof token !== "string" || token.length < 16 || token.length > TOKEN_MAX_LENGTH) return undefined;
  return createHash("sha256").update(token).digest("base64url").slice(0, 12);
}

/** See the head of this file. */
export class GameRoom {
  readonly realtime: ServedRealtime<DefinitionOf<typeof api>>;
  readonly arena: Arena;
  /** How long the newest ticks took, all that was sent included. */
  readonly times: TickTimes = new TickTimes(TIMES_KEPT);
  /** The processor time that they took, which does not count what others do on the machine meanwhile. */
  readonly cpuTimes: TickTimes = new TickTimes(TIMES_KEPT);
  readonly #timer: TickTimer;
  readonly #loop: TickLoop;
  readonly #seats: Seats;
  /** Sessions that are told everything. */
  readonly #allSeeing = new Set<string>();
  /** What those see who have no seat. */
  readonly #middle = new View();
  /** The tick that is being made. */
  #underway: { readonly begunMs: number; readonly begunCpu: NodeJS.CpuUsage } | undefined;

  constructor({ random, bots, playersMax, meets, timer }: GameRoomOptions) {
    this.#timer = timer;
    this.realtime = createRealtime(api, {
      engine: memory({ maxBytes: MEMORY_MAX_BYTES }),
      codecs: [msgpackCodec],
      limits: LIMITS,
      authenticate: ({ token }) => {
        const user = userOf(token);
        if (user === undefined) return undefined;
        // While nobody is there, nothing moves.
        this.#loop.start();
        return { user };
      },
      authorize: {
        // There is one: subscriptions to others would be kept for nothing.
        "arena/{id}": (_user, { id }, action) => action === "subscribe" && `arena/${id}` === ARENA,
        "commands/{user}": ({ id }, { user }, action) => action === "publish" && id === user,
        players: (_user, _params, action) => action === "subscribe",
        scores: (_user, _params, action) => action === "subscribe",
        figures: (_user, _params, action) => action === "subscribe",
      },
      interest: {
        "arena/{id}": {
          area: (key, record) => {
            const place = placeOf(key, record);
            return place === undefined ? EVERYWHERE : cellAt(...place);
          },
          sees: ({ user, session }) => {
            if (this.#allSeeing.has(session)) return undefined;
            const seat = this.#seats.of(user.id);
            return seat === undefined ? this.#middle.from(this.#middlePlace) : seat.view.from(seat.player.ship);
          },
        },
      },
      calls: {
        join: ({ name }, { user, session }) => this.#join(user.id, session, name),
        seeEverything: (isAllSeeing, { session }) => {
          if (isAllSeeing) this.#allSeeing.add(session);
          else this.#allSeeing.delete(session);
          return isAllSeeing;
        },
      },
    });
    this.arena = new Arena(random, bots, meets, {
      playerChanged: (key, player) => this.#tellPlayer(key, player),
      scoreChanged: (key, score) => this.#done(this.realtime.set("scores", key, score)),
    });
    this.#seats = new Seats(this.arena, playersMax);
    this.#loop = new TickLoop(TICK_MS, () => this.#tick(), timer);
  }

  readonly #middlePlace = { x: 32_768, y: 32_768 };

  /** Whether ticks are made. */
  get isRunning(): boolean {
    return this.#loop.isRunning;
  }

  /** Ticks that were left out, since there was no time for them. */
  get skippedTicks(): number {
    return this.#loop.skipped;
  }

  async #join(user: string | null, session: string, name: string): Promise<Seat> {
    // `authenticate` lets in nobody else.
    if (user === null) throw new RealtimeError("forbidden", "a seat has an owner");
    // A page that was opened twice, or whose lost connection is not known to be lost: the newest one has the seat.
    for (const other of this.realtime.sessions) {
      if (other.user.id === user && other.id !== session) other.revoke("the seat was taken by another page");
    }
    const held = this.#seats.of(user);
    const seat = held ?? (await this.#sitDown(user, name));
    seat.seenAtMs = this.#timer.now();
    seat.player.isAway = false;
    this.arena.rename(seat.player, name);
    return { seat: seat.player.seat, acknowledged: seat.player.ship.acknowledged, isHeld: held !== undefined };
  }

  async #sitDown(user: string, name: string): Promise<TakenSeat> {
    const following = await this.realtime.follow(`commands/${user}`, ({ value }) => {
      const read = readCommands(value);
      if (read !== undefined) this.#seats.of(user)?.player.receive(read.first, read.commands);
    });
    // Asked twice at once: the first one has it.
    const meanwhile = this.#seats.of(user);
    const seat = meanwhile ?? this.#seats.take(user, name, this.#timer.now(), () => following.stop());
    if (meanwhile !== undefined || seat === undefined) following.stop();
    if (seat === undefined) throw new RealtimeError("arena-full", "everybody is here already", { retryable: true });
    return seat;
  }

  #tick(): void {
    this.#measured();
    this.#underway = { begunMs: performance.now(), begunCpu: process.cpuUsage() };
    const { set, deleted } = this.arena.advance();
    const { tick } = this.arena;
    this.#done(this.realtime.setMany(ARENA, [[MARK_KEY, writeMark(tick)], ...set], deleted));
    if (tick % LOOK_TICKS === 0) this.#look();
    if (tick % FIGURES_TICKS === 0) this.#tellFigures();
    setImmediate(() => this.#measured());
  }

  /** A tick is over: all has been handed to the kernel, or the next one begins at once, to make up for lost time. */
  #measured(): void {
    if (this.#underway === undefined) return;
    const { begunMs, begunCpu } = this.#underway;
    this.#underway = undefined;
    this.times.add(performance.now() - begunMs);
    const { user, system } = process.cpuUsage(begunCpu);
    this.cpuTimes.add((user + system) / 1_000);
  }

  #look(): void {
    const users = new Set<string>();
    const sessions = new Set<string>();
    for (const { id, user } of this.realtime.sessions) {
      sessions.add(id);
      if (user.id !== null) users.add(user.id);
    }
    for (const session of this.#allSeeing) if (!sessions.has(session)) this.#allSeeing.delete(session);
    this.#seats.look(users, this.#timer.now());
    if (sessions.size === 0 && this.#seats.size === 0) this.#loop.stop();
  }

  #tellFigures(): void {
    const { tick, players } = this.arena;
    const [p50Ms, p99Ms] = [this.times.percentile(50), this.times.percentile(99)];
    this.#done(this.realtime.set("figures", "server", { tick, p50Ms, p99Ms, players: players.size }));
  }

  #tellPlayer(key: string, player: PlayerShip | undefined): void {
    if (player === undefined) {
      this.#done(this.realtime.delete("players", key));
      this.#done(this.realtime.delete("scores", key));
    } else {
      const { name, isBot } = player;
      this.#done(this.realtime.set("players", key, { name, isBot }));
    }
  }

  /** Nobody waits for it; what fails is told, but for what comes when all is over. */
  #done(telling: Promise<unknown>): void {
    telling.catch((error: unknown) => {
      if (!(error instanceof EngineError && error.code === "closed")) console.error(error);
    });
  }

  /** Makes no more ticks. */
  stop(): void {
    this.#loop.stop();
  }
}
