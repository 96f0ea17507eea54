// The players of the load: real clients, which fly as bots do, each over a connection of its own. Some are told all of the
// arena, to compare.
import { type Client, createClient, jsonCodec } from "openline/realtime/client";
import type { DefinitionOf } from "openline/realtime/contract";
import { msgpackCodec } from "openline/realtime/msgpack";
import { Random } from "../../trading/exchange/random.js";
import { Bot } from "../arena/bot.js";
import { PlayerShip } from "../arena/player.js";
import { ARENA, api, shipKey } from "../shared/contract.js";
import { Prediction } from "../shared/prediction.js";
import { readOrb, readShip, writeCommands } from "../shared/records.js";
import { cellAt, STEPS_PER_TICK, TICK_MS } from "../shared/world.js";

/** What the players say of a time between two questions: octets of messages that came, of each. */
export interface PlayersReport {
  readonly octetsOfSeen: number;
  readonly octetsOfAll: number;
  /** Entries that they have at the end. */
  readonly entriesOfSeen: number;
  readonly entriesOfAll: number;
  /** How far the server was from what was predicted, at most, in pixels. */
  readonly corrections: number;
}

type GameClient = Client<DefinitionOf<typeof api>>;

class LoadPlayer {
  readonly seesAll: boolean;
  octets = 0;
  corrections = 0;
  readonly #client: GameClient;
  readonly #random: Random;
  #prediction: Prediction | undefined;
  #bot: Bot | undefined;
  #player: PlayerShip | undefined;
  #user = "";
  #key = "";

  constructor(url: string, index: number, seesAll: boolean) {
    this.seesAll = seesAll;
    this.#random = new Random(index);
    this.#client = createClient(api, url, {
      token: `player ${index} of the load, whom nobody else knows`,
      codecs: [
        {
          ...msgpackCodec,
          decode: (message) => {
            // A frame of WebSocket has two octets before so few, and four before more (RFC 6455 §5.2).
            this.octets += message.length + (message.length < 126 ? 2 : 4);
            return msgpackCodec.decode(message);
          },
        },
        jsonCodec,
      ],
    });
  }

  async join(): Promise<void> {
    const { seat, acknowledged } = await this.#client.call("join", { name: "Load" });
    if (this.#client.state.name === "open") this.#user = this.#client.state.user ?? "";
    if (this.seesAll) await this.#client.call("seeEverything", true);
    this.#key = shipKey(seat);
    this.#client.channel("players").listen(() => undefined);
    this.#client.channel("scores").listen(() => undefined);
    this.#client.channel(ARENA).listen(({ set }) => {
      const record = set.get(this.#key);
      if (record === undefined) return;
      const ship = readShip(record);
      this.#prediction ??= new Prediction(ship, acknowledged);
      if (this.#prediction.reconcile(ship).correctionPx > 0) this.corrections += 1;
    });
  }

  get entries(): number {
    return this.#client.channel(ARENA).values.size;
  }

  /** Three steps, and what came of them is sent: as a page does it. */
  step(nowMs: number): void {
    const prediction = this.#prediction;
    if (prediction === undefined) return;
    this.#player ??= new PlayerShip(0, "", true, prediction.ship);
    this.#bot ??= new Bot(this.#player, this.#random);
    this.#player.ship = { ...prediction.ship, isAway: false, acknowledged: 0 };
    const command = this.#bot.decide(this.#others(), this.#orbs);
    for (let step = 0; step < STEPS_PER_TICK; step += 1) prediction.step(command, nowMs);
    const unsent = prediction.unsent(30);
    if (unsent === undefined) return;
    const isSent = this.#client.channel(`commands/${this.#user}`).send(writeCommands(unsent.first, unsent.commands));
    if (isSent) prediction.sent(unsent.commands.length);
  }

  #orbs: { readonly x: number; readonly y: number }[] = [];

  /** What it sees, looked at now and then, for that is the load's own work. */
  look(): void {
    this.#orbs = [...this.#client.channel(ARENA).values].flatMap(([key, record]) =>
      key.startsWith("o") ? [readOrb(record)] : [],
    );
  }

  #others(): ReadonlyMap<number, readonly PlayerShip[]> {
    if (this.#random.below(12) > 0) return new Map();
    for (const [key, record] of this.#client.channel(ARENA).values) {
      if (!key.startsWith("p") || key === this.#key) continue;
      const ship = readShip(record);
      const other = new PlayerShip(1, "", true, ship);
      other.ship = ship;
      return new Map([[cellAt(ship.x, ship.y), [other]]]);
    }
    return new Map();
  }

  close(): Promise<unknown> {
    return this.#client.close();
  }
}

const [, , url = "", playersText = "", allSeeingText = ""] = process.argv;
const count = Number(playersText);
const players = Array.from({ length: count }, (_, index) => new LoadPlayer(url, index, index < Number(allSeeingText)));
await Promise.all(players.map((player) => player.join()));
let turn = 0;
const timers = [
  ...Array.from({ length: 5 }, (_, part) =>
    // Not all of them in the same moment.
    setInterval(
      () => {
        const nowMs = performance.now();
        for (let index = part; index < players.length; index += 5) players[index]?.step(nowMs);
      },
      TICK_MS + part * 0.01,
    ),
  ),
  setInterval(() => players[turn++ % players.length]?.look(), 10),
];
process.send?.({ joined: players.length });

process.on("message", (message) => {
  if (message === "begin") {
    for (const player of players) [player.octets, player.corrections] = [0, 0];
    return;
  }
  const mean = (seesAll: boolean, of: (player: LoadPlayer) => number): number => {
    const some = players.filter((player) => player.seesAll === seesAll);
    return some.reduce((sum, player) => sum + of(player), 0) / Math.max(1, some.length);
  };
  const report: PlayersReport = {
    octetsOfSeen: mean(false, ({ octets }) => octets),
    octetsOfAll: mean(true, ({ octets }) => octets),
    entriesOfSeen: mean(false, ({ entries }) => entries),
    entriesOfAll: mean(true, ({ entries }) => entries),
    corrections: players.reduce((sum, { corrections }) => sum + corrections, 0) / players.length,
  };
  process.send?.(report);
});
process.on("disconnect", () => {
  for (const timer of timers) clearInterval(timer);
  void Promise.all(players.map((player) => player.close()));
});
