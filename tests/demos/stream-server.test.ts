import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { connect, serve, UpgradeRefusedError } from "openline";
import { type Client, createClient } from "openline/realtime/client";
import type { DefinitionOf } from "openline/realtime/contract";
import { msgpackCodec } from "openline/realtime/msgpack";
import { startSite } from "../../demos/site/site.js";
import { api, type StreamInfo } from "../../demos/stream/shared/contract.js";
import { FRAME_KINDS, packFrame, readFrame } from "../../demos/stream/shared/frame-header.js";
import { ENDED_AFTER_MS, INTERRUPTED_AFTER_MS } from "../../demos/stream/shared/limits.js";
import { stream } from "../../demos/stream/stream.js";
import { StreamHall } from "../../demos/stream/stream-hall.js";

const TIMEOUT_MS = 60_000;

type StreamClient = Client<DefinitionOf<typeof api>>;

function frame(number: number): Uint8Array {
  const config = number % 5 === 0 ? Uint8Array.of(1) : new Uint8Array(0);
  return packFrame({ kind: FRAME_KINDS.picture, take: 1, mediaMs: number * 40, config, data: Uint8Array.of(number) });
}

describe("the hall of streams", { timeout: TIMEOUT_MS }, () => {
  let nowMs = 1_000_000;
  let hall: StreamHall;
  let server: Awaited<ReturnType<typeof serve>>;

  before(async () => {
    const missing = Object.assign(new Error("no ffmpeg"), { code: "ENOENT" });
    hall = new StreamHall(
      () => nowMs,
      new URL("films/", import.meta.url),
      () => Promise.reject(missing),
    );
    // What it does of its own accord, these tests ask for.
    hall.stop();
    server = await serve({ port: 0, host: "127.0.0.1", ...hall.realtime.handlers });
  });
  after(async () => {
    await hall.realtime.drain({ spreadMs: 1 });
    await server.close();
    await hall.realtime.close();
  });

  function visit(name: string): StreamClient {
    return createClient(api, server.url, { token: `${name}, as only they know`, codecs: [msgpackCodec] });
  }

  const start = (client: StreamClient, resume: string | null = null): Promise<string> =>
    client.call("start", { title: "A stream", mode: "low-latency", resume });

  /** Sends frames from a number on, `count` of them. */
  async function send(client: StreamClient, id: string, from: number, count: number): Promise<void> {
    for (let number = from; number < from + count; number++) {
      const sending = client
        .channel(`media/${id}`)
        .send({ data: frame(number), isKey: number % 5 === 0, timeMs: nowMs });
      assert.equal(await sending, "sent");
    }
  }

  async function untilStatus(client: StreamClient, id: string, status: StreamInfo["status"]): Promise<StreamInfo> {
    const streams = client.channel("streams");
    for await (const _ of streams) {
      const info = streams.values.get(id);
      if (info?.status === status) return info;
    }
    throw new Error("it was closed");
  }

  it("lets nobody but its publisher send to a stream, and everybody look from the newest key frame on", async () => {
    await using ann = visit("ann");
    await using ben = visit("ben");
    const id = await start(ann);
    await send(ann, id, 0, 8);
    await assert.rejects(ben.channel(`media/${id}`).send({ data: frame(0), isKey: true }), { code: "forbidden" });
    await assert.rejects(ann.channel("media/nothing").send({ data: frame(0), isKey: true }), { code: "forbidden" });
    const seen: number[] = [];
    for await (const event of ben.channel(`media/${id}`)) {
      assert.ok(event.type === "frame");
      assert.equal(event.timeMs, nowMs);
      seen.push(readFrame(event.data)?.data[0] ?? -1);
      if (seen.length === 3) break;
    }
    assert.deepEqual(seen, [5, 6, 7]);
    assert.equal(await ben.call("stop", id), false);
    assert.equal(await ann.call("stop", id), true);
    await assert.rejects(ann.channel(`media/${id}`).send({ data: frame(10), isKey: true }), { code: "forbidden" });
  });

  it("tells when a publisher is gone, and lets it go on with its stream", async () => {
    await using ann = visit("carla");
    await using ben = visit("ben");
    const id = await start(ann);
    assert.equal((await untilStatus(ben, id, "waiting")).viewers, 0);
    await send(ann, id, 0, 2);
    await untilStatus(ben, id, "live");
    nowMs += INTERRUPTED_AFTER_MS + 1;
    await hall.look();
    await untilStatus(ben, id, "interrupted");
    await send(ann, id, 5, 1);
    await untilStatus(ben, id, "live");
    nowMs += ENDED_AFTER_MS + 1;
    await hall.look();
    await untilStatus(ben, id, "ended");
    await assert.rejects(ann.channel(`media/${id}`).send({ data: frame(10), isKey: true }), { code: "forbidden" });
    // Nobody else can take it up.
    assert.notEqual(await start(ben, id), id);
    assert.equal(await start(ann, id), id);
    await send(ann, id, 10, 1);
    await untilStatus(ben, id, "live");
    await ann.call("stop", id);
    nowMs += 10 * ENDED_AFTER_MS;
    await hall.look();
    assert.equal(hall.info(id), undefined);
  });

  it("is not filled by streams that are over, and lets nobody go on with more of them than they may have", async () => {
    await using ann = visit("olga");
    const ids: string[] = [];
    for (let count = 0; count < 30; count++) {
      const id = await start(ann);
      await ann.call("stop", id);
      ids.push(id);
    }
    assert.equal(hall.info(ids[0] ?? ""), undefined, "what was over first made way");
    const [one, two, three] = ids.slice(-3);
    assert.ok(one !== undefined && two !== undefined && three !== undefined);
    assert.equal(await start(ann, one), one);
    assert.equal(await start(ann, two), two);
    assert.equal(await start(ann, two), two, "it is no other one");
    await assert.rejects(start(ann, three), { code: "too-many-streams" });
    for (const id of [one, two]) await ann.call("stop", id);
    nowMs += 10 * ENDED_AFTER_MS;
    await hall.look();
  });

  it("counts who looks", async () => {
    await using ann = visit("dora");
    await using ben = visit("ben");
    const id = await start(ann);
    const streams = ann.channel("streams");
    const leave = ben.channel(`media/${id}`, { presence: true }).listen(() => undefined);
    const until = async (viewers: number): Promise<void> => {
      // Presence is told a moment after it came, so it is looked for until it is there.
      while (hall.info(id)?.viewers !== viewers) {
        await hall.look();
        await turn();
      }
      for await (const _ of streams) if (streams.values.get(id)?.viewers === viewers) break;
    };
    await until(1);
    leave();
    await until(0);
  });

  it("has a chat for each stream, whose messages say to which moment they belong", async () => {
    await using ann = visit("emil");
    await using ben = visit("ben");
    const id = await start(ann);
    await ann.channel(`chat/${id}`).publish({ name: "Ann", text: " hi ", streamMs: 12 });
    for await (const event of ben.channel(`chat/${id}`, { last: 5 })) {
      if (event.type !== "message") continue;
      assert.deepEqual(event.value, { name: "Ann", text: "hi", streamMs: 12 });
      break;
    }
    const wrong = { name: "Ann", text: "", streamMs: 1 };
    await assert.rejects(ann.channel(`chat/${id}`).publish(wrong), { code: "invalid-value" });
    await assert.rejects(ann.channel("chat/nothing").publish({ ...wrong, text: "x" }), { code: "forbidden" });
    const reactions = ben.channel(`reactions/${id}`)[Symbol.asyncIterator]();
    const next = reactions.next();
    const sent = { emoji: "🎉", streamMs: 5 } as const;
    // Signals are kept for nobody: it is sent until it has been heard.
    let isHeard = false;
    void next.then(() => (isHeard = true));
    while (!isHeard) await ann.channel(`reactions/${id}`).sendConfirmed(sent);
    const { value } = await next;
    assert.deepEqual(value?.type === "message" && value.value, sent);
  });

  it("has as many streams of one publisher as it may, and says what to install for the films", async () => {
    await using client = visit("greta");
    await start(client);
    const second = await start(client);
    await assert.rejects(start(client), { code: "too-many-streams" });
    await client.call("stop", second);
    await start(client);
    const film = client.channel("film");
    for await (const _ of film) if (film.values.get("film")?.status === "missing") break;
    assert.match(film.values.get("film")?.text ?? "", /apt-get install -y ffmpeg/);
  });
});

describe("the streaming page's server", { timeout: TIMEOUT_MS }, () => {
  it("lets in its own page, over WebSockets alone, and closes in time", async () => {
    const publicFolder = new URL("../../demos/public/", import.meta.url);
    const site = await startSite({ port: 0, host: "127.0.0.1", demos: [stream], publicFolder });
    const url = `http://127.0.0.1:${site.port}`;
    const page = await fetch(`${url}/stream/`);
    assert.match(page.headers.get("Content-Security-Policy") ?? "", /media-src blob:/);
    assert.equal((await fetch(`${url}/stream/socket`)).status, 426);
    const foreign = connect(`${url.replace("http", "ws")}/stream/socket`, {
      headers: { Origin: "http://other.example" },
    });
    await assert.rejects(foreign, (error) => error instanceof UpgradeRefusedError && error.status === 403);
    await site.close();
  });
});
