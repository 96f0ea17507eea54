import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { connect, UpgradeRefusedError } from "openline";
import { type Client, createClient, jsonCodec } from "openline/realtime/client";
import type { DefinitionOf } from "openline/realtime/contract";
import { msgpackCodec } from "openline/realtime/msgpack";
import { createGame } from "../../demos/game/game.js";
import { ARENA, api, type Seat, shipKey } from "../../demos/game/shared/contract.js";
import { Prediction } from "../../demos/game/shared/prediction.js";
import {
  COMMANDS_MAX,
  MARK_KEY,
  placeOf,
  readMark,
  readShip,
  type ToldShip,
  writeCommands,
} from "../../demos/game/shared/records.js";
import type { Command } from "../../demos/game/shared/ship.js";
import { CELL_PX, UNITS } from "../../demos/game/shared/world.js";
import { type Site, startSite } from "../../demos/site/site.js";

const TIMEOUT_MS = 60_000;

describe("the game's server", { timeout: TIMEOUT_MS }, () => {
  let site: Site;
  let url: string;
  const open = (bots: number): Promise<Site> => {
    const publicFolder = new URL("../../demos/public/", import.meta.url);
    return startSite({ port: 0, host: "127.0.0.1", demos: [createGame({ bots })], publicFolder });
  };
  before(async () => {
    site = await open(60);
    url = `http://127.0.0.1:${site.port}`;
  });
  after(() => site.close());

  type GameClient = Client<DefinitionOf<typeof api>>;

  /** A page of somebody's. */
  function visit(name: string): GameClient {
    const token = `${name}, as only they know`;
    return createClient(api, `${url}/game/socket`, {
      ...{ token, headers: { Origin: url }, codecs: [msgpackCodec, jsonCodec] },
      reconnect: { minDelayMs: 1, maxDelayMs: 20 },
    });
  }

  /** The ship of a seat, each time that the server says something of it. */
  async function* shipsOf(client: GameClient, { seat }: Seat): AsyncGenerator<ToldShip> {
    for await (const { set } of client.channel(ARENA)) {
      const record = set.get(shipKey(seat));
      if (record !== undefined) yield readShip(record);
    }
  }

  async function userOf(client: GameClient): Promise<string> {
    for await (const state of client.states()) if (state.name === "open") return state.user ?? "";
    throw new Error("it was closed");
  }

  const right: Command = { thrust: true, fire: false, aim: 0 };

  it("does the commands of a seat as the page has foreseen it", async () => {
    await using ann = visit("ann");
    const seat = await ann.call("join", { name: "Ann" });
    const commands = ann.channel(`commands/${await userOf(ann)}`);
    let prediction: Prediction | undefined;
    for await (const told of shipsOf(ann, seat)) {
      if (prediction === undefined) {
        prediction = new Prediction(told, told.acknowledged);
        // As many as are made up for at once, for there was time.
        for (let step = 0; step < 9; step += 1) prediction.step(right, step);
        const unsent = prediction.unsent(COMMANDS_MAX)!;
        assert.equal(commands.send(writeCommands(unsent.first, unsent.commands)), true);
        prediction.sent(unsent.commands.length);
        continue;
      }
      const { correctionPx } = prediction.reconcile(told);
      // A bot may have hit it: then it is elsewhere, and less whole.
      if (told.hull === 100) assert.equal(correctionPx, 0);
      if (prediction.pendingCount === 0) break;
    }
  });

  it("tells each what they see, and everything to who asks for it", async () => {
    await using ann = visit("interested");
    const { seat } = await ann.call("join", { name: "Ann" });
    const arena = ann.channel(ARENA);
    let seen = 0;
    let ticks = 0;
    for await (const { set } of arena) {
      const mark = set.get(MARK_KEY);
      if (mark !== undefined) assert.ok(readMark(mark) > 0);
      const own = arena.values.get(shipKey(seat));
      if (own === undefined) continue;
      const [x, y] = placeOf(shipKey(seat), own)!;
      for (const [key, record] of arena.values) {
        const place = placeOf(key, record);
        if (place === undefined) continue;
        const px = [Math.abs(place[0] - x) / UNITS, Math.abs(place[1] - y) / UNITS] as const;
        assert.ok(px[0] <= 6.5 * CELL_PX && px[1] <= 4.5 * CELL_PX, `${key} is ${px.join(", ")} away`);
      }
      seen = arena.values.size;
      ticks += 1;
      if (ticks === 5) await ann.call("seeEverything", true);
      if (ticks >= 5) break;
    }
    // 60 bots, 320 orbs, the mark, and whoever else is there.
    for await (const _ of arena) if (arena.values.size >= 382) break;
    assert.ok(seen * 4 < arena.values.size, `${seen} of ${arena.values.size}`);
    await ann.call("seeEverything", false);
    for await (const _ of arena) if (arena.values.size < 190) break;
  });

  it("holds a seat for a page that comes back, and gives it to the newest page of the same tab", async () => {
    const first = visit("held");
    const taken = await first.call("join", { name: "Held" });
    assert.equal(taken.isHeld, false);
    await first.close();
    await using again = visit("held");
    const held = await again.call("join", { name: "Held anew" });
    assert.deepEqual([held.seat, held.isHeld], [taken.seat, true]);
    await using newest = visit("held");
    assert.equal((await newest.call("join", { name: "Held" })).seat, taken.seat);
    const end = await again.closed;
    assert.equal(end.why, "refused");
    const players = newest.channel("players");
    for await (const _ of players) if (players.values.get(shipKey(taken.seat))?.name === "Held") break;
  });

  it("takes commands of their owner alone, and nothing that is no command", async () => {
    await using ann = visit("ann");
    await using bob = visit("bob");
    const user = await userOf(ann);
    const octets = writeCommands(0, [right]);
    await assert.rejects(bob.channel(`commands/${user}`).sendConfirmed(octets), { code: "forbidden" });
    const events = bob.channel(`commands/${user}`)[Symbol.asyncIterator]();
    await assert.rejects(events.next(), { code: "forbidden" });
    const long = new Uint8Array(2 + 2 * COMMANDS_MAX + 1);
    await assert.rejects(ann.channel(`commands/${user}`).sendConfirmed(long), { code: "invalid-value" });
    await ann.channel(`commands/${user}`).sendConfirmed(new Uint8Array(3));
    await assert.rejects(ann.channel(ARENA).set("p1", octets), { code: "forbidden" });
    await assert.rejects(ann.call("join", { name: " " }), { code: "invalid-value" });
  });

  it("refuses a flood of commands, and ends the connection of who does not stop", async () => {
    await using ann = visit("flood");
    const channel = ann.channel(`commands/${await userOf(ann)}`);
    const sent = await Promise.allSettled(
      Array.from({ length: 200 }, (_, index) => channel.sendConfirmed(writeCommands(index, [right]))),
    );
    const codes = new Set(
      sent.flatMap((one) => (one.status === "rejected" ? [(one.reason as { code: string }).code] : [])),
    );
    assert.ok(codes.has("rate-limited") || codes.has("too-many"), [...codes].join());
    for (let count = 0; ann.state.name === "open" && count < 2_000; count += 1)
      channel.send(writeCommands(count, [right]));
    for await (const state of ann.states()) {
      if (state.name !== "waiting") continue;
      assert.ok(state.loss.kind === "connection-lost");
      assert.equal(state.loss.report.code, 4429);
      break;
    }
  });

  it("serves its page, and refuses others' with 403", async () => {
    for (const path of ["/game/", "/game/page.js", "/game/style.css", "/game/favicon.svg"]) {
      assert.equal((await fetch(url + path)).status, 200, path);
    }
    assert.equal((await fetch(`${url}/game/socket`)).status, 426);
    const protocols = ["openline.v1.msgpack"];
    const refused = (error: unknown): boolean => error instanceof UpgradeRefusedError && error.status === 403;
    const address = `${url.replace("http:", "ws:")}/game/socket`;
    await assert.rejects(connect(address, { protocols, headers: { Origin: "http://evil.test" } }), refused);
    await assert.rejects(connect(address, { protocols }), refused);
  });

  it("says goodbye to whoever is there, and ends", async () => {
    const other = await open(1);
    const socket = await connect(`ws://127.0.0.1:${other.port}/game/socket`, {
      protocols: ["openline.v1.json"],
      headers: { Origin: `http://127.0.0.1:${other.port}` },
    });
    const [report] = await Promise.all([socket.closed, other.close()]);
    assert.equal(report.code, 1012);
  });
});
