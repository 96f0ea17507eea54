/**
 * What a real-time client does in its life, as a program that any runtime runs: pages, workers, Node, Bun, Deno. It imports
 * nothing, and is given what it tests. Its server is in realtime-scenario-server.ts.
 */
import type { ClientOptions, CreateClient } from "#src/realtime/client/index.js";
import type * as contracts from "#src/realtime/contract/index.js";

/** What is tested. */
export interface ScenarioParts extends ContractParts {
  readonly createClient: CreateClient;
}

type ContractParts = Pick<typeof contracts, "call" | "contract" | "log" | "signal" | "state" | "unchecked">;

interface Post {
  readonly text: string;
  readonly octets?: Uint8Array;
}

/** The contract, of which each end makes its own. */
export function scenarioApi({ call, contract, log, signal, state, unchecked }: ContractParts) {
  return contract({
    channels: {
      "room/{run}": log({ message: unchecked<Post>(), tell: { user: true } }),
      "board/{run}": state({ value: unchecked<number>() }),
      "knock/{run}": signal({ message: unchecked<string>() }),
    },
    calls: {
      echo: call({ input: unchecked<unknown>(), output: unchecked<unknown>() }),
      fail: call(),
      count: call({ input: unchecked<number>(), stream: unchecked<number>() }),
      askBack: call({ input: unchecked<string>(), output: unchecked<unknown>() }),
      cut: call({ input: unchecked<string>() }),
      orderAndCut: call({ output: unchecked<number>(), idempotent: true }),
    },
    clientCalls: { confirm: call({ input: unchecked<string>(), output: unchecked<boolean>() }) },
  });
}

/**
 * Runs it.
 *
 * @param run a name of its own, by which it is known to the server
 * @returns what each step came to, as JSON has it; see `scenarioOutcome`
 */
export async function runScenario(
  parts: ScenarioParts,
  url: string,
  run: string,
  codecs?: ClientOptions["codecs"],
): Promise<Record<string, unknown>> {
  const states: string[] = [];
  const client = parts.createClient(scenarioApi(parts), url, {
    token: () => run,
    ...(codecs !== undefined && { codecs }),
    reconnect: { minDelayMs: 10 },
    state: ({ name }) => states.push(name),
  });
  const codeOf = (error: unknown): unknown => (error as { readonly code?: unknown }).code;

  const room = client.channel(`room/${run}`, { presence: true, last: 10 });
  const events = room[Symbol.asyncIterator]();
  const log: unknown[] = [];
  const take = async (count: number): Promise<void> => {
    for (let index = 0; index < count; index++) {
      const { value: event } = await events.next();
      if (event?.type !== "message") log.push([event?.type, event?.recovered]);
      else log.push([event.value.text, [...(event.value.octets ?? [])], event.user ?? null, event.recovered]);
    }
  };
  await take(1);
  await room.publish({ text: "one", octets: Uint8Array.of(0, 1, 255) });
  await take(1);

  const board = client.channel(`board/${run}`);
  const changes = board[Symbol.asyncIterator]();
  await board.set("a", 1, { if: null });
  const conflict: unknown = await board.set("a", 2, { if: null }).catch(codeOf);
  while (board.values.get("a") !== 1) await changes.next();

  const knocks = client.channel(`knock/${run}`)[Symbol.asyncIterator]();
  await client.channel(`knock/${run}`).sendConfirmed("who is there?");
  const { value: knock } = await knocks.next();

  client.handle("confirm", (question) => question === "sure?");
  const echoed = await client.call("echo", { deep: [{ "héllo €😀": null }], $b: "no octets", some: 1.5 });
  const failed: unknown = await client.call("fail", null).catch(codeOf);
  const counted: number[] = [];
  for await (const value of client.stream("count", 100)) counted.push(value);
  const confirmed = await client.call("askBack", "sure?");

  await room.presence.show({ mood: "fine" });
  const presences = room.presence[Symbol.asyncIterator]();
  while (room.presence.users.get(run)?.state === null) await presences.next();
  const present = [...room.presence.users].map(([user, { state, connections }]) => [user, state, connections]);
  await client.refreshToken();

  const lost: unknown = await client.call("cut", run).catch(codeOf);
  await take(2);
  const orders = await client.call("orderAndCut", null);
  await take(1);
  await room.publish({ text: "last" });
  await take(1);
  const { why } = await client.close();
  const { done } = await events.next();
  return {
    ...{ states, log, board: [...board.values], conflict, echoed, failed, counted: counted.length, confirmed },
    ...{ knock: knock?.type === "message" && [knock.value, knock.user], present, lost, orders, why, done },
    hasClock: typeof client.serverTimeMs() === "number",
  };
}

/** What every runtime has to come to. */
export function scenarioOutcome(run: string): Record<string, unknown> {
  const again = ["waiting", "connecting", "open"];
  return {
    states: ["open", ...again, ...again, "closed"],
    log: [
      ["live", true],
      ["one", [0, 1, 255], run, false],
      ["missed", [7], null, true],
      ["live", true],
      ["live", true],
      ["last", [], run, false],
    ],
    board: [["a", 1]],
    conflict: "conflict",
    echoed: { deep: [{ "héllo €😀": null }], $b: "no octets", some: 1.5 },
    failed: "out-of-paper",
    counted: 100,
    confirmed: true,
    knock: ["who is there?", run],
    present: [[run, { mood: "fine" }, 1]],
    lost: "connection-lost",
    orders: 1,
    why: "closed",
    done: true,
    hasClock: true,
  };
}
