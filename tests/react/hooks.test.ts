/**
 * The hooks over a client whose server does what a test says.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createElement, type FunctionComponent, type ReactNode } from "react";
import { createHooks } from "#src/react/index.js";
import { call, contract, log, media, signal, state, unchecked } from "#src/realtime/contract/index.js";
import { ReactWorld } from "../support/react-world.js";

const api = contract({
  channels: {
    "room/{id}": log({ message: unchecked<string>() }),
    "book/{symbol}": state({ value: unchecked<number>() }),
    "cursor/{room}": signal({ message: unchecked<number>() }),
    "video/{id}": media(),
  },
  calls: {
    order: call({ input: unchecked<number>(), output: unchecked<string>() }),
    cancel: call({ input: unchecked<number>(), output: unchecked<string>() }),
    tail: call({ input: unchecked<string>(), stream: unchecked<number>() }),
  },
});

const hooks = createHooks(api);
const { OpenlineProvider, useCall, useChannel, useConnection, useKeys, usePresence, useStream, useValue } = hooks;
type Room = ReturnType<typeof useChannel<"room/7">>;

/** A page with a client, and what its components were given last. */
class Page extends ReactWorld {
  readonly client = this.server.clientOf(api, { reconnect: { minDelayMs: 100, maxDelayMs: 100 } });

  async show(...nodes: ReactNode[]): Promise<void> {
    await this.render(createElement(OpenlineProvider, { client: this.client }, ...nodes));
  }

  async close(): Promise<void> {
    await this.unmount();
    await this.client.close();
  }
}

/** A component that writes down what a hook returns, each time that it renders. */
function observer<Value>(use: () => Value): { readonly node: ReactNode; readonly seen: Value[]; readonly last: Value } {
  const seen: Value[] = [];
  const Observer: FunctionComponent = () => {
    seen.push(use());
    return null;
  };
  return {
    node: createElement(Observer, { key: String(keys++) }),
    seen,
    get last() {
      assert.ok(seen.length > 0, "nothing has been rendered");
      return seen.at(-1) as Value;
    },
  };
}
let keys = 0;

const texts = ({ messages }: Room): string[] => messages.map(({ value }) => value);
const message = (position: number, value: string, meta?: object): readonly unknown[] =>
  ["m", 4, String(position), String(position - 1), value, meta].slice(0, meta === undefined ? 5 : 6);

