/**
 * What the nodes of these tests speak.
 */
import { contract, log, state, unchecked } from "#src/realtime/contract/index.js";

export const api = contract({
  channels: {
    "room/{id}": log({ message: unchecked<string>(), retain: { count: 1000 } }),
    "book/{id}": state({ value: unchecked<number>() }),
    lobby: log(),
  },
});
