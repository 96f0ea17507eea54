import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import type { SharedFrame, SharedMessage } from "#src/protocol/index.js";
import type { ServerOptions, ServerSocket } from "#src/server/index.js";
import { ServerCore } from "#src/server/index.js";
import { Topics } from "#src/server/topics.js";
import type { Message, SendResult } from "#src/socket/index.js";
import { prepareMessage, SlowPeerError } from "#src/socket/index.js";
import { nodeText } from "#src/transport/node/index.js";
import { createFakePlatform } from "../support/fake-platform.js";
import { readFrames } from "../support/frames.js";
import { patternedBytes } from "../support/patterns.js";
import type { RawPeer } from "../support/raw-peer.js";
import type { Upgrade } from "../support/upgrades.js";
import { upgrade } from "../support/upgrades.js";

/** Somebody who subscribes, and keeps what it is sent. */
class Member {
  readonly frames: SharedFrame[] = [];
  answer: SendResult = { ok: true, status: "sent" };
  whenSent: () => void = () => undefined;

  sendShared(message: SharedMessage): SendResult {
    if (this.answer.ok) this.frames.push(message.plain);
    this.whenSent();
    return this.answer;
  }

  get texts(): string[] {
    return this.frames.map(({ shared, start, end }) => {
      const [frame] = readFrames(shared.view(start, end));
      return Buffer.from(frame?.payload ?? "").toString();
    });
  }
}

function createTopics(maxTopicsPerSocket = 100, maxTopicLength = 100) {
  const allocated: number[] = [];
  const platform = {
    ...createFakePlatform(),
    allocate: (byteLength: number) => {
      allocated.push(byteLength);
      return new Uint8Array(byteLength).fill(0xdd);
    },
  };
  return { topics: new Topics<Member>(platform, { maxTopicsPerSocket, maxTopicLength }), allocated };
}

