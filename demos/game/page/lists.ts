// The best players, and who is in sight: what the picture shows, as text.
import { byId, element, setText } from "../../site/page/dom.js";
import type { Player } from "../shared/contract.js";
import type { ToldShip } from "../shared/records.js";
import { UNITS } from "../shared/world.js";

const BEST = 8;
const NEAREST = 6;
const SHOW_INTERVAL_MS = 300;

interface Own {
  readonly key: string | undefined;
  readonly ship: { readonly x: number; readonly y: number; readonly hull: number } | undefined;
}

/** See the head of this file. */
export class Lists {
  readonly #players: ReadonlyMap<string, Player>;
  readonly #scores: ReadonlyMap<string, number>;
  readonly #ships: ReadonlyMap<string, ToldShip>;
  readonly #own: () => Own;
  readonly #best = byId("best", HTMLElement);
  readonly #near = byId("near", HTMLElement);
  readonly #where = byId("where", HTMLElement);

  constructor(
    players: ReadonlyMap<string, Player>,
    scores: ReadonlyMap<string, number>,
    ships: ReadonlyMap<string, ToldShip>,
    own: () => Own,
  ) {
    this.#players = players;
    this.#scores = scores;
    this.#ships = ships;
    this.#own = own;
    setInterval(() => this.#show(), SHOW_INTERVAL_MS);
  }

  #show(): void {
    const { key: ownKey, ship } = this.#own();
    const score = (key: string): number => this.#scores.get(key) ?? 0;
    const ranked = [...this.#players].sort(([a], [b]) => score(b) - score(a));
    const ownRank = ranked.findIndex(([key]) => key === ownKey);
    const rows = ranked.slice(0, BEST).map(([key, player], rank) => row(player, score(key), rank, key === ownKey));
    const own = ranked[ownRank];
    if (ownRank >= BEST && own !== undefined) rows.push(row(own[1], score(own[0]), ownRank, true));
    this.#best.replaceChildren(...rows);
    setText(byId("score", HTMLElement), own === undefined ? "–" : String(score(own[0])));
    setText(byId("hull", HTMLElement), ship === undefined ? "–" : String(ship.hull));
    byId("hull-bar", HTMLElement).style.setProperty("--share", `${ship?.hull ?? 0}%`);
    if (ship === undefined) return;
    this.#where.dataset["x"] = String(ship.x);
    this.#where.dataset["y"] = String(ship.y);
    setText(this.#where, `${Math.round(ship.x / UNITS)}, ${Math.round(ship.y / UNITS)}`);
    const near = [...this.#ships]
      .filter(([key]) => key !== ownKey)
      .map(([key, told]) => ({ key, told, px: Math.hypot(told.x - ship.x, told.y - ship.y) / UNITS }))
      .sort((a, b) => rankOf(this.#players.get(a.key), a.px) - rankOf(this.#players.get(b.key), b.px))
      .slice(0, NEAREST);
    this.#near.replaceChildren(
      ...near.map(({ key, told, px }) => {
        const name = this.#players.get(key)?.name ?? "?";
        const item = element("li", "", element("b", "", name), element("span", "", `${Math.round(px)} px`));
        item.dataset["name"] = name;
        item.dataset["x"] = String(told.x);
        item.dataset["y"] = String(told.y);
        return item;
      }),
    );
  }
}

/** People first, and then whoever is nearer. */
function rankOf(player: Player | undefined, px: number): number {
  return px + (player?.isBot === false ? 0 : 100_000);
}

function row({ name, isBot }: Player, score: number, rank: number, isOwn: boolean): HTMLElement {
  const item = element("li", isOwn ? "own" : "", element("span", "rank", String(rank + 1)), element("b", "", name));
  if (isBot) item.append(element("small", "", "bot"));
  item.append(element("span", "points", String(score)));
  return item;
}
