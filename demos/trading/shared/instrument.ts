// An instrument, and its prices and sizes as whole numbers of ticks and lots.
import { decimalsOf, formatDecimal, parseDecimal } from "./decimal.js";

/** What is told of an instrument. */
export interface Instrument {
  readonly symbol: string;
  readonly name: string;
  /** The step between two prices. */
  readonly tick: string;
  /** The step between two sizes, and the least size. */
  readonly lot: string;
  /** The largest size of an order. */
  readonly maxSize: string;
}

/** Turns text into steps and back: prices into ticks, sizes into lots. */
export class Steps {
  /** Digits behind the point. */
  readonly decimals: number;
  /** A step in units of the last of those digits. */
  readonly #stepUnits: number;

  /** @param step The step as a decimal, above 0. */
  constructor(step: string) {
    this.decimals = decimalsOf(step);
    this.#stepUnits = Number(parseDecimal(step, this.decimals));
    if (!(this.#stepUnits > 0)) throw new RangeError(`a step has to be above 0, and is ${step}`);
  }

  /** How many steps that is; undefined when it is no decimal, no whole number of steps, or too many to count exactly. */
  parse(text: string): number | undefined {
    const units = parseDecimal(text, this.decimals);
    if (units === undefined || units % BigInt(this.#stepUnits) !== 0n) return undefined;
    const steps = Number(units / BigInt(this.#stepUnits));
    return Number.isSafeInteger(steps * this.#stepUnits) ? steps : undefined;
  }

  /** So many steps as a decimal. */
  format(steps: number): string {
    return formatDecimal(steps * this.#stepUnits, this.decimals);
  }

  /**
   * So many steps in units of the last digit, for sums and products of any size.
   * @param steps A safe integer.
   */
  units(steps: number): bigint {
    return BigInt(steps) * BigInt(this.#stepUnits);
  }
}

/** The steps of an instrument. */
export interface InstrumentSteps {
  readonly price: Steps;
  readonly size: Steps;
}

/** The steps of an instrument. */
export function stepsOf({ tick, lot }: Instrument): InstrumentSteps {
  return { price: new Steps(tick), size: new Steps(lot) };
}