/** Octets that are held, once everything is collected that can be. */
function heldBytes(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const notStrings: readonly unknown[] = [5, null, undefined, {}, ["news"], Symbol("news"), Object("news")];

describe("subscribing to topics", () => {
  it("says what is new, and counts each subscriber once", () => {
    const { topics } = createTopics();
    const [first, second] = [new Member(), new Member()];
    assert.equal(topics.subscriberCount("news"), 0);
    assert.equal(topics.subscribe(first, "news"), true);
    assert.equal(topics.subscribe(first, "news"), false);
    assert.equal(topics.subscribe(second, "news"), true);
    assert.equal(topics.subscriberCount("news"), 2);
    assert.deepEqual([...topics.topicsOf(first)], ["news"]);
    topics.publish("news", "once", undefined);
    assert.deepEqual(first.texts, ["once"]);
  });

  it("ends with unsubscribing, which says whether there was something to end", () => {
    const { topics } = createTopics();
    const member = new Member();
    assert.equal(topics.unsubscribe(member, "news"), false);
    topics.subscribe(member, "news");
    assert.equal(topics.unsubscribe(member, "other"), false);
    assert.equal(topics.unsubscribe(member, "news"), true);
    assert.equal(topics.unsubscribe(member, "news"), false);
    assert.equal(topics.subscriberCount("news"), 0);
    assert.deepEqual([...topics.topicsOf(member)], []);
    assert.deepEqual(topics.publish("news", "gone", undefined), { delivered: 0, refused: 0 });
    assert.deepEqual(member.texts, []);
  });

  it("has a limit for each subscriber, and one that was reached has changed nothing", () => {
    const { topics } = createTopics(2);
    const [eager, modest] = [new Member(), new Member()];
    topics.subscribe(eager, "a");
    topics.subscribe(eager, "b");
    assert.throws(() => topics.subscribe(eager, "c"), {
      name: "UsageError",
      code: "too-many-topics",
      observed: 3,
      limit: 2,
    });
    assert.equal(topics.subscribe(eager, "a"), false);
    assert.equal(topics.subscriberCount("c"), 0);
    assert.deepEqual([...topics.topicsOf(eager)], ["a", "b"]);
    assert.equal(topics.subscribe(modest, "c"), true);
    topics.unsubscribe(eager, "a");
    assert.equal(topics.subscribe(eager, "c"), true);
  });

  it("has a limit for the length of a name, which the peer may have chosen", () => {
    const { topics } = createTopics(10, 5);
    const member = new Member();
    assert.equal(topics.subscribe(member, "12345"), true);
    assert.throws(() => topics.subscribe(member, "123456"), {
      name: "UsageError",
      code: "topic-too-long",
      observed: 6,
      limit: 5,
    });
    assert.deepEqual([...topics.topicsOf(member)], ["12345"]);
    // Nobody can subscribe there.
    assert.deepEqual(topics.publish("123456", "x", undefined), { delivered: 0, refused: 0 });
  });

  it("keeps the name alone, and not the message that it is a piece of", () => {
    const { topics } = createTopics();
    const member = new Member();
    const before = heldBytes();
    for (let index = 0; index < 50; index++) {
      const message = Buffer.from(`subscribe rooms/number/${String(index)} ${"x".repeat(1_000_000)}`).toString();
      topics.subscribe(member, message.split(" ")[1] ?? "");
    }
    assert.ok(heldBytes() - before < 25_000_000);
    assert.equal(topics.subscribe(member, "rooms/number/7"), false);
  });

  it("may be forbidden altogether", () => {
    const { topics } = createTopics(0);
    assert.throws(() => topics.subscribe(new Member(), "a"), { code: "too-many-topics" });
  });

  it("takes any string, the empty one and names of properties, too, and nothing else", () => {
    const { topics } = createTopics();
    const member = new Member();
    for (const topic of ["", "__proto__", "constructor", "a/b?c#d", "\ud800"]) {
      assert.equal(topics.subscribe(member, topic), true);
      assert.deepEqual(topics.publish(topic, topic, undefined), { delivered: 1, refused: 0 });
    }
    for (const topic of notStrings as readonly string[]) {
      assert.throws(() => topics.subscribe(member, topic), { name: "UsageError", code: "invalid-argument" });
      assert.throws(() => topics.publish(topic, "x", undefined), { name: "UsageError", code: "invalid-argument" });
      assert.equal(topics.unsubscribe(member, topic), false);
      assert.equal(topics.subscriberCount(topic), 0);
    }
    assert.equal(topics.topicsOf(member).size, 5);
  });

  it("is over for a subscriber that leaves, and for no other", () => {
    const { topics } = createTopics();
    const [leaver, stayer, stranger] = [new Member(), new Member(), new Member()];
    for (const topic of ["a", "b"]) topics.subscribe(leaver, topic);
    topics.subscribe(stayer, "a");
    topics.leave(leaver);
    topics.leave(leaver);
    topics.leave(stranger);
    assert.deepEqual([topics.subscriberCount("a"), topics.subscriberCount("b")], [1, 0]);
    assert.deepEqual([...topics.topicsOf(leaver)], []);
    assert.deepEqual(topics.publish("a", "x", undefined), { delivered: 1, refused: 0 });
    assert.deepEqual([leaver.texts, stayer.texts], [[], ["x"]]);
  });

  it("agrees with a plain list of subscriptions, whatever is done in whatever order", () => {
    const step = fc.record({
      kind: fc.constantFrom("subscribe", "unsubscribe", "leave", "publish"),
      member: fc.nat({ max: 3 }),
      topic: fc.constantFrom("a", "b", "c"),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { topics } = createTopics();
        const members = Array.from({ length: 4 }, () => new Member());
        let model: string[] = [];
        const expected: string[][] = members.map(() => []);
        for (const [index, { kind, member, topic }] of steps.entries()) {
          const key = `${String(member)} ${topic}`;
          const has = model.includes(key);
          const who = members[member] as Member;
          if (kind === "subscribe") {
            assert.equal(topics.subscribe(who, topic), !has);
            if (!has) model.push(key);
          } else if (kind === "unsubscribe") {
            assert.equal(topics.unsubscribe(who, topic), has);
            model = model.filter((other) => other !== key);
          } else if (kind === "leave") {
            topics.leave(who);
            model = model.filter((other) => !other.startsWith(`${String(member)} `));
          } else {
            const subscribed = members.filter((_member, at) => model.includes(`${String(at)} ${topic}`));
            const result = topics.publish(topic, String(index), undefined);
            assert.deepEqual(result, { delivered: subscribed.length, refused: 0 });
            for (const [at, list] of expected.entries()) {
              if (model.includes(`${String(at)} ${topic}`)) list.push(String(index));
            }
          }
          for (const name of ["a", "b", "c"]) {
            assert.equal(topics.subscriberCount(name), model.filter((other) => other.endsWith(name)).length);
          }
        }
        assert.deepEqual(
          members.map(({ texts }) => texts),
          expected,
        );
      }),
    );
  });
});

