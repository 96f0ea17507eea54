/**
 * A contract that an engine is asked to keep.
 */
import assert from "node:assert/strict";
import {
  type Contract,
  type ContractDefinition,
  createRealtime,
  type Engine,
  EngineError,
  type RealtimeLimits,
  type RealtimeOptions,
} from "#src/realtime/index.js";

export interface Asked {
  readonly limits?: RealtimeLimits;
  readonly calls?: Readonly<Record<string, () => unknown>>;
}

/** What a server with this contract says when it starts with this engine, which is closed again; undefined: it starts. */
export async function refusalOf(engine: Engine, api: Contract, asked: Asked = {}): Promise<string | undefined> {
  const reported: unknown[] = [];
  const options = { ...asked, engine, error: (error: unknown) => void reported.push(error) };
  // What the contract is, the types do not know here.
  const realtime = createRealtime(api, options as unknown as RealtimeOptions<undefined, ContractDefinition>);
  try {
    await realtime.ready;
    return undefined;
  } catch (error) {
    assert.ok(error instanceof EngineError);
    assert.equal(error.code, "not-guaranteed", error.message);
    assert.deepEqual(reported, [error], "it is reported, too");
    return error.message;
  } finally {
    await realtime.close();
  }
}

/** The same, line by line, without what the first one says. */
export async function refusedLines(engine: Engine, api: Contract, asked: Asked = {}): Promise<readonly string[]> {
  const message = await refusalOf(engine, api, asked);
  return message?.split("\n").slice(1) ?? [];
}