describe("useChannel of a log", () => {
  it("shows what was kept, then what comes, and renders once for what comes together", async () => {
    const page = new Page();
    const room = observer(() => useChannel("room/7", { last: 10 }));
    await page.show(room.node);
    assert.equal(room.last.status, "loading");
    await page.welcome();
    await page.subscribed("room/7", { last: 10 }, { n: 4, kind: "log" });
    await page.say(message(1, "a"), message(2, "b"), ["page", 4, "2", true]);
    assert.deepEqual([texts(room.last), room.last.status], [["a", "b"], "live"]);
    const before = room.seen.length;
    await page.say(message(3, "c"), message(4, "d"));
    assert.deepEqual(texts(room.last), ["a", "b", "c", "d"]);
    assert.equal(room.seen.length, before + 1);
    await page.close();
  });

  it("subscribes once when it is mounted twice, or moves", async () => {
    const page = new Page(true);
    const [first, second] = [observer(() => useChannel("room/7")), observer(() => useChannel("room/7"))];
    await page.welcome();
    await page.show(first.node);
    await page.subscribed("room/7", {}, { n: 4, kind: "log" });
    await page.say(message(1, "a"));
    await page.show(second.node);
    await new Promise((resolve) => setTimeout(resolve, 0));
    page.server.peer.nothing();
    assert.deepEqual(texts(second.last), ["a"]);
    await page.show();
    await new Promise((resolve) => setTimeout(resolve, 0));
    page.server.peer.next("unsub", 4);
    await page.close();
  });

  it("gives all components the same snapshot, and hears events with the handler of the last rendering", async () => {
    const page = new Page();
    const heard: string[] = [];
    let round = 1;
    const component = () =>
      observer(() =>
        useChannel("room/7", { onEvent: (event) => event.type === "message" && heard.push(`${event.value}${round}`) }),
      );
    const [one, other] = [component(), component()];
    await page.welcome();
    await page.show(one.node, other.node);
    await page.subscribed("room/7", {}, { n: 4, kind: "log" });
    round = 2;
    await page.say(message(1, "a"));
    assert.deepEqual(heard, ["a2", "a2"]);
    assert.equal(one.last, other.last);
    await page.close();
  });

  it("says that it reconnects, keeps what it has, and goes on from there", async () => {
    const page = new Page();
    const room = observer(() => useChannel("room/7"));
    const connection = observer(() => useConnection());
    await page.show(room.node, connection.node);
    assert.equal(connection.last.state?.name, "connecting");
    await page.welcome();
    await page.subscribed("room/7", {}, { n: 4, kind: "log" });
    await page.say(message(1, "a"));
    assert.ok(connection.last.isOpen);
    await page.does(() => page.server.peer.end());
    assert.deepEqual(
      [connection.last.state?.name, room.last.status, texts(room.last)],
      ["waiting", "reconnecting", ["a"]],
    );
    await page.does(() => connection.last.reconnectNow());
    await page.welcome();
    await page.subscribed("room/7", { since: ["e1", "1"] }, { n: 4, kind: "log" });
    assert.equal(room.last.status, "reconnecting");
    await page.say(message(2, "b"), ["page", 4, "2", true]);
    assert.deepEqual([room.last.status, texts(room.last)], ["live", ["a", "b"]]);
    await page.close();
  });

  it("shows gaps, and with another epoch knows of nothing older", async () => {
    const page = new Page();
    const room = observer(() => useChannel("room/7", { last: 5 }));
    await page.show(room.node);
    await page.welcome();
    await page.subscribed("room/7", { last: 5 }, { n: 4, kind: "log" });
    await page.say(message(1, "a"), ["page", 4, "1", true]);
    assert.ok(room.last.hasOlder);
    await page.say(["gap", 4, { reason: "epoch", epoch: "e2", position: "9" }], ["page", 4, "9", true]);
    assert.deepEqual(room.last.gaps, [{ reason: "epoch", after: "1", position: "9" }]);
    assert.equal(room.last.hasOlder, false);
    await page.close();
  });

  it("keeps no more than maxMessages and what was asked for", async () => {
    const page = new Page();
    const room = observer(() => useChannel("room/7", { maxMessages: 2 }));
    await page.show(room.node);
    await page.welcome();
    await page.subscribed("room/7", {}, { n: 4, kind: "log", position: "3" });
    await page.say(message(4, "d"), message(5, "e"), message(6, "f"));
    assert.deepEqual(texts(room.last), ["e", "f"]);
    await page.does(() => {
      room.last.loadOlder();
      room.last.loadOlder();
    });
    assert.ok(room.last.isLoadingOlder);
    const r = page.server.peer.next("hist", "room/7", { before: "5", limit: 50 });
    page.server.peer.nothing();
    const older = [3, 4].map((at) => [String(at), String(at - 1), `old ${at}`]);
    await page.does(() => page.server.peer.ok(r, { epoch: "e1", messages: older, isEnd: true }));
    assert.deepEqual(texts(room.last), ["old 3", "old 4", "e", "f"]);
    assert.deepEqual([room.last.isLoadingOlder, room.last.hasOlder], [false, false]);
    await page.say(message(7, "g"));
    assert.deepEqual(texts(room.last), ["old 4", "e", "f", "g"]);
    await page.does(() => room.last.forgetOlder());
    assert.deepEqual([texts(room.last), room.last.hasOlder], [["f", "g"], true]);
    await page.close();
  });

  it("tells why older ones did not come, and asks again", async () => {
    const page = new Page();
    const room = observer(() => useChannel("room/7"));
    await page.show(room.node);
    await page.welcome();
    await page.subscribed("room/7", {}, { n: 4, kind: "log" });
    await page.does(() => room.last.loadOlder());
    await page.does(() => page.server.peer.err(page.server.peer.next("hist", "room/7"), "forbidden"));
    assert.deepEqual([(room.last.olderError as { code: string }).code, room.last.isLoadingOlder], ["forbidden", false]);
    await page.does(() => room.last.loadOlder());
    page.server.peer.next("hist", "room/7");
    await page.close();
  });

  it("tells with what the server has ended it, and subscribes again when it is asked to", async () => {
    const page = new Page();
    const room = observer(() => useChannel("room/7"));
    await page.show(room.node);
    await page.welcome();
    await page.does(() => page.server.peer.err(page.server.peer.next("sub", "room/7"), "forbidden"));
    assert.deepEqual([room.last.status, (room.last.error as { code: string }).code], ["failed", "forbidden"]);
    await page.does(() => room.last.retry());
    await page.subscribed("room/7", {}, { n: 4, kind: "log" });
    assert.deepEqual([room.last.status, room.last.error], ["live", undefined]);
    await page.close();
  });

  it("begins with history where somebody else follows the channel already", async () => {
    const page = new Page();
    await page.welcome();
    const stop = await page.does(() => page.client.channel("room/7").listen(() => undefined));
    await page.subscribed("room/7", {}, { n: 4, kind: "log", position: "5" });
    const room = observer(() => useChannel("room/7", { last: 2 }));
    await page.show(room.node);
    const r = page.server.peer.next("hist", "room/7", { limit: 2 });
    await page.say(message(6, "new"));
    const entries = [
      ["5", "4", "old"],
      ["6", "5", "new"],
    ];
    await page.does(() => page.server.peer.ok(r, { epoch: "e1", messages: entries, isEnd: false }));
    assert.deepEqual([texts(room.last), room.last.status], [["old", "new"], "live"]);
    stop();
    await page.close();
  });
});

