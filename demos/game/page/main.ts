// The page's entry: one client, one seat, and what shows the arena, picture by picture.
import { createClient, jsonCodec } from "openline/realtime/client";
import { msgpackCodec } from "openline/realtime/msgpack";
import { ConnectionView } from "../../site/page/connection-view.js";
import { byId, randomId, setText } from "../../site/page/dom.js";
import { ARENA, api } from "../shared/contract.js";
import { NAME_MAX_LENGTH, SOCKET_PATH } from "../shared/limits.js";
import { NO_TROUBLE, type Trouble } from "../shared/trouble.js";
import { STEPS_PER_TICK, WORLD_UNITS } from "../shared/world.js";
import { ArenaView, type DrawnShot } from "./arena-view.js";
import { Controls } from "./controls.js";
import { Feed } from "./feed.js";
import { Figures } from "./figures.js";
import { Flight } from "./flight.js";
import { Lists } from "./lists.js";
import { Radar } from "./radar.js";
import { network, TroubledSocket } from "./troubled-socket.js";

const TROUBLES: Readonly<Record<string, Trouble>> = {
  none: NO_TROUBLE,
  lag: { lagMs: 75, jitterMs: 0, stallMs: 0, stallEveryMs: 0 },
  jitter: { lagMs: 60, jitterMs: 90, stallMs: 0, stallEveryMs: 0 },
  stalls: { lagMs: 60, jitterMs: 60, stallMs: 700, stallEveryMs: 3_500 },
};
const TOKEN_KEY = "openline-game";
const NAME_KEY = "openline-game-name";
const RADAR_INTERVAL_MS = 150;
/** Longer than this between two pictures, the page was not looked at. */
const PAUSE_MS = 1_000;

function keep(key: string, value: string): string {
  try {
    sessionStorage.setItem(key, value);
  } catch {
    // Without storage it is kept as long as the page is open.
  }
  return value;
}

/** What is kept in this tab, which has a seat of its own, also after a reload. */
function recall(key: string, make: () => string): string {
  try {
    return sessionStorage.getItem(key) ?? keep(key, make());
  } catch {
    return make();
  }
}

globalThis.WebSocket = TroubledSocket;
const connectionView: ConnectionView = new ConnectionView(() => client.reconnectNow());
const arenaElement = byId("arena", HTMLElement);
const joinForm = byId("join", HTMLFormElement);
const nameField = byId("name", HTMLInputElement);
const notice = byId("notice", HTMLElement);
let user = "";
/** The name that plays; undefined while somebody only looks on. */
let playing: string | undefined;

const client = createClient(api, SOCKET_PATH, {
  token: recall(TOKEN_KEY, randomId),
  codecs: [msgpackCodec, jsonCodec],
  reconnect: { minDelayMs: 200, maxDelayMs: 3_000 },
  state: (state) => {
    connectionView.show(state);
    if (state.name === "closed") setText(notice, "This seat was taken by another page.");
    if (state.name !== "open") return;
    user = state.user ?? "";
    feed.clock.restart();
    figures.restart();
    if (playing !== undefined) void join(playing);
    if (everything.checked) void client.call("seeEverything", true).catch(() => undefined);
  },
});

const players = client.channel("players");
const scores = client.channel("scores");
const flight: Flight = new Flight({
  send: (octets) => client.channel(`commands/${user}`).send(octets),
  corrected: (px) => figures.corrected(px),
  answered: (roundTripMs) => figures.answered(roundTripMs),
});
const feed: Feed = new Feed((ship) => flight.take(ship, performance.now()));
const figures: Figures = new Figures(() => ({
  ships: feed.ships.size,
  delayMs: feed.clock.delayMs,
  jitterMs: feed.clock.jitterMs,
  tick: feed.tick,
}));
const controls = new Controls(arenaElement);
const radar = new Radar();
new Lists(players.values, scores.values, feed.ships, () => ({ key: feed.ownKey, ship: flight.ship }));
const everything = byId("everything", HTMLInputElement);
const ghost = byId("ghost", HTMLInputElement);

client.channel(ARENA).listen((change) => feed.take(change, performance.now()));
players.listen(() => undefined);
scores.listen(() => undefined);
client.channel("figures").listen(({ set }) => {
  const told = set.get("server");
  if (told !== undefined) figures.server(told);
});

/** Takes a seat, or the one that is held. After a reconnect it is the same. */
async function join(name: string): Promise<void> {
  try {
    const { seat, isHeld } = await client.call("join", { name });
    flight.reconnected(isHeld);
    feed.seat = seat;
    setText(notice, "");
    arenaElement.dataset["playing"] = "true";
  } catch (error) {
    // The next connection asks again; what else is wrong is said.
    if (client.state.name === "open") setText(notice, error instanceof Error ? error.message : String(error));
  }
}

