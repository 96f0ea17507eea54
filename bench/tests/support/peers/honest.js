import { peer as ws } from "../../../peers/ws.js";

/** A peer that does what is asked. */
export const peer = { ...ws, name: "honest", title: "the honest one" };
