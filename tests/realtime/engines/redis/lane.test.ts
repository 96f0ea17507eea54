import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as turnOver } from "node:timers/promises";
import { Lane } from "#src/realtime/engines/redis/lane.js";

interface Sent {
  readonly name: string;
  readonly after: number;
  readonly answer: () => void;
  readonly fail: (error?: string) => void;
}

/** A lane whose requests are answered by hand. */
class World {
  readonly sent: Sent[] = [];
  /** What each came to, in the order in which they did. */
  readonly outcomes: string[] = [];
  /** Why each retry was asked for. */
  readonly retries: string[] = [];
  left = 0;
  #mayRetry: ((makesSense: boolean) => void) | undefined;
  #number = 0;
  readonly #lane = new Lane(
    (error) => {
      this.retries.push((error as Error).message);
      return new Promise((resolve) => {
        this.#mayRetry = resolve;
      });
    },
    () => this.left++,
    () => ++this.#number,
  );

  ask(...names: string[]): void {
    for (const name of names) {
      const send = ({ after }: { after: number }) =>
        new Promise<void>((answer, reject) => {
          this.sent.push({ name, after, answer, fail: (error = "lost") => reject(new Error(error)) });
        });
      this.#lane
        .run(send, (error) => (error as Error).message === "final")
        .then(
          () => this.outcomes.push(name),
          (error: unknown) => this.outcomes.push(`${name}: ${(error as Error).message}`),
        );
    }
  }

  /** What was sent since this was asked last. */
  take(): string[] {
    const names = this.sent.slice(this.#taken).map(({ name }) => name);
    this.#taken = this.sent.length;
    return names;
  }
  #taken = 0;

  /** Waiting is over. */
  async retry(makesSense: boolean = true): Promise<void> {
    await turnOver();
    this.#mayRetry?.(makesSense);
    await turnOver();
  }

  of(name: string): Sent {
    const sent = this.sent.findLast((one) => one.name === name);
    assert.ok(sent !== undefined);
    return sent;
  }
}

describe("a lane", () => {
  it("sends without waiting in between, and is left when nothing is on its way", async () => {
    const world = new World();
    world.ask("a", "b");
    assert.deepEqual(world.take(), ["a", "b"]);
    world.of("b").answer();
    await turnOver();
    assert.equal(world.left, 0);
    world.of("a").answer();
    await turnOver();
    assert.deepEqual(world.outcomes, ["b", "a"]);
    assert.equal(world.left, 1);
  });

  it("sends again in the order of the calls, in whichever order they failed", async () => {
    const world = new World();
    world.ask("a", "b", "c", "d");
    world.take();
    // Refused before they were written, while the others were on their way as the connection broke.
    for (const name of ["c", "d", "b", "a"]) {
      world.of(name).fail(name);
      await turnOver();
    }
    assert.deepEqual(world.take(), []);
    await world.retry();
    assert.deepEqual(world.take(), ["a", "b", "c", "d"]);
    assert.deepEqual(world.retries, ["a"], "for the reason of the first one");
  });

  it("sends only what was not done again, and when all are settled", async () => {
    const world = new World();
    world.ask("a", "b", "c");
    world.of("a").fail();
    world.of("b").answer();
    await world.retry();
    world.take();
    assert.deepEqual(world.retries, [], "one is on its way");
    world.of("c").fail();
    await world.retry();
    assert.deepEqual(world.take(), ["a", "c"]);
    world.of("c").fail();
    world.of("a").answer();
    await world.retry();
    assert.deepEqual(world.take(), ["c"]);
    world.of("c").answer();
    await turnOver();
    assert.deepEqual(world.outcomes, ["b", "a", "c"]);
    assert.equal(world.left, 1);
  });

  it("holds back what comes while others wait to be sent again", async () => {
    const world = new World();
    world.ask("a", "b");
    world.of("b").fail();
    await turnOver();
    world.ask("c");
    world.of("a").fail();
    await turnOver();
    world.ask("d");
    world.take();
    await world.retry();
    assert.deepEqual(world.take(), ["a", "b", "c", "d"]);
    world.ask("e");
    assert.deepEqual(world.take(), ["e"]);
  });

  it("rejects all that wait, each for its reason, where sending again makes no sense, and goes on anew", async () => {
    const world = new World();
    world.ask("a", "b");
    world.of("b").fail("refused");
    await turnOver();
    world.ask("c");
    world.of("a").fail("lost");
    await world.retry(false);
    assert.deepEqual(world.outcomes, ["a: lost", "b: refused", "c: lost"]);
    assert.equal(world.left, 1);
    world.take();
    world.ask("d");
    assert.deepEqual(world.take(), ["d"]);
  });

  it("rejects at once what failed for good, and goes on with the others", async () => {
    const world = new World();
    world.ask("a", "b", "c");
    world.of("a").fail("final");
    world.of("b").fail();
    world.of("c").fail("final");
    world.take();
    await world.retry();
    assert.deepEqual(world.outcomes, ["a: final", "c: final"]);
    assert.deepEqual(world.take(), ["b"]);
  });

  it("tells each which one it follows, unless nothing is on its way", async () => {
    const world = new World();
    world.ask("a", "b", "c");
    assert.deepEqual(
      world.sent.map(({ after }) => after),
      [0, 1, 2],
    );
    for (const name of ["a", "b", "c"]) world.of(name).fail();
    await world.retry();
    assert.deepEqual(
      world.sent.slice(3).map(({ after }) => after),
      [0, 1, 2],
    );
    for (const name of ["a", "b", "c"]) world.of(name).answer();
    await turnOver();
    world.ask("d");
    assert.equal(world.of("d").after, 0);
  });
});