joinForm.addEventListener("submit", (event) => {
  event.preventDefault();
  playing = nameField.value.trim().slice(0, NAME_MAX_LENGTH) || "Pilot";
  keep(NAME_KEY, playing);
  joinForm.hidden = true;
  arenaElement.focus();
  void join(playing);
});
nameField.value = recall(NAME_KEY, () => `Pilot ${100 + Math.floor(Math.random() * 900)}`);

everything.addEventListener("change", () => {
  figures.isAllSeeing = everything.checked;
  client.call("seeEverything", everything.checked).catch(() => {
    // The next connection begins with what the switch says.
  });
});

byId("troubles", HTMLElement).addEventListener("change", ({ target }) => {
  network.trouble = TROUBLES[target instanceof HTMLInputElement ? target.value : ""] ?? NO_TROUBLE;
});

// The picture

const view = await ArenaView.create(arenaElement);
let lastMs = performance.now();
let radarAtMs = 0;
const hulls = new Map<string, number>();
const deadShots = new Set<string>();

type ShownShips = Map<string, { x: number; y: number; aim: number; hull: number; isAway: boolean; name: string }>;

function shownShips(tick: number | undefined): ShownShips {
  const ships: ShownShips = new Map();
  for (const [key, track] of feed.tracks) {
    if (key === feed.ownKey || tick === undefined) continue;
    const ship = track.at(tick, feed.tick);
    if (ship !== undefined) ships.set(key, { ...ship, name: players.values.get(key)?.name ?? "" });
  }
  const { ship, shown } = flight;
  if (feed.ownKey !== undefined && ship !== undefined && shown !== undefined) {
    ships.set(feed.ownKey, { ...shown, hull: ship.hull, isAway: false, name: playing ?? "" });
  }
  for (const [key, { hull, x, y }] of ships) {
    const before = hulls.get(key) ?? hull;
    if (hull < before) view.burst(x, y, hull === 0 ? 34 : 7);
    hulls.set(key, hull);
  }
  for (const key of hulls.keys()) if (!ships.has(key)) hulls.delete(key);
  return ships;
}

function shownShots(tick: number | undefined): Map<string, DrawnShot> {
  const shots = new Map<string, DrawnShot>();
  const ownSeat = feed.ownKey === undefined ? undefined : Number.parseInt(feed.ownKey.slice(1), 36);
  for (const [key, { shot, bornAt, diesAt }] of feed.shots) {
    if (shot.owner === ownSeat) {
      // One's own are shown from the moment of firing; the server only says when they end.
      if (diesAt !== undefined && !deadShots.has(key)) flight.ended(shot.number);
      if (diesAt === undefined) deadShots.delete(key);
      else deadShots.add(key);
    } else if (tick !== undefined && tick >= bornAt && (diesAt === undefined || tick < diesAt)) {
      shots.set(key, { shot, ticks: tick - bornAt });
    }
  }
  for (const { shot, number, steps } of flight.shots) {
    shots.set(`own ${number}`, { shot, ticks: steps / STEPS_PER_TICK });
  }
  return shots;
}

let pictures = 0;

function draw(): void {
  requestAnimationFrame(draw);
  // Drawn by a program, every other picture is enough.
  if (!view.hasGraphicsCard && pictures++ % 2 === 1) return;
  const nowMs = performance.now();
  const elapsedMs = nowMs - lastMs;
  lastMs = nowMs;
  flight.advance(elapsedMs > PAUSE_MS ? 0 : elapsedMs, nowMs, () => controls.command());
  const tick = feed.clock.shownTick(nowMs);
  const ships = shownShips(tick);
  const own = feed.ownKey === undefined ? undefined : ships.get(feed.ownKey);
  const camera = own ?? { x: WORLD_UNITS / 2, y: WORLD_UNITS / 2 };
  const told = ghost.checked && flight.told !== undefined && flight.told.hull > 0 ? flight.told : undefined;
  view.draw({ camera, ownKey: feed.ownKey, ships, shots: shownShots(tick), orbs: feed.orbs, ghost: told }, elapsedMs);
  arenaElement.dataset["destroyed"] = String(own?.hull === 0);
  if (nowMs - radarAtMs < RADAR_INTERVAL_MS) return;
  radarAtMs = nowMs;
  radar.draw(feed.ships, feed.ownKey, camera);
}
requestAnimationFrame(draw);
