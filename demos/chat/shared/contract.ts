// The contract of page and server.
import { call, contract, log, signal, state, unchecked } from "openline/realtime/contract";
import * as v from "valibot";
import { KEPT_MESSAGES, NAME_MAX_LENGTH, TEXT_MAX_LENGTH } from "./limits.js";

/** The server's process, as pages show it. */
export interface ServerProcess {
  readonly pid: number;
  /** Which process it is since the site was started, from 1. */
  readonly run: number;
}

/** What the server says of a part of a room's log. */
export interface Audit {
  /** Whether all of it is kept. */
  readonly isWhole: boolean;
  readonly count: number;
  readonly checksum: string;
}

/** A part of a room's log: what follows a position, up to another one. */
export interface Part {
  readonly room: string;
  readonly after: string;
  readonly upTo: string;
}

const text = v.pipe(
  v.string(),
  v.trim(),
  v.minLength(1, "a message has to say something"),
  v.maxLength(TEXT_MAX_LENGTH, `a message has ${TEXT_MAX_LENGTH} characters at most`),
);

const name = v.pipe(
  v.string(),
  v.trim(),
  v.minLength(1, "a name has to say something"),
  v.maxLength(NAME_MAX_LENGTH, `a name has ${NAME_MAX_LENGTH} characters at most`),
);

/** See the head of this file. */
export const api = contract({
  channels: {
    "room/{room}": log({ message: v.object({ text }), retain: { count: KEPT_MESSAGES } }),
    // Whether somebody is typing. Who looks at a room is present here.
    "typing/{room}": signal({ message: v.boolean() }),
    // Names by user.
    people: state({ value: v.string() }),
    // Under "process", which it is.
    server: state({ value: unchecked<ServerProcess>() }),
    // Under "on", whether they talk.
    bots: state({ value: v.boolean() }),
  },
  calls: {
    rename: call({ input: name, output: unchecked<string>(), idempotent: true }),
    setBots: call({ input: v.boolean(), output: unchecked<boolean>(), idempotent: true }),
    audit: call({
      input: v.object({ room: v.string(), after: v.string(), upTo: v.string() }),
      output: unchecked<Audit>(),
      idempotent: true,
    }),
  },
});
