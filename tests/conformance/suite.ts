/**
 * Runs cases against a target, as tests of their own.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { CloseReport } from "#src/index.js";
import type { ConformanceCase } from "./cases/case.js";
import { groups } from "./cases/index.js";
import type { Ending } from "./fuzzing-peer.js";
import type { Arrival, Target } from "./targets/target.js";

// Long enough for 16 MiB on a slow and busy machine. What never comes at all is noticed then.
const timeout = 60_000;

/** As the stream has it. */
export const asSent: Arrival = { name: "as it is sent" };

/**
 * Declares a test for each case.
 *
 * @param isWanted which cases; default all
 */
export function testCases(
  target: () => Target,
  arrival: Arrival,
  isWanted: (conformanceCase: ConformanceCase) => boolean = () => true,
): void {
  for (const { title, cases } of groups) {
    const wanted = cases.filter(isWanted);
    if (wanted.length === 0) continue;
    describe(title, () => {
      for (const conformanceCase of wanted) {
        it(`${conformanceCase.id} ${conformanceCase.title}`, { timeout }, ({ signal }) =>
          run(conformanceCase, target(), arrival, signal),
        );
      }
    });
  }
}

async function run(
  conformanceCase: ConformanceCase,
  target: Target,
  arrival: Arrival,
  signal: AbortSignal,
): Promise<void> {
  const { peer, report } = await target.open(arrival, conformanceCase.deflate);
  // A case that waits for what never comes is over when its time is; nothing of it holds up the others.
  signal.addEventListener("abort", () => peer.destroy());
  try {
    await conformanceCase.run(peer);
    assert.ok(peer.ending, "a case goes on to the end of the connection");
    if (report !== undefined) assertAgrees(await report, peer.ending);
  } catch (error) {
    peer.destroy();
    const { id, title } = conformanceCase;
    throw new Error(`${id} ${title}, octets arriving ${arrival.name}: ${messageOf(error)}`, { cause: error });
  }
}

/** What the side under test tells its application is what the fuzzing peer has seen. */
function assertAgrees({ outcome, code, wasClean, initiator }: CloseReport, ending: Ending): void {
  assert.deepEqual(
    { outcome, code, wasClean, initiator },
    ending.kind === "clean"
      ? { outcome: "closed-by-peer", code: ending.code, wasClean: true, initiator: "peer" }
      : { outcome: "failed", code: ending.code, wasClean: false, initiator: "us" },
    "the close report",
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