describe("publishing to a topic", () => {
  it("frames a message once for all, and takes no memory for nobody", () => {
    const { topics, allocated } = createTopics();
    const members = Array.from({ length: 5 }, () => new Member());
    topics.publish("news", "nobody hears", undefined);
    assert.deepEqual(allocated, []);
    for (const member of members) topics.subscribe(member, "news");
    topics.publish("news", "one", undefined);
    topics.publish("news", "two", undefined);
    assert.equal(allocated.length, 1);
    const frames = members.map(({ frames }) => frames);
    assert.ok(frames.every(([first]) => first === frames[0]?.[0]));
    // In a row, so that they leave as one piece.
    assert.equal(frames[0]?.[1]?.start, frames[0]?.[0]?.end);
  });

  it("refuses what cannot be sent, whether anybody subscribes or not", () => {
    const { topics } = createTopics();
    const member = new Member();
    const publish = (data: unknown): unknown => topics.publish("news", data as string, undefined);
    for (const data of [5, null, undefined, {}, [1]]) {
      assert.throws(() => publish(data), { name: "UsageError", code: "invalid-argument" });
    }
    topics.subscribe(member, "news");
    for (const data of [5, null, undefined, {}, [1]]) {
      assert.throws(() => publish(data), { name: "UsageError", code: "invalid-argument" });
    }
    assert.deepEqual(member.frames, []);
  });

  it("leaves out whom it is told to, and does not count it", () => {
    const { topics } = createTopics();
    const [sender, other] = [new Member(), new Member()];
    topics.subscribe(sender, "news");
    assert.deepEqual(topics.publish("news", "a", { except: sender }), { delivered: 0, refused: 0 });
    topics.subscribe(other, "news");
    assert.deepEqual(topics.publish("news", "b", { except: sender }), { delivered: 1, refused: 0 });
    assert.deepEqual(topics.publish("news", "c", { except: new Member() }), { delivered: 2, refused: 0 });
    assert.deepEqual([sender.texts, other.texts], [["c"], ["b", "c"]]);
  });

  it("counts who refuses", () => {
    const { topics } = createTopics();
    const [full, willing] = [new Member(), new Member()];
    full.answer = { ok: false, status: "refused", reason: "buffer-full" };
    willing.answer = { ok: true, status: "buffered" };
    for (const member of [full, willing]) topics.subscribe(member, "news");
    assert.deepEqual(topics.publish("news", "a", undefined), { delivered: 1, refused: 1 });
    assert.deepEqual(willing.texts, ["a"]);
  });

  it("goes on when subscribers come and go meanwhile", () => {
    const { topics } = createTopics();
    const [first, second, third] = [new Member(), new Member(), new Member()];
    for (const member of [first, second]) topics.subscribe(member, "news");
    first.whenSent = () => {
      topics.leave(first);
      topics.unsubscribe(second, "news");
    };
    assert.deepEqual(topics.publish("news", "a", undefined), { delivered: 1, refused: 0 });
    assert.equal(topics.subscriberCount("news"), 0);
    topics.subscribe(third, "news");
    assert.deepEqual(topics.publish("news", "b", undefined), { delivered: 1, refused: 0 });
    assert.deepEqual([first.texts, second.texts, third.texts], [["a"], [], ["b"]]);
  });

  it("may be done within another publish", () => {
    const { topics } = createTopics();
    const [first, second] = [new Member(), new Member()];
    for (const member of [first, second]) topics.subscribe(member, "news");
    let isNested = false;
    first.whenSent = () => {
      if (isNested) return;
      isNested = true;
      topics.publish("news", "inner", undefined);
    };
    topics.publish("news", "outer", undefined);
    assert.deepEqual(first.texts, ["outer", "inner"]);
    assert.deepEqual(second.texts.sort(), ["inner", "outer"]);
  });
});

// From here on with a server and its sockets.

interface Joined extends Upgrade {
  readonly socket: ServerSocket;
  readonly peer: RawPeer;
}

/** A server whose sockets subscribe to "news" when they open. */
function createServer(options: ServerOptions = {}) {
  const platform = createFakePlatform();
  const core = new ServerCore(
    { open: (socket: ServerSocket) => void socket.subscribe("news"), message: () => undefined, ...options },
    platform,
  );
  return { core, platform, publish: core.topics.publish.bind(core.topics) };
}

async function join(core: ServerCore<undefined>, capacityBytes = 10_000_000): Promise<Joined> {
  const before = new Set(core.sockets);
  const upgraded = upgrade(core, {}, { capacityBytes });
  await upgraded.idle();
  const socket = [...core.sockets].find((other) => !before.has(other));
  assert.ok(socket !== undefined);
  return { ...upgraded, socket, peer: upgraded.switchProtocols() };
}