describe("publish", () => {
  async function inRoom(): Promise<{ page: Page; room: { readonly last: Room } }> {
    const page = new Page();
    const room = observer(() => useChannel("room/7"));
    await page.show(room.node);
    await page.welcome();
    await page.subscribed("room/7", {}, { n: 4, kind: "log" });
    return { page, room };
  }
  const pending = (room: { readonly last: Room }) => room.last.pending.map(({ value, status }) => [value, status]);

  it("shows a message at once, until it has come back, in whatever order", async () => {
    const { page, room } = await inRoom();
    const replies = await page.does(() => [room.last.publish("x"), room.last.publish("y")]);
    assert.deepEqual(pending(room), [
      ["x", "sending"],
      ["y", "sending"],
    ]);
    const [x = assert.fail(), y = assert.fail()] = room.last.pending;
    const rx = page.server.peer.next("pub", 4, "x", { key: x.key });
    const ry = page.server.peer.next("pub", 4, "y", { key: y.key });
    // The answer first, then the message; and the other way round.
    await page.does(() => page.server.peer.ok(rx, { position: "1" }));
    assert.deepEqual(pending(room), [
      ["x", "sent"],
      ["y", "sending"],
    ]);
    await page.say(message(1, "x"), message(2, "y", { key: y.key }));
    assert.deepEqual([pending(room), texts(room.last)], [[], ["x", "y"]]);
    await page.does(() => page.server.peer.ok(ry, { position: "2" }));
    assert.deepEqual(pending(room), []);
    assert.deepEqual(
      (await Promise.all(replies)).map(({ position }) => position),
      ["1", "2"],
    );
    await page.close();
  });

  it("keeps what has failed, to be tried again under the same key or to be forgotten", async () => {
    const { page, room } = await inRoom();
    await page.does(() => void room.last.publish("x", { idempotencyKey: "k" }));
    await page.does(() => page.server.peer.err(page.server.peer.next("pub", 4, "x", { key: "k" }), "rate-limited"));
    assert.deepEqual(pending(room), [["x", "failed"]]);
    assert.equal((room.last.pending[0]?.error as { code: string }).code, "rate-limited");
    await page.does(() => room.last.pending[0]?.retry());
    assert.deepEqual(pending(room), [["x", "sending"]]);
    // What is under way already is not sent twice.
    await page.does(() => void room.last.publish("x", { idempotencyKey: "k" }));
    await page.does(() => page.server.peer.err(page.server.peer.next("pub", 4, "x", { key: "k" }), "forbidden"));
    page.server.peer.nothing();
    await page.does(() => room.last.pending[0]?.discard());
    assert.deepEqual(pending(room), []);
    await page.close();
  });

  it("is not waited for where the server had it before", async () => {
    const { page, room } = await inRoom();
    await page.does(() => void room.last.publish("x", { idempotencyKey: "k" }));
    await page.does(() => page.server.peer.ok(page.server.peer.next("pub"), { position: "0", isDuplicate: true }));
    assert.deepEqual(pending(room), []);
    await page.close();
  });

  it("goes on while nobody shows the channel, and is shown again", async () => {
    const { page } = await inRoom();
    const room = observer(() => useChannel("room/7"));
    await page.does(() => page.server.peer.end());
    await page.show(room.node);
    await page.does(() => void room.last.publish("x", { idempotencyKey: "k" }));
    await page.show();
    await new Promise((resolve) => setTimeout(resolve, 0));
    const again = observer(() => useChannel("room/7"));
    await page.show(again.node);
    assert.deepEqual(pending(again), [["x", "sending"]]);
    await page.close();
  });
});

