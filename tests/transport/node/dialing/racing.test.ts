/**
 * RFC 8305, within 127.0.0.0/8: a port that is listened on at 127.0.0.1 is refused at the other addresses. An attempt
 * is under way until the event loop has had a turn, so that a clock that goes on meanwhile makes it slow.
 */
import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { networkInterfaces } from "node:os";
import type { TestContext } from "node:test";
import { describe, it } from "node:test";
import { OpenedSockets } from "#src/transport/node/dialing/opened-sockets.js";
import type { RaceOptions } from "#src/transport/node/dialing/racing.js";
import { interleave, race } from "#src/transport/node/dialing/racing.js";
import { FakeClock } from "../../../support/fake-clock.js";
import { serveRaw } from "../../../support/raw-http.js";

const v4 = (address: string) => ({ address, family: 4 });
const v6 = (address: string) => ({ address, family: 6 });

interface Race {
  readonly clock: FakeClock;
  readonly controller: AbortController;
  readonly opened: Socket[];
  readonly winner: Promise<Socket>;
}

function start(
  t: TestContext,
  addresses: Parameters<typeof race>[0],
  options: Partial<RaceOptions> & { readonly port: number },
): Race {
  const clock = new FakeClock();
  const controller = new AbortController();
  const opened: Socket[] = [];
  const sockets = new (class extends OpenedSockets {
    override add<Added extends Socket>(socket: Added): Added {
      opened.push(socket);
      return super.add(socket);
    }
  })();
  t.after(() => sockets.discardAll());
  const defaults = { attemptDelayMs: 250, localAddress: undefined, clock };
  const winner = race(addresses, { ...defaults, ...options }, sockets, controller.signal);
  return { clock, controller, opened, winner };
}

/** A port of 127.0.0.1 that is listened on; the rest of 127.0.0.0/8 refuses it. */
function listen(t: TestContext, accepted: (socket: Socket) => void = () => undefined): Promise<number> {
  return serveRaw(t, accepted);
}

describe("RFC 8305 §4 the order of addresses", () => {
  it("takes the families in turns, beginning with the one of the first", () => {
    const six = ["a::1", "a::2", "a::3"].map(v6);
    const four = ["1.0.0.1", "1.0.0.2"].map(v4);
    const textOf = (list: Parameters<typeof race>[0]): string[] => interleave(list).map(({ address }) => address);
    assert.deepEqual(textOf([...six, ...four]), ["a::1", "1.0.0.1", "a::2", "1.0.0.2", "a::3"]);
    assert.deepEqual(textOf([...four, ...six]), ["1.0.0.1", "a::1", "1.0.0.2", "a::2", "a::3"]);
    assert.deepEqual(textOf(four), ["1.0.0.1", "1.0.0.2"]);
  });
});

describe("RFC 8305 §5 attempts", () => {
  it("are one where there is one address, whose error is told as it is", async (t) => {
    const port = await listen(t);
    const { winner, clock } = start(t, [v4("127.0.0.1")], { port });
    assert.equal((await winner).remoteAddress, "127.0.0.1");
    assert.equal(clock.pendingTimers, 0);
    const refused = start(t, [v4("127.0.0.2")], { port });
    await assert.rejects(refused.winner, { code: "ECONNREFUSED", address: "127.0.0.2" });
    assert.ok(refused.opened.every(({ destroyed }) => destroyed));
  });

  it("follow each other at once where they fail, without waiting for the delay", async (t) => {
    const port = await listen(t);
    const { winner, opened, clock } = start(t, ["127.0.0.2", "127.0.0.3", "127.0.0.1"].map(v4), { port });
    assert.equal((await winner).remoteAddress, "127.0.0.1");
    assert.equal(opened.length, 3);
    assert.deepEqual(
      opened.map(({ destroyed }) => destroyed),
      [true, true, false],
    );
    assert.equal(clock.pendingTimers, 0);
  });

  it("tell every address and its reason where all of them fail", async (t) => {
    const port = await listen(t);
    const { winner, opened, clock } = start(t, ["127.0.0.2", "127.0.0.3"].map(v4), { port });
    await assert.rejects(winner, (error: unknown) => {
      assert.ok(error instanceof AggregateError);
      assert.equal(error.errors.length, 2);
      assert.match(error.message, /^none of 2 addresses: .*127\.0\.0\.2.*; .*127\.0\.0\.3/);
      assert.equal((error as AggregateError & { code?: string }).code, "ECONNREFUSED");
      return true;
    });
    assert.ok(opened.every(({ destroyed }) => destroyed));
    assert.equal(clock.pendingTimers, 0);
  });

  it("begin beside those that are under way after the delay, and the first to succeed cuts the others", async (t) => {
    const port = await listen(t);
    const { winner, opened, clock } = start(t, ["127.0.0.2", "127.0.0.1", "127.0.0.3"].map(v4), { port });
    clock.advance(249);
    assert.equal(opened.length, 1);
    clock.advance(1);
    assert.equal(opened.length, 2);
    assert.equal(clock.pendingTimers, 1);
    assert.equal((await winner).remoteAddress, "127.0.0.1");
    assert.deepEqual(
      opened.map(({ destroyed }) => destroyed),
      [true, false, true],
    );
    assert.equal(clock.pendingTimers, 0);
  });

  it("let one that is slow win after the next has begun", async (t) => {
    const port = await listen(t);
    const { winner, opened, clock } = start(t, ["127.0.0.1", "127.0.0.2"].map(v4), { port });
    // Before the kernel has told of the first.
    clock.advance(250);
    assert.equal(opened.length, 2);
    const first = await winner;
    assert.equal(first.remoteAddress, "127.0.0.1");
    assert.equal(first, opened[0]);
    assert.deepEqual([first.destroyed, opened[1]?.destroyed], [false, true]);
  });

  it("end when the signal is aborted, all of them, and no timer stays", async (t) => {
    const port = await listen(t);
    const { winner, opened, clock, controller } = start(t, ["127.0.0.1", "127.0.0.2", "127.0.0.3"].map(v4), { port });
    clock.advance(250);
    const reason = new Error("enough");
    controller.abort(reason);
    await assert.rejects(winner, reason);
    assert.ok(opened.length === 2 && opened.every(({ destroyed }) => destroyed));
    assert.equal(clock.pendingTimers, 0);
  });

  it("take no more than one connection to where it counts, and leave the winner no listener", async (t) => {
    const port = await listen(t);
    const { winner } = start(t, [v4("127.0.0.1")], { port });
    const socket = await winner;
    assert.deepEqual([socket.listenerCount("connect"), socket.listenerCount("error")], [0, 1]);
  });

  it("come from the local address that is wanted", async (t) => {
    const from: (string | undefined)[] = [];
    const seen = new Promise<void>((resolve) => {
      void listen(t, (socket) => {
        from.push(socket.remoteAddress);
        resolve();
      }).then((port) => start(t, [v4("127.0.0.1")], { port, localAddress: "127.0.0.77" }).winner);
    });
    await seen;
    assert.deepEqual(from, ["127.0.0.77"]);
  });

  const hasIpv6 = Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === "::1"));
  it("reach the other family where the preferred one is not listened on", { skip: !hasIpv6 }, async (t) => {
    const port = await listen(t);
    const { winner, opened } = start(t, [v6("::1"), v4("127.0.0.1")], { port });
    assert.equal((await winner).remoteAddress, "127.0.0.1");
    assert.equal(opened.length, 2);
  });
});
