/**
 * Rows of times: pairs of from and until, in order and apart from each other.
 */

/** From a moment up to another, in milliseconds. */
export type Interval = readonly [from: number, until: number];

/** The same times in order, with what touches joined. */
export function union(intervals: readonly Interval[]): Interval[] {
  const sorted = intervals.filter(([from, until]) => until > from).sort(([one], [other]) => one - other);
  const joined: [number, number][] = [];
  for (const [from, until] of sorted) {
    const last = joined.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], until);
    else joined.push([from, until]);
  }
  return joined;
}

/** What is in both rows. */
export function intersection(one: readonly Interval[], other: readonly Interval[]): Interval[] {
  const common: Interval[] = [];
  for (let a = 0, b = 0; a < one.length && b < other.length; ) {
    const [fromA, untilA] = one[a] as Interval;
    const [fromB, untilB] = other[b] as Interval;
    const from = Math.max(fromA, fromB);
    const until = Math.min(untilA, untilB);
    if (until > from) common.push([from, until]);
    if (untilA < untilB) a++;
    else b++;
  }
  return common;
}

/** What of a time is in none of a row. */
export function complement(row: readonly Interval[], [start, end]: Interval): Interval[] {
  const rest: Interval[] = [];
  let from = start;
  for (const [begin, until] of row) {
    if (begin > from) rest.push([from, Math.min(begin, end)]);
    from = Math.max(from, until);
  }
  if (from < end) rest.push([from, end]);
  return rest.filter((interval) => interval[1] > interval[0]);
}