describe("useChannel of a state, useValue, useKeys", () => {
  it("renders what has changed, and nothing else", async () => {
    const page = new Page();
    const book = observer(() => useChannel("book/X", { maxUpdatesPerSecond: 5 }));
    const one = observer(() => useValue("book/X", "1"));
    const two = observer(() => useValue("book/X", "2"));
    const known = observer(() => useKeys("book/X"));
    await page.show(book.node, one.node, two.node, known.node);
    await page.welcome();
    await page.subscribed("book/X", { rate: 5 }, { n: 4, kind: "state" });
    await page.say([
      ...["snap", 4, "2"],
      [
        ["1", 10, "1"],
        ["2", 20, "2"],
      ],
      true,
    ]);
    assert.deepEqual([one.last, two.last, known.last, book.last.status], [10, 20, ["1", "2"], "live"]);
    const rendered = [one.seen.length, two.seen.length, known.seen.length];
    const { values } = book.last;
    await page.say(["d", 4, "3", "2", [["2", 21, "3"]]]);
    assert.deepEqual([one.seen.length, two.seen.length - 1, known.seen.length], rendered);
    assert.deepEqual([two.last, values.get("2"), book.last.values.get("2")], [21, 20, 21]);
    await page.say(["d", 4, "4", "3", [], ["1"]]);
    assert.deepEqual([one.last, known.last], [undefined, ["2"]]);
    await page.does(() => void book.last.set("2", 22, { if: "3" }));
    await page.does(() =>
      page.server.peer.ok(page.server.peer.next("set", 4, "2", 22, { if: "3" }), { revision: "5" }),
    );
    await page.close();
  });

  it("knows after a reconnect that it is up to date", async () => {
    const page = new Page();
    const book = observer(() => useChannel("book/X"));
    await page.show(book.node);
    await page.welcome();
    await page.subscribed("book/X", {}, { n: 4, kind: "state" });
    await page.say(["snap", 4, "1", [["1", 10, "1"]], true]);
    await page.does(() => page.server.peer.end());
    assert.equal(book.last.status, "reconnecting");
    await page.does(() => page.client.reconnectNow());
    await page.welcome();
    await page.subscribed("book/X", { since: ["e1", "1"] }, { n: 4, kind: "state" });
    await page.say(["d", 4, "1", "1", []]);
    await page.say(["d", 4, "2", "1", [["1", 11, "2"]]]);
    assert.deepEqual([book.last.status, book.last.values.get("1")], ["live", 11]);
    await page.close();
  });
});

describe("useChannel of signals and media", () => {
  it("shows the latest signal, or gives all to a handler without rendering", async () => {
    const page = new Page();
    const heard: unknown[] = [];
    const shown = observer(() => useChannel("cursor/7"));
    const handled = observer(() => useChannel("cursor/8", { onEvent: (event) => heard.push(event) }));
    await page.show(shown.node, handled.node);
    await page.welcome();
    await page.subscribed("cursor/7", {}, { n: 4, kind: "signal" });
    await page.subscribed("cursor/8", {}, { n: 5, kind: "signal" });
    assert.equal(shown.last.status, "live");
    const rendered = handled.seen.length;
    await page.say(["s", 4, 1, "ann"], ["s", 4, 2, "bob"], ["lost", 4, 3], ["s", 5, 9, "ann"]);
    assert.deepEqual([shown.last.latest, shown.last.lost], [{ value: 2, user: "bob" }, 3]);
    assert.deepEqual(heard, [{ type: "message", value: 9, user: "ann" }]);
    assert.equal(handled.seen.length, rendered);
    assert.equal(await page.does(() => handled.last.send(1)), true);
    page.server.peer.next("sig", 5, 1);
    await page.close();
  });

  it("gives frames to a handler, and counts what is lost", async () => {
    const page = new Page();
    const heard: unknown[] = [];
    const video = observer(() => useChannel("video/7", { onEvent: ({ type }) => heard.push(type) }));
    await page.show(video.node);
    await page.welcome();
    await page.subscribed("video/7", {}, { n: 4, kind: "media" });
    await page.say(["g", 4, 1, 0, new Uint8Array(1)], ["lost", 4, 2]);
    assert.deepEqual([heard, video.last.lost], [["frame", "lost"], 2]);
    await page.close();
  });
});

