/**
 * What a file in micro/pieces/ exports as `piece`: the same work done by several.
 *
 * @typedef {object} Piece
 * @property {string} name
 * @property {string} title
 * @property {readonly Case[]} cases
 *
 * @typedef {object} Case
 * @property {string} name
 * @property {string} title
 * @property {number} operations how many messages, or calls, a run takes
 * @property {number} bytes of payload in each
 * @property {() => Record<string, Contender>} contenders by their names; called in a process of its own for each case,
 *   so that no code is compiled for what another case does
 *
 * @typedef {object} Contender
 * @property {() => void} run does the work
 * @property {() => void} check does it once and throws where the outcome is wrong
 */

export {};
