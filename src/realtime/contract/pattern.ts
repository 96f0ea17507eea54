/**
 * Patterns of channel names: segments between slashes, each a text or a parameter: "room/{id}".
 */
import { maxNameLength } from "../wire/index.js";

/** What a name matches, and the values of the pattern's parameters. */
export interface Match<Value> {
  readonly pattern: string;
  readonly value: Value;
  readonly params: Readonly<Record<string, string>>;
}

interface Compiled<Value> {
  readonly pattern: string;
  readonly value: Value;
  /** The text of each segment; undefined for a parameter. */
  readonly texts: readonly (string | undefined)[];
  /** The name of each parameter, with the place of its segment. */
  readonly parameters: readonly (readonly [place: number, name: string])[];
}

const parameter = /^\{([A-Za-z_]\w*)\}$/;

// Names that are in use, whose matching is then one look-up; beyond it, the oldest ones are forgotten.
const defaultMaxCached = 10_000;

/** Finds the pattern of a name: the most specific one, which is that with a text where others have a parameter. */
export class Patterns<Value> {
  readonly #bySegments = new Map<number, Compiled<Value>[]>();
  readonly #cache = new Map<string, Match<Value>>();
  readonly #maxCached: number;

  /**
   * @param entries the patterns
   * @param maxCached names whose match is remembered. Default 10,000
   * @throws TypeError for a pattern that is none, or two that match the same names
   */
  constructor(entries: Readonly<Record<string, Value>>, maxCached: number = defaultMaxCached) {
    this.#maxCached = maxCached;
    for (const [pattern, value] of Object.entries(entries)) {
      const compiled = compile(pattern, value);
      const { length } = compiled.texts;
      const same = this.#bySegments.get(length) ?? [];
      const twin = same.find(({ texts }) => texts.every((text, index) => text === compiled.texts[index]));
      if (twin !== undefined) throw new TypeError(`"${pattern}" and "${twin.pattern}" match the same names`);
      same.push(compiled);
      same.sort(moreSpecificFirst);
      this.#bySegments.set(length, same);
    }
  }

  /** What a name matches; undefined where it matches nothing. */
  match(name: string): Match<Value> | undefined {
    const known = this.#cache.get(name);
    if (known !== undefined) return known;
    if (name.length > maxNameLength) return undefined;
    const segments = name.split("/");
    for (const compiled of this.#bySegments.get(segments.length) ?? []) {
      if (!matches(compiled, segments)) continue;
      const found = { pattern: compiled.pattern, value: compiled.value, params: paramsOf(compiled, segments) };
      this.#remember(name, found);
      return found;
    }
    // What matches nothing is not remembered: anybody can make up names.
    return undefined;
  }

  #remember(name: string, found: Match<Value>): void {
    if (this.#cache.size >= this.#maxCached) {
      for (const oldest of this.#cache.keys()) {
        this.#cache.delete(oldest);
        break;
      }
    }
    if (this.#maxCached > 0) this.#cache.set(name, found);
  }
}

function compile<Value>(pattern: string, value: Value): Compiled<Value> {
  const texts: (string | undefined)[] = [];
  const parameters: (readonly [number, string])[] = [];
  for (const [place, segment] of pattern.split("/").entries()) {
    const name = parameter.exec(segment)?.[1];
    const isTwice = parameters.some(([, other]) => other === name);
    if (segment === "" || isTwice || (name === undefined && /[{}]/.test(segment))) {
      throw new TypeError(
        `"${pattern}" is no pattern: between slashes stands a text or a {parameter}, no parameter twice`,
      );
    }
    texts.push(name === undefined ? segment : undefined);
    if (name !== undefined) parameters.push([place, name]);
  }
  return { pattern, value, texts, parameters };
}

/** From the left: a text is more specific than a parameter. */
function moreSpecificFirst(a: Compiled<unknown>, b: Compiled<unknown>): number {
  for (let place = 0; place < a.texts.length; place++) {
    const difference = Number(a.texts[place] === undefined) - Number(b.texts[place] === undefined);
    if (difference !== 0) return difference;
  }
  return 0;
}

function matches({ texts }: Compiled<unknown>, segments: readonly string[]): boolean {
  return segments.every((segment, place) => segment !== "" && (texts[place] ?? segment) === segment);
}

function paramsOf({ parameters }: Compiled<unknown>, segments: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(parameters.map(([place, name]) => [name, segments[place] ?? ""]));
}