async function idle(...joined: readonly Joined[]): Promise<void> {
  for (const one of joined) await one.idle();
}

describe("what a server publishes", () => {
  it("reaches every subscriber in one write for each, however much is published during a turn", async () => {
    const { core, publish } = createServer();
    const all = [await join(core), await join(core), await join(core)];
    for (const { stream } of all) stream.writes.length = 0;
    for (let index = 0; index < 100; index++) publish("news", `message ${String(index)}`, undefined);
    await idle(...all);
    for (const { peer, stream } of all) {
      assert.deepEqual(
        peer.lines,
        Array.from({ length: 100 }, (_, index) => `text message ${String(index)}`),
      );
      assert.equal(stream.writes.length, 1);
    }
  });

  it("comes in order with what is sent to one of them", async () => {
    const { core, publish } = createServer();
    const [one, other] = [await join(core), await join(core)];
    one.socket.send("1 sent");
    publish("news", "2 published", undefined);
    publish("news", Uint8Array.of(1, 2, 3), undefined);
    one.socket.send("4 sent");
    publish("news", "5 published", { except: one.socket });
    publish("news", "x".repeat(40_000), undefined);
    one.socket.send(new Uint8Array(20_000));
    publish("news", patternedBytes(100_000), undefined);
    publish("news", "last", undefined);
    await idle(one, other);
    const long = `text ${"x".repeat(40_000)}`;
    assert.deepEqual(one.peer.lines, [
      ...["text 1 sent", "text 2 published", "binary 3", "text 4 sent", long],
      ...["binary 20000", "binary 100000", "text last"],
    ]);
    assert.deepEqual(other.peer.lines, [
      ...["text 2 published", "binary 3", "text 5 published", long, "binary 100000", "text last"],
    ]);
  });

  it("is what it was when it was published, though its source changes, or was only lent", async () => {
    const { core, publish } = createServer({
      messageMemory: "lent",
      message: (socket, message) => void publish("news", message, { except: socket }),
    });
    const [one, other] = [await join(core), await join(core)];
    const data = patternedBytes(50_000);
    const before = data.slice();
    publish("news", data, { except: one.socket });
    data.fill(0);
    one.peer.send({ opcode: 2, payload: before });
    await idle(one, other);
    assert.equal(other.peer.frames.length, 2);
    for (const { payload } of other.peer.frames) assert.equal(Buffer.compare(payload, before), 0);
    assert.deepEqual(one.peer.frames, []);
  });

  it("may be prepared, once for many times", async () => {
    const { core, publish } = createServer();
    const [one, other] = [await join(core), await join(core)];
    for (const data of ["prepared", patternedBytes(30_000)]) {
      const message = prepareMessage(data, nodeText);
      for (let count = 0; count < 2; count++) {
        assert.deepEqual(publish("news", message, undefined), { delivered: 2, refused: 0 });
      }
    }
    await idle(one, other);
    for (const { peer } of [one, other]) {
      assert.deepEqual(peer.lines, ["text prepared", "text prepared", "binary 30000", "binary 30000"]);
    }
  });

  it("may be published by handlers, of messages, of room and of the end", async () => {
    const { core, publish } = createServer({
      highWaterMarkBytes: 100,
      message: (socket, message: Message) => {
        publish("news", `${String(message)} ${"x".repeat(200)}`, { except: socket });
        publish("news", "after", undefined);
      },
      drain: () => void publish("news", "roomy", undefined),
      close: () => void publish("news", "left", undefined),
    });
    const [one, other, third] = [await join(core), await join(core), await join(core)];
    one.peer.sendText("hello");
    await idle(one, other, third);
    const long = `text hello ${"x".repeat(200)}`;
    // Both others had to wait for room.
    assert.deepEqual(other.peer.lines, [long, "text after", "text roomy", "text roomy"]);
    assert.deepEqual(third.peer.lines, other.peer.lines);
    assert.deepEqual(one.peer.lines, ["text after", "text roomy", "text roomy"]);
    other.client.destroy();
    await idle(one, other, third);
    assert.equal(one.peer.lines.at(-1), "text left");
    assert.equal(core.topics.subscriberCount("news"), 2);
  });

  it("passes over those who are leaving, and stops counting them when they have left", async () => {
    const { core, publish } = createServer();
    const [one, other, cut] = [await join(core), await join(core), await join(core)];
    publish("news", "before", undefined);
    void other.socket.close();
    cut.socket.terminate();
    assert.deepEqual(publish("news", "after", undefined), { delivered: 1, refused: 2 });
    await idle(one, other, cut);
    assert.deepEqual(one.peer.lines, ["text before", "text after"]);
    assert.deepEqual(other.peer.lines, ["text before", "close 1000"]);
    assert.deepEqual(cut.peer.lines, []);
    assert.equal(core.topics.subscriberCount("news"), 2);
    other.peer.sendClose(1000);
    await idle(other);
    other.peer.stream.end();
    await idle(other);
    assert.equal(core.topics.subscriberCount("news"), 1);
    assert.deepEqual([...other.socket.topics], []);
  });

  it("goes on for the others when a handler of one of them fails in its midst", async () => {
    const errors: unknown[] = [];
    const failure = new Error("the application's");
    const { core, publish } = createServer({
      highWaterMarkBytes: 10,
      drain: () => {
        throw failure;
      },
      error: (error) => void errors.push(error),
    });
    const [one, other] = [await join(core), await join(core)];
    one.socket.send("x".repeat(100));
    // Enough to leave in the middle of the turn, when there is room again.
    assert.deepEqual(publish("news", "y".repeat(100_000), undefined), { delivered: 2, refused: 0 });
    assert.deepEqual(publish("news", "z", undefined), { delivered: 2, refused: 0 });
    assert.deepEqual(errors, []);
    await idle(one, other);
    assert.equal(errors[0], failure);
    assert.deepEqual(
      other.peer.frames.slice(0, 2).map(({ payload }) => payload.byteLength),
      [100_000, 1],
    );
  });
});

