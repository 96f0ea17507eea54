/**
 * The states of a reconnecting socket as a table.
 */
import type { ReconnectingState } from "./reconnecting-socket.js";

/** What may follow each state. The first is "connecting". */
export const stateTransitions: Readonly<Record<ReconnectingState["name"], readonly ReconnectingState["name"][]>> = {
  connecting: ["open", "waiting", "closed"],
  // Never straight to an attempt: every one is behind a delay, be it of 0 ms.
  open: ["waiting", "closed"],
  // Once more where something has made the delay shorter.
  waiting: ["waiting", "connecting", "closed"],
  closed: [],
};