describe("usePresence", () => {
  it("shares the subscription of the channel, also when it comes later, and shows again after it", async () => {
    const page = new Page();
    const room = observer(() => useChannel("room/7"));
    const who = observer(() => usePresence("room/7"));
    await page.show(room.node);
    await page.welcome();
    await page.subscribed("room/7", {}, { n: 4, kind: "log" });
    await page.say(message(1, "a"));
    await page.show(room.node, who.node);
    page.server.peer.next("unsub", 4);
    await page.subscribed("room/7", { since: ["e1", "1"], presence: true }, { n: 4, kind: "log" });
    assert.equal(who.last.isKnown, false);
    await page.say(["page", 4, "1", true], ["who", 4, { count: 1, isSample: false, users: [["ann", { x: 1 }, 2]] }]);
    assert.deepEqual([...who.last.users], [["ann", { state: { x: 1 }, connections: 2 }]]);
    assert.deepEqual([who.last.count, who.last.isKnown, texts(room.last)], [1, true, ["a"]]);
    const users = who.last.users;
    await page.say(["came", 4, [["bob", null, 1]], 2]);
    assert.deepEqual([users.size, who.last.users.size, who.last.count], [1, 2, 2]);
    const shown = await page.does(() => [who.last.show("here")]);
    await page.does(() => page.server.peer.ok(page.server.peer.next("pres", 4, "here")));
    await Promise.all(shown);
    await page.close();
  });

  it("works without anything else of the channel", async () => {
    const page = new Page(true);
    const who = observer(() => usePresence("cursor/7"));
    await page.show(who.node);
    await page.welcome();
    await page.subscribed("cursor/7", { presence: true }, { n: 4, kind: "signal" });
    await page.say(["who", 4, { count: 250, isSample: true, users: [] }]);
    assert.deepEqual([who.last.count, who.last.isSample], [250, true]);
    await page.close();
  });
});

describe("useCall and useStream", () => {
  it("begin anew where the name is another", async () => {
    const page = new Page();
    const seen: ReturnType<typeof useCall<"order" | "cancel">>[] = [];
    const Calling: FunctionComponent<{ name: "order" | "cancel" }> = ({ name }) => {
      seen.push(useCall(name));
      return null;
    };
    await page.show(createElement(Calling, { key: "calling", name: "order" }));
    await page.welcome();
    await page.does(() => void seen.at(-1)?.call(1));
    assert.equal(seen.at(-1)?.pending, true);
    await page.show(createElement(Calling, { key: "calling", name: "cancel" }));
    assert.deepEqual([seen.at(-1)?.pending, seen.at(-1)?.data], [false, undefined]);
    await page.close();
  });

  it("has what the latest call came to", async () => {
    const page = new Page();
    const order = observer(() => useCall("order"));
    await page.show(order.node);
    await page.welcome();
    await page.does(() => void order.last.call(1));
    assert.deepEqual([order.last.pending, order.last.data], [true, undefined]);
    const first = page.server.peer.next("call", "order", 1);
    await page.does(() => void order.last.call(2));
    await page.does(() => page.server.peer.ok(first, "late"));
    assert.ok(order.last.pending);
    await page.does(() => page.server.peer.ok(page.server.peer.next("call", "order", 2), "two"));
    assert.deepEqual([order.last.pending, order.last.data, order.last.error], [false, "two", undefined]);
    await page.does(() => void order.last.call(3));
    await page.does(() => page.server.peer.err(page.server.peer.next("call", "order", 3), "too-many-lots"));
    assert.deepEqual([order.last.data, (order.last.error as { code: string }).code], ["two", "too-many-lots"]);
    await page.close();
  });

  it("gives up what is under way when it is told to, and when the component goes", async () => {
    const page = new Page();
    const order = observer(() => useCall("order"));
    await page.show(order.node);
    await page.welcome();
    const [cancelled] = await page.does(() => [order.last.call(1)]);
    const r = page.server.peer.next("call", "order", 1);
    await page.does(() => order.last.cancel());
    assert.equal(page.server.peer.next("cancel"), r);
    assert.equal(order.last.pending, false);
    await assert.rejects(cancelled ?? assert.fail(), { name: "AbortError" });
    await page.does(() => void order.last.call(2));
    const second = page.server.peer.next("call", "order", 2);
    await page.show();
    assert.equal(page.server.peer.next("cancel"), second);
    await page.close();
  });

  it("keeps the newest results of a stream", async () => {
    const page = new Page();
    const tail = observer(() => useStream("tail", { maxResults: 2 }));
    await page.show(tail.node);
    await page.welcome();
    await page.does(() => tail.last.start("x"));
    const r = page.server.peer.next("call", "tail", "x");
    for (const item of [1, 2, 3]) await page.say(["item", r, item]);
    assert.deepEqual([tail.last.results, tail.last.pending], [[2, 3], true]);
    await page.does(() => page.server.peer.ok(r));
    assert.deepEqual([tail.last.results, tail.last.pending], [[2, 3], false]);
    await page.close();
  });
});

