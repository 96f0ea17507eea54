/**
 * The loop: takes an input that is known, changes it, or makes a new one, runs it, and keeps it when it reaches something
 * that none has reached before.
 */
import { SeededRandom } from "#src/testing/index.js";
import type { Coverage } from "./coverage.js";
import { mutate } from "./mutate.js";
import type { FuzzTarget } from "./target.js";

/** An input for which something does not hold. */
export interface FuzzFailure {
  readonly input: Uint8Array;
  readonly error: unknown;
}

/** What to do. */
export interface FuzzOptions {
  readonly seed: number;
  /** Inputs to begin with. */
  readonly corpus: readonly Uint8Array[];
  /** Asked before each input: whether to go on. */
  readonly goesOn: (inputs: number) => boolean;
  /** Where given, inputs are kept by what they reach. */
  readonly coverage?: Coverage | undefined;
  /** Told of every input before it runs, for whoever watches that it ends. */
  readonly begins?: ((input: Uint8Array) => void) | undefined;
}

/** What came of it. */
export interface FuzzResult {
  readonly inputs: number;
  readonly failure: FuzzFailure | undefined;
  /** Inputs that reached something new, those of the given corpus not among them. */
  readonly kept: readonly Uint8Array[];
}

// Asking for the coverage takes as long as some hundred short inputs.
const inputsPerLook = 100;

/** See the head of this file. Ends at the first failure. */
export async function fuzz(target: FuzzTarget, options: FuzzOptions): Promise<FuzzResult> {
  const random = new SeededRandom(options.seed);
  const corpus = [...options.corpus];
  const kept: Uint8Array[] = [];
  let inputs = 0;
  const run = async (input: Uint8Array): Promise<FuzzFailure | undefined> => {
    inputs++;
    options.begins?.(input);
    return runOnce(target, input);
  };
  for (const input of options.corpus) {
    const failure = await run(input);
    if (failure !== undefined) return { inputs, failure, kept };
  }
  options.coverage?.take();
  while (options.goesOn(inputs)) {
    const batch: Uint8Array[] = [];
    for (let count = 0; count < inputsPerLook && options.goesOn(inputs); count++) {
      const input = nextInput(target, random, corpus);
      batch.push(input);
      const failure = await run(input);
      if (failure !== undefined) return { inputs, failure, kept };
    }
    if (options.coverage?.hasNews() !== true) continue;
    const news = await reachersOf(target, batch, options.coverage);
    kept.push(...news);
    corpus.push(...news);
  }
  return { inputs, failure: undefined, kept };
}

/** Runs an input. Returns what did not hold. */
export async function runOnce(target: FuzzTarget, input: Uint8Array): Promise<FuzzFailure | undefined> {
  try {
    // A copy, since inputs may be changed where they are read, as what comes from a socket is.
    await target.run(Uint8Array.from(input));
    return undefined;
  } catch (error) {
    return { input, error };
  }
}

function nextInput(target: FuzzTarget, random: SeededRandom, corpus: readonly Uint8Array[]): Uint8Array {
  if (corpus.length === 0 || random.chance(0.3)) {
    const made = target.generate(random);
    return (random.chance(0.5) ? made : mutate(made, random, made)).subarray(0, target.maxInputBytes);
  }
  const changed = mutate(random.pick(corpus), random, random.pick(corpus));
  return changed.subarray(0, target.maxInputBytes);
}

/** Those of some inputs that reach something new, each after those before it, found by running them once more. */
async function reachersOf(
  target: FuzzTarget,
  inputs: readonly Uint8Array[],
  coverage: Coverage,
): Promise<Uint8Array[]> {
  const found: Uint8Array[] = [];
  for (const input of inputs) {
    await runOnce(target, input);
    if (coverage.take() > 0) found.push(input);
  }
  coverage.takeLast();
  return found;
}
