/**
 * A short run of the simulation, and whether it finds what it is there to find. A long one: `npm run simulate`.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { faultNames } from "./faults.js";
import { judgeMoment } from "./judge.js";
import { type Changes, type Simulation, simulate } from "./simulation.js";

const quickSeeds = 100;

/** So that nothing else can be the reason for what is found, and a run takes no time. */
const calm = {
  clients: 1,
  weather: "fair",
  serverReception: "handler",
  handlerFailure: 0,
  endingChance: 0,
  operationsPerSide: 8,
  link: { latencyMs: 1, maxPieceBytes: 1000 },
  longMessageBytes: 3000,
} as const;

/**
 * Runs some seeds with something that must not be, and gathers what was found. Few of them: whoever waits for what is lost
 * waits for as long as a simulation lasts.
 */
async function violationsWith(changes: Changes, seeds = 5): Promise<string[]> {
  const found: string[] = [];
  for (let seed = 1; seed <= seeds; seed++) {
    const { violations } = await simulate(seed, {
      ...changes,
      scenario: { ...calm, ...changes.scenario },
    });
    found.push(...violations);
  }
  return found;
}

describe("a server and clients over a network that fails", () => {
  it(`keep their promises with the seeds from 1 to ${quickSeeds}`, async () => {
    let messages = 0;
    for (let seed = 1; seed <= quickSeeds; seed++) {
      const outcome = await simulate(seed);
      messages += outcome.messages;
      const again = `npm run simulate -- --from ${seed} --seeds 1 --trace`;
      const trace = outcome.trace.slice(-40).join("\n");
      assert.deepEqual(outcome.violations, [], `seed ${seed} fails; again: ${again}\n${trace}`);
    }
    assert.ok(messages > quickSeeds * 10, `only ${messages} messages were received`);
  });

  it("do the same once more with the same seed, to the last line of the trace", async () => {
    for (const seed of [7, 33, 349, 1403]) {
      const first = await simulate(seed);
      const second = await simulate(seed);
      assert.deepEqual(second, first);
    }
  });
});

describe("the simulation finds", () => {
  it("nothing, where nothing is wrong", async () => {
    assert.deepEqual(await violationsWith({}), []);
  });

  // Whoever waits for what was lost would see heartbeats all the while, which is most of what that costs.
  const silent = { serverOptions: { heartbeat: false }, clientOptions: { heartbeat: false } } as const;

  for (const fault of faultNames) {
    it(`${fault} on the link`, async () => {
      const found = await violationsWith({ fault, scenario: silent });
      const told = found.filter((violation) => /instead of|are missing|nothing was left to come/u.test(violation));
      assert.ok(told.length >= 2, `${told.length} of the runs tell of it: ${found.join("\n")}`);
    });
  }

  it("a server that loses a message", async () => {
    const found = await violationsWith({ serverLoses: 2, scenario: silent }, 1);
    assert.ok(found.some((violation) => /server \d: received .* instead of/u.test(violation)));
  });

  it("a reader that stops for good", async () => {
    // Without the deadlines that would find it, too.
    const patient = { heartbeat: false, messageTimeoutMs: false, sendTimeoutMs: false } as const;
    const found = await violationsWith({
      scenario: { serverOptions: patient, clientOptions: patient },
      began: (simulation) => {
        // From some time on nothing is read any more.
        simulation.clock.setExactTimer(() => {
          for (const { server } of simulation.server.links) server.resume = () => undefined;
          for (const { server } of simulation.server.links) server.pause();
        }, 30);
      },
    });
    assert.ok(found.some((violation) => violation.includes("messages never arrive")));
  });

  it("a timer that is left", async () => {
    const found = await violationsWith({ began: ({ clock }) => void clock.setTimer(() => undefined, 1e9) }, 1);
    assert.match(found.join("\n"), /1 timers left/u);
  });

  it("a promise that never settles", async () => {
    const found = await violationsWith({ began: ({ watch }) => watch("a wish", new Promise(() => undefined)) }, 1);
    assert.match(found.join("\n"), /a wish has not settled/u);
  });

  it("a buffer that is given back twice, or not at all", async () => {
    const found = await violationsWith({ began: ({ pool }) => pool.release(new Uint8Array(10)) }, 1);
    assert.match(found.join("\n"), /given back twice/u);
    const kept = await violationsWith({ began: ({ pool }) => void pool.acquire(10) });
    assert.match(kept.join("\n"), /1 buffers left/u);
  });

  it("a socket that buffers more than it may", () => {
    const log: string[] = [];
    const socket = { readyState: "open", bufferedBytes: 80_000_000 };
    judgeMoment({
      parties: [{ socket, role: "server", name: "server 0", sent: { longestBytes: 1_000_000 }, look: () => undefined }],
      scenario: { serverOptions: { maxSendBufferBytes: 64 * 1024 * 1024 }, link: {} },
      log: { violation: (who: string, what: string) => log.push(`${who}: ${what}`) },
    } as unknown as Simulation);
    assert.match(log.join("\n"), /server 0: 80000000 octets are buffered, with a limit of 67108864/u);
  });

  it("a socket that reads on while nobody takes its messages", () => {
    const log: string[] = [];
    const party = {
      socket: { readyState: "open", bufferedBytes: 0 },
      link: { readBytes: () => 400_000 },
      role: "client",
      name: "client 0",
      received: 1,
      receivedBytes: 100,
      peer: { sent: { longestBytes: 1000 } },
      sent: { longestBytes: 1000 },
      look: () => undefined,
    };
    judgeMoment({
      parties: [party],
      scenario: { clientOptions: { maxInboxBytes: 2000 }, link: { maxPieceBytes: 1000 } },
      log: { violation: (who: string, what: string) => log.push(`${who}: ${what}`) },
    } as unknown as Simulation);
    assert.match(log.join("\n"), /client 0: about \d+ octets wait to be taken, with a limit of 2000/u);
  });
});