describe("OpenlineProvider", () => {
  it("makes a client when it is there, once, and closes it when it goes", async () => {
    const page = new Page(true);
    const made: { readonly closed: Promise<unknown> }[] = [];
    const room = observer(() => useChannel("room/7", { last: 1 }));
    const connect = () => {
      const client = page.server.clientOf(api);
      made.push(client);
      return client;
    };
    await page.render(createElement(OpenlineProvider, { connect }, room.node));
    assert.equal(made.length, 1);
    await page.welcome();
    await page.subscribed("room/7", { last: 1 }, { n: 4, kind: "log" });
    await page.unmount();
    await made[0]?.closed;
    await page.client.close();
  });

  it("takes over in the browser what a server has rendered, and goes on from there", async () => {
    const { renderToString } = await import("react-dom/server");
    const { hydrateRoot } = await import("react-dom/client");
    const page = new ReactWorld();
    const client = page.server.clientOf(api);
    const Shown: FunctionComponent = () => {
      const { messages, status } = useChannel("room/7", { last: 1 });
      return createElement(
        "p",
        null,
        `${status} ${messages.map(({ value }) => value).join()} ${useConnection().isOpen}`,
      );
    };
    page.element.innerHTML = renderToString(createElement(OpenlineProvider, null, createElement(Shown)));
    assert.equal(page.text, "loading  false");
    await page.welcome();
    const trouble: unknown[] = [];
    const root = await page.does(() =>
      hydrateRoot(
        page.element as unknown as Element,
        createElement(OpenlineProvider, { client }, createElement(Shown)),
        { onRecoverableError: (error) => trouble.push(error) },
      ),
    );
    await page.subscribed("room/7", { last: 1 }, { n: 4, kind: "log" });
    await page.say(message(1, "a"), ["page", 4, "1", true]);
    assert.equal(page.text, "live a true");
    assert.deepEqual(trouble, []);
    await page.does(() => root.unmount());
    await client.close();
  });

  it("renders on a server, where nothing is connected", async () => {
    const { renderToString } = await import("react-dom/server");
    const Page: FunctionComponent = () => {
      const room = useChannel("room/7", { last: 1 });
      const { values } = useChannel("book/X");
      const { count } = usePresence("room/7");
      const seen = [
        room.status,
        room.messages.length,
        values.size,
        useValue("book/X", "1"),
        useKeys("book/X").length,
        count,
      ];
      return createElement("p", null, JSON.stringify([...seen, useConnection().isOpen, useCall("order").pending]));
    };
    const connect = () => assert.fail("nobody connects on a server");
    const html = renderToString(createElement(OpenlineProvider, { connect }, createElement(Page)));
    assert.equal(html.replaceAll("&quot;", '"'), '<p>["loading",0,0,null,0,0,false,false]</p>');
  });
});
