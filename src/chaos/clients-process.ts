/**
 * Some of the clients of a run, in a process of their own, whose options come as JSON in the first argument. It prints when all
 * of them are there, and is told by lines of JSON to begin, to stop, to say the end, and to tell how everything is.
 */
import { createInterface } from "node:readline";
import { Chance } from "./chance.js";
import { JournalWriter } from "./journal.js";
import { Party } from "./party.js";
import { SecondsOfProcess } from "./seconds.js";

/** See the head of this file. */
export interface ClientsOptions {
  readonly folder: string;
  readonly seed: number;
  /** Which of the processes this is, and of how many. */
  readonly process: number;
  readonly processes: number;
  /** Of all processes together. */
  readonly clients: number;
  readonly rooms: number;
  readonly boards: number;
  readonly halls: number;
  readonly scenes: number;
  readonly urls: readonly string[];
  readonly actionMs: number;
}

/** Of clients, so many come and go. */
const guestShare = 0.2;
/** One of so many does without WebSockets. */
const eventsEvery = 7;
const guestMs = 15_000;
const flushMs = 250;
const seedStep = 1_000_003;

const options = JSON.parse(process.argv[2] ?? "{}") as ClientsOptions;
const name = `clients ${options.process}`;
const journal = new JournalWriter(options.folder, `clients-${options.process}`, false);
const seconds = new SecondsOfProcess(name, journal);
const chance = new Chance(options.seed * seedStep + options.process + 0x4000_0000);
const parties = new Set<Party>();
const residents: Party[] = [];
let isLoaded = false;
let isCalm = false;

function print(line: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** A client of its own name in a place. */
function begin(place: number, visit: number, isGuest: boolean): Promise<Party> {
  const { rooms, boards, halls, scenes, urls, actionMs } = options;
  const plan = {
    ...{ rooms, urls, actionMs, isGuest },
    ...{ room: place % rooms, board: place % boards, hall: (place + visit) % halls },
    ...{ scene: place % scenes, hasCamera: place < scenes && !isGuest },
    eventsOf: place % eventsEvery === eventsEvery - 1 ? place % urls.length : undefined,
    seed: options.seed * seedStep + place * 1009 + visit,
  };
  const hearer = { name: isGuest ? `g${place}.${visit}` : `c${place}`, journal, seconds };
  return new Promise((resolve) => {
    const next = (): void => {
      clearTimeout(leaving);
      parties.delete(party);
      // It may be gone before it has heard anything.
      resolve(party);
      if (!isCalm) void begin(place, visit + 1, true);
    };
    const party: Party = new Party(hearer, plan, () => resolve(party), next);
    const leave = (): void => {
      if (isCalm) return;
      void party.close();
      next();
    };
    const leaving = isGuest ? setTimeout(leave, chance.wait(guestMs) + flushMs) : undefined;
    parties.add(party);
    if (isLoaded) party.start();
  });
}

/** Resolves when something holds, looked at now and then; to false when it does not within the time. */
async function until(isSo: () => boolean, withinMs: number): Promise<boolean> {
  const endMs = performance.now() + withinMs;
  while (!isSo()) {
    if (performance.now() > endMs) return false;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return true;
}

async function all(isSo: (party: Party) => boolean, withinMs: number): Promise<boolean> {
  return await until(() => [...parties].every(isSo), withinMs);
}

async function obey(does: string, withinMs: number): Promise<void> {
  switch (does) {
    case "load":
      isLoaded = true;
      for (const party of parties) party.start();
      break;
    case "calm":
      isCalm = true;
      for (const party of parties) party.stop();
      print({ calm: await all((party) => party.isOpen && party.isHearing && party.unanswered === 0, withinMs) });
      break;
    case "end":
      // The first of each room and board are among the first residents.
      await Promise.all([
        ...residents.filter((_party, index) => placeOf(index) < options.rooms).map((party) => party.sayTheEnd()),
        ...residents.filter((_party, index) => placeOf(index) < options.boards).map((party) => party.setTheEnd()),
        ...residents.map((party) => party.showTheEnd()),
      ]);
      print({ said: true });
      break;
    case "tell":
      await all((party) => party.isOpen && party.missing().length === 0, withinMs);
      for (const party of parties) party.tellEnd();
      journal.flush();
      print({ told: true });
      break;
    default:
  }
}

function placeOf(index: number): number {
  return index * options.processes + options.process;
}

function end(): void {
  seconds.stop();
  journal.close();
  process.exit();
}

setInterval(() => {
  for (const party of parties) party.flush();
  journal.flush();
}, flushMs).unref();
seconds.start(() => [...parties].filter((party) => party.isOpen).length);

createInterface({ input: process.stdin })
  .on("line", (line) => {
    const { does, withinMs = 0 } = JSON.parse(line) as { readonly does: string; readonly withinMs?: number };
    void obey(does, withinMs);
  })
  .on("close", end);

const guests = Math.floor(options.clients * guestShare);
const coming: Promise<Party>[] = [];
for (let place = options.process; place < options.clients; place += options.processes) {
  // A moment apart, as people come.
  if (coming.length % 20 === 19) await new Promise((resolve) => setTimeout(resolve, 50));
  const isGuest = place >= options.clients - guests;
  const party = begin(place, 0, isGuest);
  coming.push(party);
  if (!isGuest) void party.then((resident) => (residents[(place - options.process) / options.processes] = resident));
}
await Promise.all(coming);
print({ ready: true });
