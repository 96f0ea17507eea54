/**
 * Several sessions over one connection, as the server keeps them apart.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { contract, log } from "#src/realtime/contract/index.js";
import { msgpackCodec } from "#src/realtime/msgpack/index.js";
import { type AnyRealtimeOptions, type Prepared, SharedConnection } from "#src/realtime/server/index.js";
import { jsonCodec, readShared, type SharingFrame, writeShared, writeSharing } from "#src/realtime/wire/index.js";
import { believe, World } from "./world.js";

const api = contract({ channels: { room: log() } });

type Said = ReturnType<typeof readShared>;

/** A world with one connection, which is spoken to by hand. */
async function carried(options: AnyRealtimeOptions = {}) {
  const world = new World(api, { codecs: [msgpackCodec], authenticate: believe, ...options });
  await world.server.ready;
  const said: Said[] = [];
  let closed: readonly [number, string] | undefined;
  const carrier = {
    isFull: false,
    request: undefined,
    remoteAddress: "memory",
    bufferedBytes: 0,
    send: (data: unknown) => {
      said.push(readShared(data as string | Uint8Array));
      return carrier.isFull ? ("buffered" as const) : ("sent" as const);
    },
    close: (code: number, reason: string) => {
      closed = [code, reason];
    },
  };
  const contentOf = (prepared: Prepared): string | Uint8Array =>
    (prepared as Prepared & { readonly data: string }).data;
  const connection = new SharedConnection(world.server, carrier, contentOf);
  const receive = async (data: string | Uint8Array): Promise<void> => {
    void connection.receive(data);
    await world.settle();
  };
  const about = (frame: SharingFrame): Promise<void> => receive(writeSharing(frame));
  const say = (s: number, ...frame: unknown[]): Promise<void> =>
    receive(writeShared(s, jsonCodec.encode(frame as never)));
  return {
    world,
    carrier,
    connection,
    receive,
    about,
    say,
    get closed() {
      return closed;
    },
    /** What has been said of late about a session, frames of its own as they are. */
    take(s: number): unknown[] {
      const own = said.filter((frame) => frame?.[1] === s);
      for (const frame of own) said.splice(said.indexOf(frame), 1);
      return own.flatMap((frame): unknown[] => {
        if (frame?.[0] !== "message") return [frame];
        const decoded = jsonCodec.decode(frame[2]) as unknown[];
        return Array.isArray(decoded[0]) ? decoded : [decoded];
      });
    },
    async welcome(s: number, user = "ann"): Promise<void> {
      await about(["open", s, ["openline.v1.json"]]);
      await say(s, "hello", { token: user });
      const [opened, welcome] = this.take(s) as [unknown, [string, { user: string; maxMessageBytes: number }]];
      assert.deepEqual(opened, ["opened", s, "openline.v1.json"]);
      assert.deepEqual([welcome[0], welcome[1].user], ["welcome", user]);
    },
  };
}

