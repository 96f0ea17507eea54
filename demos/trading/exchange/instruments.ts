// The instruments that are traded here: companies that do not exist, with prices, ticks and lots as different as real
// ones.
import type { Instrument } from "../shared/instrument.js";
import { stepsOf } from "../shared/instrument.js";
import type { Random } from "./random.js";

/** What the generator knows of an instrument beside what is told. */
export interface Listing {
  readonly instrument: Instrument;
  /** The price at which it begins. */
  readonly startTicks: number;
  /** Orders and cancellations in a second, about. */
  readonly eventsPerSecond: number;
  /** How far the price goes in a second, about. */
  readonly volatilityTicks: number;
  /** Lots of an order at the best price, about. */
  readonly typicalLots: number;
}

// The first two letters of each are unlike the others', so that the four of a symbol are its own.
const FIRST_WORDS = [
  ...["Amber", "Birch", "Cobalt", "Drift", "Ember", "Fjord", "Granite", "Harbor", "Indigo", "Juniper"],
  ...["Kestrel", "Lumen", "Meadow", "Nimbus", "Onyx", "Pioneer", "Quarry", "Raven", "Sable", "Tundra"],
];
const SECOND_WORDS = [
  ...["Airways", "Bakeries", "Copper", "Dairy", "Energy", "Freight", "Glass", "Hotels", "Labs", "Motors"],
];

/** Prices below which these ticks and lots are used. */
const GRIDS: readonly (readonly [below: number, tick: string, lot: string])[] = [
  [2, "0.0001", "100"],
  [10, "0.001", "50"],
  [60, "0.005", "10"],
  [300, "0.02", "1"],
  [1_500, "0.1", "0.1"],
  [Number.POSITIVE_INFINITY, "0.25", "0.01"],
];

const PRICE_MIN = 0.6;
const PRICE_MAX = 4_000;
/** What the busiest has; the others have less and less of it. */
const EVENTS_PER_SECOND_MAX = 150;
const EVENTS_PER_SECOND_MIN = 4;
/** How many instruments down the list it is half as much. */
const HALF_RANK = 8;
/** The size of an order in lots, so that its value is about the same whatever the price. */
const ORDER_LOTS = [3, 40] as const;
/** The largest order, in typical ones. */
const MAX_ORDERS = 500;

/**
 * Lists instruments, the busiest first.
 * @param count 1 to 200.
 */
export function listInstruments(count: number, random: Random): readonly Listing[] {
  const names = FIRST_WORDS.flatMap((first) => SECOND_WORDS.map((second) => [first, second] as const));
  // By chance, so that neighbors in the list are not all of a name.
  for (let index = names.length - 1; index > 0; index -= 1) {
    const other = random.below(index + 1);
    [names[index], names[other]] = [names[other]!, names[index]!];
  }
  return names.slice(0, count).map(([first, second], rank) => listingOf(first, second, rank, random));
}

function listingOf(first: string, second: string, rank: number, random: Random): Listing {
  const price = PRICE_MIN * (PRICE_MAX / PRICE_MIN) ** random.next();
  const [, tick, lot] = GRIDS.find(([below]) => price < below)!;
  const [fewest, most] = ORDER_LOTS;
  const typicalLots = Math.round(fewest + (most - fewest) * random.next() ** 2);
  const draft = {
    symbol: (first.slice(0, 2) + second.slice(0, 2)).toUpperCase(),
    name: `${first} ${second}`,
    ...{ tick, lot, maxSize: lot },
  };
  const { size } = stepsOf(draft);
  const startTicks = Math.round(price / Number(tick));
  return {
    instrument: { ...draft, maxSize: size.format(typicalLots * MAX_ORDERS) },
    startTicks,
    eventsPerSecond: Math.max(EVENTS_PER_SECOND_MIN, EVENTS_PER_SECOND_MAX / (1 + rank / HALF_RANK)),
    volatilityTicks: startTicks * (0.00012 + 0.0002 * random.next()),
    typicalLots,
  };
}
