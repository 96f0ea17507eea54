/**
 * Clients of real-time servers: each protocol as it is spoken, and servers that deliver wrongly.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { messageTo, roomName, startFeed } from "../lib/rooms.js";
import { runLoad, runLoadUntilWrong, startLoad } from "./support/load.js";
import { frame, startServer } from "./support/servers.js";

const bytes = 200;
const text = (/** @type {string} */ payload) => frame(Buffer.from(payload), { opcode: 1 });

/** How a server speaks each protocol, as far as a load hears of it. */
const speeches = {
  openline: {
    respond: (accept) =>
      `HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: openline.v1.json\r\n\r\n`,
    hear(payload, say) {
      const [operation, request, ...rest] = JSON.parse(payload);
      if (operation === "hello") say('[["welcome",{"session":"],[\\"err\\","}]]');
      if (operation === "sub") return { request, room: rest[0] };
      if (operation === "pub") return { request, room: rest[0], value: rest[1] };
      return undefined;
    },
    answer: (request) => `["ok",${request},{"n":1}]`,
    wrap: (value, number) => `["m",1,"${number + 1}","${number}",${value},{"timeMs":1.5}]`,
    batch: (frames) => `[${frames.join(",")}]`,
  },
  "socket.io": {
    opened: (say) => say('0{"sid":"a"}'),
    hear(payload, say) {
      if (payload === "40") say('40{"sid":"b"}');
      const [, request, event] = /^42(\d+)(\[.*)$/su.exec(payload) ?? [];
      if (event === undefined) return undefined;
      const [, room, value] = JSON.parse(event);
      return { request: Number(request), room, value };
    },
    answer: (request) => `43${request}[]`,
    wrap: (value) => `42["message",${value}]`,
  },
};

/**
 * A server of rooms.
 *
 * @param {{ rooms: Map<string, any[]>, counts: Map<string, number> }} [shared] with other nodes
 * @param {typeof speeches["openline"]} speech
 * @param {(member: any, value: string, number: number, write: (octets: Buffer) => void) => void} [deliver]
 */
async function startRooms(context, speech, deliver, shared = { rooms: new Map(), counts: new Map() }) {
  const { rooms, counts } = shared;
  const publish = (room, value) => {
    const number = counts.get(room) ?? 0;
    counts.set(room, number + 1);
    for (const member of rooms.get(room) ?? []) {
      const write = (payload) => member.socket.write(text(payload));
      if (deliver === undefined) write(speech.wrap(JSON.stringify(value), number));
      else deliver(member, JSON.stringify(value), number, write);
    }
  };
  const port = await startServer(context, {
    ...(speech.respond && { respond: speech.respond }),
    opened: ({ socket }) => speech.opened?.((payload) => socket.write(text(payload))),
    message(member, payload) {
      const say = (payload) => member.socket.write(text(payload));
      const heard = speech.hear(payload.toString(), say);
      if (heard === undefined) return;
      if (heard.value === undefined) rooms.set(heard.room, [...(rooms.get(heard.room) ?? []), member]);
      else publish(heard.room, heard.value);
      say(speech.answer(heard.request));
    },
  });
  const feed = await startFeed(bytes, publish);
  context.after(() => feed.close());
  return { port, feedPort: feed.port };
}

describe("a load of channels", () => {
  it("publishes what it expects, of as many octets as are asked for", () => {
    const message = messageTo(7, 4096 + 5, bytes);
    assert.equal(JSON.stringify(message).length, bytes);
    assert.deepEqual([message.id, message.room], ["000000000005", roomName(7)]);
  });

  for (const [name, speech] of Object.entries(speeches)) {
    const common = (port) => ["channels", "--speak", name, "--port", port, "--bytes", bytes];

    it(`counts every delivery of a server that speaks ${name}`, async (context) => {
      let deliveries = 0;
      const { port, feedPort } = await startRooms(context, speech, (_member, value, number, write) => {
        deliveries++;
        write(speech.wrap(value, number));
      });
      const rooms = ["--rooms", 3, "--feed-port", feedPort];
      const load = startLoad(context, ...common(port), "--connections", 7, "--in-flight", 4, ...rooms);
      await load.ask("start");
      await load.ask("finish");
      assert.equal((await load.ask("count")).messages, deliveries);
    });

    it(`publishes as a client that speaks ${name}`, async (context) => {
      const { port } = await startRooms(context, speech);
      const { status, output, message } = await runLoad(...common(port), "--connections", 3, "--by-client");
      assert.deepEqual([status, message], [0, ""]);
      assert.ok(output.messages > 0);
    });

    it(`keeps a pace with a server that speaks ${name}, and opens and subscribes further`, async (context) => {
      const { port, feedPort } = await startRooms(context, speech);
      const paced = await runLoad(...common(port), "--connections", 3, "--rate", 500, "--feed-port", feedPort);
      assert.deepEqual([paced.status, paced.message], [0, ""]);
      const load = startLoad(context, "members", ...common(port).slice(1), "--connections", 5, "--more", 3);
      await load.ask("start");
      assert.equal((await load.ask("open")).connections, 5);
      await load.ask("more");
    });
  }

  it("comes to all nodes, and has each room's messages published at the same one", async (context) => {
    const shared = { rooms: new Map(), counts: new Map() };
    let seen = new Set();
    const startNode = (publisher) =>
      startRooms(
        context,
        speeches.openline,
        ({ socket }, value, number, write) => {
          seen.add(`${JSON.parse(value).room} published at ${publisher}, delivered at ${socket.localPort}`);
          write(speeches.openline.wrap(value, number));
        },
        shared,
      );
    const nodes = [await startNode(0), await startNode(1)];
    const seenBy = async (...options) => {
      seen = new Set();
      shared.rooms.clear();
      shared.counts.clear();
      const listed = (name) => nodes.map((node) => node[name]).join(",");
      const ports = ["--port", listed("port"), "--feed-port", listed("feedPort")];
      const args = ["channels", "--speak", "openline", "--bytes", bytes, "--connections", 8, "--rooms", 2];
      const { status, message } = await runLoad(...args, ...ports, ...options);
      assert.deepEqual([status, message], [0, ""]);
      return [...seen].sort();
    };
    const line = (room, node) => `${roomName(room)} published at ${room}, delivered at ${nodes[node].port}`;
    const all = [line(0, 0), line(0, 1), line(1, 0), line(1, 1)];
    assert.deepEqual(await seenBy("--settle", 0.01), all.sort());
    assert.deepEqual(await seenBy("--together"), [line(0, 0), line(1, 1)].sort());
  });

  it("does not come to several nodes where it makes no sense", async () => {
    const { status, message } = await runLoad("echo", "--port", "1,2");
    assert.deepEqual([status, message], [1, "only channels and members take several ports"]);
  });

  const { openline } = speeches;
  const wrongs = {
    "loses a message": [
      (member, value, number, write) => (number === 9 && member.index === 2) || write(openline.wrap(value, number)),
      /sent message 10 to subscriber 2, where 9 was due|stalled/u,
    ],
    "sends a message twice": [
      (_member, value, number, write) => {
        write(openline.wrap(value, number));
        if (number === 9) write(openline.wrap(value, number));
      },
      /sent message 9 to subscriber \d, where (?:nothing before )?10 was due/u,
    ],
    "changes a value": [
      (_member, value, number, write) =>
        write(openline.wrap(number === 30 ? value.replace("somebody", "nobody..") : value, number)),
      /wrong value to subscriber \d, in message 30/u,
    ],
    "cuts a value short": [
      (_member, value, number, write) => write(openline.wrap(number === 9 ? value.slice(0, -20) : value, number)),
      /wrong value|ends within a value/u,
    ],
    "tells of an error": [
      (_member, value, number, write) => write(number === 9 ? '["lost",1,3]' : openline.wrap(value, number)),
      /told connection \d: \["lost",1,3\]/u,
    ],
    "says goodbye": [
      ({ socket }) => socket.write(frame(Buffer.from([3, 233, ...Buffer.from("enough")]), { opcode: 8 })),
      /closes connection \d: enough/u,
    ],
  };
  for (const [what, [deliver, expected]] of Object.entries(wrongs)) {
    it(`ends when the server ${what}`, async (context) => {
      const { port, feedPort } = await startRooms(context, openline, deliver);
      const where = ["--port", port, "--feed-port", feedPort, "--bytes", bytes];
      const { status, message } = await runLoadUntilWrong(
        "channels",
        "--speak",
        "openline",
        ...where,
        "--connections",
        4,
      );
      assert.equal(status, 1);
      assert.match(message, expected);
    });
  }

  it("reads messages however they are batched, and wherever a read ends", async (context) => {
    const { batch, wrap } = openline;
    /** What each member has still to be sent. */
    const held = new Map();
    const { port, feedPort } = await startRooms(context, openline, (member, value, number) => {
      const waiting = [...(held.get(member) ?? []), wrap(value, number)];
      held.set(member, waiting);
      if (waiting.length < 3) return;
      held.delete(member);
      const octets = text(batch(waiting));
      const cut = 1 + ((number * 7 + member.index * 31) % (octets.length - 1));
      member.socket.write(octets.subarray(0, cut));
      setImmediate(() => member.socket.write(octets.subarray(cut)));
    });
    const options = ["--port", port, "--feed-port", feedPort, "--bytes", bytes, "--in-flight", 3];
    const load = startLoad(context, "channels", "--speak", "openline", ...options, "--connections", 2);
    await load.ask("start");
    await load.ask("count");
  });

  it("answers what keeps a connection alive", async (context) => {
    const { promise, resolve } = deferred();
    const heard = [];
    const port = await startServer(context, {
      opened: ({ socket }) => socket.write(Buffer.concat([text("2"), frame(Buffer.from("hi"), { opcode: 9 })])),
      message(_peer, payload) {
        heard.push(payload.toString());
        if (heard.length === 3) resolve(undefined);
      },
    });
    const load = startLoad(
      context,
      ...["members", "--speak", "socket.io", "--port", port, "--bytes", bytes, "--connections", 1],
    );
    await load.ask("start");
    load.ask("open").catch(() => undefined);
    await promise;
    assert.deepEqual(heard, ["40", "3", "hi"]);
  });
});

function deferred() {
  let resolve;
  const promise = new Promise((resolvePromise) => (resolve = resolvePromise));
  return { promise, resolve };
}
