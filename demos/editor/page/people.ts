// Who edits, as awareness tells it.

/** Colors of people. */
export const COLORS: number = 8;

const NAMES: readonly string[] = [
  "Ada",
  "Grace",
  "Alan",
  "Barbara",
  "Edsger",
  "Hedy",
  "Donald",
  "Margaret",
  "Niklaus",
  "Radia",
];

/** Somebody who edits. */
export interface Person {
  readonly name: string;
  /** The number of a color: from 0, below `COLORS`. */
  readonly color: number;
}

/** Two people by chance, who are not called the same. */
export function twoPeople(): readonly [Person, Person] {
  const first = Math.floor(Math.random() * NAMES.length);
  const second = (first + 1 + Math.floor(Math.random() * (NAMES.length - 1))) % NAMES.length;
  const color = Math.floor(Math.random() * COLORS);
  const person = (index: number, number: number): Person => ({ name: NAMES[index] ?? "", color: number % COLORS });
  return [person(first, color), person(second, color + COLORS / 2)];
}

/** Reads what somebody tells of themselves, which may be anything. */
export function readPerson(state: Readonly<Record<string, unknown>>): Person {
  const { name, color } = (state["user"] ?? {}) as Readonly<Record<string, unknown>>;
  return {
    name: typeof name === "string" && name !== "" ? name.slice(0, 24) : "Somebody",
    color: typeof color === "number" && Number.isInteger(color) && color >= 0 && color < COLORS ? color : 0,
  };
}
