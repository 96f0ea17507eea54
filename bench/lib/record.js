/**
 * The record of a run: everything that was measured, on which machine, with which versions.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { toJson } from "./json.js";

/**
 * Where a record belongs: a quick run's figures say nothing and must not take the place of those that are published.
 *
 * @param {string} name of the file
 * @param {boolean} quick
 */
export function recordFile(name, quick) {
  return new URL(`../${quick ? "build" : "results"}/${name}.json`, import.meta.url);
}

/**
 * @param {URL} file
 * @param {unknown} record
 */
export async function writeRecord(file, record) {
  await mkdir(new URL(".", file), { recursive: true });
  await writeFile(file, toJson(record));
}

/** @param {URL} file */
export async function readRecord(file) {
  return JSON.parse(await readFile(file, "utf8"));
}

/**
 * Puts the workloads of one run in the place of those of another, each with what is its run's own.
 *
 * @param {any} published the record that they go into
 * @param {any} run the record that they come from
 * @returns a new record
 */
export function putInto(published, { date, rounds, warmUpMs, windowMs, peers, groups }) {
  const own = { date, rounds, warmUpMs, windowMs };
  const incoming = groups.map((group) => ({
    ...group,
    workloads: group.workloads.map((workload) => ({ ...workload, run: own })),
  }));
  const merged = published.groups.map((group) => {
    const more = incoming.find(({ name }) => name === group.name);
    return more === undefined ? group : { ...more, workloads: byName(group.workloads, more.workloads) };
  });
  const isNew = ({ name }) => published.groups.every((group) => group.name !== name);
  const added = incoming.filter(isNew);
  return { ...published, peers: byName(published.peers, peers), groups: [...merged, ...added] };
}

/** Elements with names: those of `more` in the place of those before, or behind them. */
function byName(elements, more) {
  const found = new Map(elements.map((element) => [element.name, element]));
  for (const element of more) found.set(element.name, element);
  return [...found.values()];
}