describe("a connection with several sessions", () => {
  it("has no more time for what is said of sessions that are not there", async () => {
    const shared = await carried({ limits: { helloTimeoutMs: 1000 } });
    for (let times = 0; times < 3; times++) {
      await shared.world.clock.advance(300);
      await shared.about(["close", 1, 1000, ""]);
    }
    assert.equal(shared.closed, undefined);
    await shared.world.clock.advance(101);
    assert.deepEqual(shared.closed, [4408, "no session in time"]);
    await shared.world.close();
  });

  it("keeps them apart: users, numbers, ends", async () => {
    const shared = await carried();
    await shared.welcome(1, "ann");
    await shared.welcome(2, "bob");
    await shared.say(1, "sub", 1, "room");
    await shared.say(2, "sub", 1, "room");
    await shared.say(1, "pub", 2, "room", "hi");
    for (const s of [1, 2]) assert.ok(shared.take(s).some((frame) => (frame as unknown[])[0] === "m"));
    assert.equal(await shared.world.server.revoke("ann", "bad"), 1);
    assert.deepEqual(shared.take(1), [["close", 1, 4403, "bad"]]);
    // Crossed its end.
    await shared.say(1, "ping", 3);
    await shared.about(["ack", 1, 10]);
    await shared.about(["close", 1, 1000, ""]);
    assert.deepEqual(shared.take(1), []);
    await shared.say(2, "ping", 3);
    assert.equal((shared.take(2)[0] as unknown[])[0], "ok");
    assert.equal(shared.closed, undefined);
    shared.connection.closed();
    assert.deepEqual([...shared.world.server.sessions], []);
    await shared.world.close();
  });

  it("chooses a codec for each, and has to have one", async () => {
    const shared = await carried();
    await shared.about(["open", 1, ["openline.v9.xml", "openline.v1.msgpack", "openline.v1.json"]]);
    await shared.about(["open", 2, ["openline.v9.xml"]]);
    assert.deepEqual(shared.take(1), [["opened", 1, "openline.v1.msgpack"]]);
    assert.deepEqual(shared.take(2), [["close", 2, 4400, "no subprotocol of openline's"]]);
    await shared.world.close();
  });

  for (const [what, message] of [
    ["what is no message of a session's", "hello"],
    ["a number twice", writeSharing(["open", 1, ["openline.v1.json"]])],
    ["what servers say", writeSharing(["refused", 1])],
    ["octets without a number", Uint8Array.of(1)],
  ] as const) {
    it(`ends with 4400 for ${what}`, async () => {
      const shared = await carried();
      await shared.welcome(1);
      await shared.receive(message);
      assert.equal(shared.closed?.[0], 4400);
      assert.deepEqual([...shared.world.server.sessions], []);
      await shared.receive(writeSharing(["open", 2, ["openline.v1.json"]]));
      assert.deepEqual(shared.take(2), []);
      await shared.world.close();
    });
  }

  it("sends more than maxSharedSessions elsewhere, and all while the server goes away", async () => {
    const shared = await carried({ limits: { maxSharedSessions: 1 } });
    await shared.welcome(1);
    await shared.about(["open", 2, ["openline.v1.json"]]);
    assert.deepEqual(shared.take(2), [["refused", 2]]);
    await shared.about(["close", 1, 1000, ""]);
    await shared.welcome(3);
    const draining = shared.world.server.drain({ spreadMs: 100 });
    await shared.about(["open", 4, ["openline.v1.json"]]);
    assert.deepEqual(shared.take(4), [["refused", 4]]);
    assert.equal(shared.closed, undefined);
    await shared.world.clock.advance(2100);
    await draining;
    assert.deepEqual(shared.take(3).at(-1), ["close", 3, 1012, "going away"]);
    assert.equal(shared.closed?.[0], 1012);
    await shared.world.close();
  });

  it("is closed with 4408 when it has had no session for helloTimeoutMs", async () => {
    const shared = await carried({ limits: { helloTimeoutMs: 1000 } });
    await shared.world.clock.advance(900);
    await shared.welcome(1);
    await shared.world.clock.advance(5000);
    assert.equal(shared.closed, undefined);
    await shared.about(["close", 1, 1000, ""]);
    await shared.world.clock.advance(1000);
    assert.equal(shared.closed?.[0], 4408);
    await shared.world.close();
  });

  it("holds one back that acknowledges nothing, and goes on when it does", async () => {
    const shared = await carried();
    await shared.welcome(1);
    await shared.welcome(2);
    for (const s of [1, 2]) await shared.say(s, "sub", 1, "room");
    const count = 100;
    const values: string[] = [];
    let bytes = 0;
    for (let index = 0; index < count; index++) {
      values.push(`${index}`.padEnd(5000));
      await shared.world.server.publish("room", values.at(-1));
      await shared.world.settle();
      const got = shared.take(2).length > 0 ? (values[index]?.length ?? 0) : 0;
      bytes += got;
      // As much as came, about.
      await shared.about(["ack", 2, 5000]);
    }
    assert.equal(bytes, count * 5000);
    const valuesOf = (frames: readonly unknown[]): unknown[] =>
      frames.filter((frame) => (frame as unknown[])[0] === "m").map((frame) => (frame as unknown[])[4]);
    const held = valuesOf(shared.take(1));
    assert.ok(held.length > 20 && held.length < 40, String(held.length));
    let [r, got] = [10, held];
    while (got.length < count) {
      await shared.about(["ack", 1, 200_000]);
      // Pages of what was held back are asked for.
      const frames = shared.take(1) as unknown[][];
      got = [...got, ...valuesOf(frames)];
      const page = frames.findLast(([operation]) => operation === "page");
      if (page?.[3] === false) await shared.say(1, "more", page[1]);
      else await shared.say(1, "ping", r++);
    }
    assert.deepEqual(got, values);
    await shared.world.close();
  });

  it("acknowledges what it has taken, and takes a message that is as long as it says", async () => {
    const shared = await carried({ limits: { maxMessageBytes: 100_000 } });
    await shared.about(["open", 1, ["openline.v1.json"]]);
    await shared.say(1, "hello", { token: "ann" });
    const [, welcome] = shared.take(1) as [unknown, [string, { readonly maxMessageBytes: number }]];
    const { maxMessageBytes } = welcome[1];
    const ping = (length: number): string => {
      const frame = (padding: number): string => jsonCodec.encode(["ping", 1, "x".repeat(padding)] as never);
      return frame(length - frame(0).length);
    };
    const longest = writeShared(1, ping(maxMessageBytes));
    assert.ok(longest.length <= 100_000);
    await shared.receive(longest);
    const said = shared.take(1) as unknown[][];
    assert.deepEqual(said.map(([operation]) => operation).sort(), ["ack", "ok"]);
    const [[, , length] = []] = said.filter(([operation]) => operation === "ack");
    assert.ok(Number(length) >= maxMessageBytes);
    await shared.receive(writeShared(1, ping(maxMessageBytes + 1)));
    assert.deepEqual(
      (shared.take(1) as unknown[][]).map((frame) => frame.slice(0, 3)),
      [["close", 1, 1009]],
    );
    await shared.world.close();
  });

  it("lets nobody wait for another's authentication, within bounds", async () => {
    let letIn = (): void => undefined;
    const shared = await carried({
      limits: { maxMessageBytes: 1000 },
      authenticate: ({ token }) =>
        token === "slow"
          ? new Promise((resolve) => {
              letIn = () => resolve({ user: "slow" });
            })
          : { user: "ann" },
    });
    await shared.welcome(1);
    await shared.about(["open", 2, ["openline.v1.json"]]);
    await shared.say(2, "hello", { token: "slow" });
    await shared.say(1, "ping", 1);
    assert.equal((shared.take(1)[0] as unknown[])[0], "ok");
    const message = writeShared(2, jsonCodec.encode(["ping", 1, "x".repeat(600)] as never));
    assert.equal(shared.connection.receive(message), undefined);
    const waiting = shared.connection.receive(message);
    assert.ok(waiting instanceof Promise);
    letIn();
    await waiting;
    await shared.world.settle();
    await shared.world.close();
  });
});
