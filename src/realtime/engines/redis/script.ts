/**
 * A Lua script, which Redis runs as one.
 */
import { createHash } from "node:crypto";

/** See the head of this file. */
export class Script {
  readonly lua: string;
  /** The name under which Redis has it, once it was given it. */
  readonly sha: string;

  constructor(lua: string) {
    this.lua = lua;
    this.sha = createHash("sha1").update(lua).digest("hex");
  }
}
