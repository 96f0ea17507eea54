/**
 * What the measurements say of what costs what: the model's inputs, by least squares.
 */

/**
 * Coefficients of a sum that comes nearest to what was measured, each measurement counting by how far it is off in proportion.
 * What would come out below nothing is nothing.
 *
 * @param {readonly { terms: readonly number[], value: number }[]} rows at least as many as there are terms
 * @returns {number[]} one for each term, 0 or more
 */
export function leastSquares(rows) {
  const count = rows[0].terms.length;
  const used = new Set(Array.from({ length: count }, (_, index) => index));
  for (;;) {
    const columns = [...used];
    const scaled = rows.map(({ terms, value }) => columns.map((index) => terms[index] / value));
    const matrix = columns.map((_, row) => [
      ...columns.map((_column, column) => sum(scaled.map((terms) => terms[row] * terms[column]))),
      sum(scaled.map((terms) => terms[row])),
    ]);
    const found = solve(matrix);
    const lowest = found.indexOf(Math.min(...found));
    if (found.length === 0 || found[lowest] >= 0) {
      return Array.from({ length: count }, (_, index) => (used.has(index) ? found[columns.indexOf(index)] : 0));
    }
    used.delete(columns[lowest]);
  }
}

const sum = (/** @type {readonly number[]} */ values) => values.reduce((before, value) => before + value, 0);

/** Gauss; the last column is the right side. */
function solve(matrix) {
  const rows = matrix.map((row) => [...row]);
  for (let column = 0; column < rows.length; column++) {
    const rest = rows.slice(column).map((row) => Math.abs(row[column]));
    const pivot = column + rest.indexOf(Math.max(...rest));
    [rows[column], rows[pivot]] = [rows[pivot], rows[column]];
    if (Math.abs(rows[column][column]) < 1e-12) throw new Error("the measurements do not tell these costs apart");
    for (let row = 0; row < rows.length; row++) {
      if (row === column) continue;
      const factor = rows[row][column] / rows[column][column];
      rows[row] = rows[row].map((value, index) => value - factor * rows[column][index]);
    }
  }
  return rows.map((row, index) => row[rows.length] / row[index]);
}

/**
 * What one message costs, in microseconds of processor time.
 *
 * @typedef {object} Costs
 * @property {number} publish the node that publishes it
 * @property {number} receive each node that has subscribers
 * @property {number} deliver each subscriber
 * @property {number} engineMessage the engine's server
 * @property {number} engineCopy the engine's server, for each node that has subscribers
 */

/**
 * At two paces, between which what a system does lies: where every message comes alone, and all that handles it wakes up for it; and
 * where nodes have more to do than they can, and what comes together is handled together. The latter are told apart no further than
 * by nodes: publishing is in what a delivery costs.
 *
 * @param {any} record as `npm run scaling` writes it
 * @param {string} system
 * @returns {{ readonly alone: Costs, readonly together: Costs }}
 * @throws when it has not been measured
 */
export function costsOf(record, system) {
  const resultsOf = (workloads) =>
    workloads.flatMap(({ load, results }) =>
      results.filter((result) => result.system === system).map((result) => ({ load, ...result })),
    );
  const along = record.axes.flatMap(({ points }) => points);
  const paced = resultsOf([...record.workloads.filter(({ share }) => share === undefined), ...along]);
  const held = resultsOf(record.workloads.filter(({ share }) => share !== undefined));
  if (paced.length < 3 || held.length < 2) throw new Error(`${system} has not been measured`);
  const [publish, receive, deliver] = fit(paced, "cpuMicrosecondsPerPublished", (result) => [
    1,
    reached(result),
    subscribers(result),
  ]);
  const [receiveTogether, deliverTogether] = fit(held, "cpuMicrosecondsPerPublished", (result) => [
    reached(result),
    subscribers(result),
  ]);
  return {
    alone: { publish, receive, deliver, ...engineCosts(paced) },
    together: { publish: 0, receive: receiveTogether, deliver: deliverTogether, ...engineCosts(held) },
  };
}

function engineCosts(measured) {
  const [engineMessage, engineCopy] = fit(measured, "engineCpuMicrosecondsPerPublished", (result) => [
    1,
    reached(result),
  ]);
  return { engineMessage, engineCopy };
}

/** @param {(result: any) => readonly number[]} termsOf */
function fit(measured, figure, termsOf) {
  return leastSquares(measured.map((result) => ({ terms: termsOf(result), value: result.medians[figure] })));
}

const subscribers = ({ load }) => load.connections / load.rooms;
const reached = (result) => (result.load.together ? 1 : Math.min(result.nodes, subscribers(result)));
