/**
 * What an area of interest saves: `node interest.js [players] [bots] [rounds]`. Entities of an arena move 20 times a second,
 * and each player gets all of them, or those in the nine cells of a hundred around its own.
 *
 * The server is a process of its own, over the loopback interface and without compression; of it the processor time of a
 * tick is taken. The ways take turns, in new processes for each round, and what is printed are medians of the rounds.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { connect, serve } from "openline";
import { contract, createRealtime, state } from "openline/realtime";
import { msgpackCodec } from "openline/realtime/msgpack";

const [role, ...settings] = process.argv.slice(2);
const isServer = role === "server";
const [players = 200, bots = 100, rounds = 3] = (isServer ? settings : process.argv.slice(2)).map(Number);

const name = "arena/1";
const tickMs = 50;
const warmUpTicks = 60;
const measuredTicks = 100;
const sideCells = 10;
const cellUnits = 100;
const sideUnits = sideCells * cellUnits;
// Of a fast one: a cell a second.
const maxStepUnits = 5;

/** Moves by a seed, so that all ways have the same. */
function createChance() {
  let seed = 1;
  return () => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
    return seed / 0x80000000;
  };
}

const cellOf = (x, y) => Math.floor(y / cellUnits) * sideCells + Math.floor(x / cellUnits);

function cellsAround(cell) {
  const cells = new Set();
  for (let row = -1; row <= 1; row++) {
    for (let column = -1; column <= 1; column++) {
      const [x, y] = [(cell % sideCells) + column, Math.floor(cell / sideCells) + row];
      if (x >= 0 && y >= 0 && x < sideCells && y < sideCells) cells.add(y * sideCells + x);
    }
  }
  return cells;
}

/** A position and a speed in 12 octets. */
function octetsOf({ x, y, dx, dy }) {
  const view = new DataView(new ArrayBuffer(12));
  view.setFloat32(0, x);
  view.setFloat32(4, y);
  view.setInt16(8, dx * 1000);
  view.setInt16(10, dy * 1000);
  return new Uint8Array(view.buffer);
}

function move(entity) {
  for (const [at, speed] of [
    ["x", "dx"],
    ["y", "dy"],
  ]) {
    const next = entity[at] + entity[speed];
    if (next < 0 || next >= sideUnits) entity[speed] = -entity[speed];
    else entity[at] = next;
  }
}

async function serveHere(isFiltered, isBulk) {
  const chance = createChance();
  const step = () => (chance() * 2 - 1) * maxStepUnits;
  const entities = Array.from({ length: players + bots }, (_, index) => ({
    key: `${index < players ? "p" : "b"}${index}`,
    x: chance() * sideUnits,
    y: chance() * sideUnits,
    dx: step(),
    dy: step(),
    cell: -1,
    view: new Set(),
  }));
  const playersBySession = new Map();
  const interest = {
    "arena/{id}": {
      area(_key, octets) {
        const view = new DataView(octets.buffer, octets.byteOffset);
        return cellOf(view.getFloat32(0), view.getFloat32(4));
      },
      // A set of each one's own, which nothing but what it sees makes equal to another's.
      sees({ session }) {
        const player = playersBySession.get(session) ?? entities[playersBySession.size];
        playersBySession.set(session, player);
        const cell = cellOf(player.x, player.y);
        if (player.cell !== cell) Object.assign(player, { cell, view: cellsAround(cell) });
        return player.view;
      },
    },
  };
  const api = contract({ channels: { "arena/{id}": state() } });
  const realtime = createRealtime(api, { codecs: [msgpackCodec], ...(isFiltered && { interest }) });
  const server = await serve({ port: 0, host: "127.0.0.1", perMessageDeflate: false, ...realtime.handlers });
  const tick = async () => {
    for (const entity of entities) move(entity);
    if (isBulk)
      await realtime.setMany(
        name,
        entities.map((entity) => [entity.key, octetsOf(entity)]),
      );
    else await Promise.all(entities.map((entity) => realtime.set(name, entity.key, octetsOf(entity))));
  };
  await tick();
  process.send({ url: server.url });
  await once(process, "message");
  const cpuMs = () => (process.cpuUsage().user + process.cpuUsage().system) / 1000;
  let ticks = 0;
  let before = 0;
  setInterval(() => {
    ticks++;
    if (ticks === warmUpTicks) {
      before = cpuMs();
      process.send("begun");
    } else if (ticks === warmUpTicks + measuredTicks) {
      process.send({ cpuMs: (cpuMs() - before) / measuredTicks });
    } else if (ticks > warmUpTicks + measuredTicks) return;
    void tick();
  }, tickMs);
}

/** One round of one way. */
async function round(codec, isFiltered, isBulk) {
  const child = fork(fileURLToPath(import.meta.url), ["server", players, bots, 1, isFiltered, isBulk].map(String));
  const [{ url }] = await once(child, "message");
  let octets = 0;
  const sockets = [];
  for (let index = 0; index < players; index++) {
    const message = (_socket, data) => {
      octets += data.length;
    };
    const socket = await connect(url, { protocols: [`openline.v1.${codec}`], message });
    const frames = [
      ["hello", {}],
      ["sub", 1, name, {}],
    ];
    for (const frame of frames) socket.send(codec === "json" ? JSON.stringify(frame) : msgpackCodec.encode(frame));
    sockets.push(socket);
  }
  child.send("go");
  await once(child, "message");
  octets = 0;
  const [{ cpuMs }] = await once(child, "message");
  const result = {
    "octets of a player in a tick": octets / players / measuredTicks,
    "server ms of processor in a tick": cpuMs,
  };
  child.kill();
  for (const socket of sockets) socket.terminate();
  await once(child, "exit");
  return result;
}

const median = (values) => values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)];

const ways = {
  "everything, set one by one": [false, false],
  everything: [false, true],
  "in sight, set one by one": [true, false],
  "in sight": [true, true],
};

async function judge() {
  console.log(`${players} players and ${bots} bots, ${1000 / tickMs} ticks a second`);
  for (const codec of ["json", "msgpack"]) {
    const results = Object.fromEntries(Object.keys(ways).map((way) => [way, []]));
    for (let index = 0; index < rounds; index++) {
      for (const [way, how] of Object.entries(ways)) results[way].push(await round(codec, ...how));
    }
    console.log(`\n| ${codec} | ${Object.keys(ways).join(" | ")} | everything : in sight |`);
    console.log(`|${" --- |".repeat(Object.keys(ways).length + 2)}`);
    for (const figure of Object.keys(results.everything[0])) {
      const medians = Object.values(results).map((samples) => median(samples.map((sample) => sample[figure])));
      const cells = [...medians, medians[1] / medians[3]].map((value) => value.toPrecision(3));
      console.log(`| ${figure} | ${cells.join(" | ")} |`);
    }
  }
}

if (isServer) await serveHere(settings[3] === "true", settings[4] === "true");
else await judge();
