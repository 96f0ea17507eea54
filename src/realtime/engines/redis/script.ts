/**
 * A Lua script, which Redis runs as one.
 */
import { createHash } from "node:crypto";

/** See the head of this file. */
export class Script {
  readonly lua: string;
  /** The name under which Redis has it, once it was given it. */
  readonly sha: string;
  /** Whether it is told its turn (`turnLua`). */
  readonly isInTurn: boolean;

  constructor(lua: string, { isInTurn = false }: { readonly isInTurn?: boolean } = {}) {
    this.lua = lua;
    this.isInTurn = isInTurn;
    this.sha = createHash("sha1").update(lua).digest("hex");
  }
}

/** Octets of what a script is given, about. */
export function bytesOf(args: readonly (string | number | Buffer)[]): number {
  let bytes = 0;
  for (const arg of args) if (typeof arg !== "number") bytes += arg.length;
  return bytes;
}