describe("a subscriber that reads slowly", () => {
  const message = "x".repeat(400);

  it("is closed by default, and the others get everything", async () => {
    const { core, publish } = createServer({ maxSendBufferBytes: 1000 });
    const [slow, quick] = [await join(core, 1), await join(core)];
    slow.peer.stream.pause();
    const results: unknown[] = [];
    for (let count = 0; count < 6; count++) {
      results.push(publish("news", message, undefined));
      await idle(quick);
    }
    const both = { delivered: 2, refused: 0 };
    // With 1,212 octets waiting it is found out; one that is gone is none of the subscribers.
    const one = { delivered: 1, refused: 0 };
    assert.deepEqual(results, [both, both, both, { delivered: 1, refused: 1 }, one, one]);
    const report = await slow.socket.closed;
    assert.deepEqual([report.outcome, report.initiator], ["dropped", "us"]);
    assert.ok(report.cause instanceof SlowPeerError);
    assert.equal(quick.peer.frames.length, 6);
    assert.equal(quick.socket.readyState, "open");
    assert.equal(core.topics.subscriberCount("news"), 1);
  });

  it('misses messages where slowPeer is "refuse", stays, and gets those that were not refused', async () => {
    const { core, publish } = createServer({ maxSendBufferBytes: 1000, slowPeer: "refuse" });
    const [slow, quick] = [await join(core, 1), await join(core)];
    slow.peer.stream.pause();
    let delivered = 0;
    let refused = 0;
    for (let count = 0; count < 20; count++) {
      const result = publish("news", `${String(count)} ${message}`, undefined);
      delivered += result.delivered;
      refused += result.refused;
      await idle(quick);
    }
    assert.equal(delivered + refused, 40);
    assert.ok(refused > 10);
    assert.equal(slow.socket.readyState, "open");
    slow.peer.stream.resume();
    await idle(slow);
    publish("news", "again", undefined);
    await idle(slow, quick);
    assert.equal(quick.peer.frames.length, 21);
    assert.equal(slow.peer.frames.length, delivered - 20 + 1);
    assert.equal(slow.peer.lines.at(-1), "text again");
    assert.equal(core.topics.subscriberCount("news"), 2);
  });

  it("gets what it was sent, though the memory that it lay in was long used for the others", async () => {
    const { core, publish } = createServer();
    const [slow, quick] = [await join(core, 1), await join(core)];
    slow.peer.stream.pause();
    const expected: string[] = [];
    for (let count = 0; count < 300; count++) {
      const text = `${"y".repeat((count * 37) % 3000)} ${String(count)}`;
      expected.push(`text ${text}`);
      publish("news", text, undefined);
      if (count % 7 === 0) await idle(quick);
    }
    slow.peer.stream.resume();
    await idle(slow, quick);
    assert.deepEqual(slow.peer.lines, expected);
    assert.deepEqual(quick.peer.lines, expected);
  });
});
