/**
 * The states of a `WebSocket` object, which are those of browsers.
 */

/** Each with its number. */
export const readyStates = { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 } as const;

/** One of them. */
export type ReadyState = (typeof readyStates)[keyof typeof readyStates];

const names = Object.keys(readyStates);

/** Says that nothing can be sent in this state. */
export function notOpenError(state: ReadyState): Error {
  return new Error(`WebSocket is not open: readyState ${state} (${String(names[state])})`);
}

/** Puts the numbers on a class, or its prototype, where they can be seen and not changed. */
export function defineReadyStates(target: object): void {
  for (const [name, value] of Object.entries(readyStates))
    Object.defineProperty(target, name, { enumerable: true, value });
}
