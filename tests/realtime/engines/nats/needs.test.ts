import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { connect } from "@nats-io/transport-node";
import { type NatsOptions, nats } from "#src/realtime/engines/nats/index.js";
import { call, contract, createRealtime, log, media, signal, state } from "#src/realtime/index.js";
import { type Asked, refusalOf, refusedLines } from "../refusal.js";
import { NatsServer, noNats } from "./server.js";

const plain = contract({
  channels: { "room/{id}": log({ retain: { count: 10 } }), book: state(), beat: signal(), film: media() },
});
const durable = contract({ channels: { "orders/{id}": log({ durable: true }), book: state({ durable: true }) } });
const withCalls = contract({ channels: plain.definition.channels, calls: { order: call({ idempotent: true }) } });
const calls: Asked = { calls: { order: () => undefined } };
const minuteMs = 60_000;
const nanosecondsPerMs = 1_000_000;

describe("what NATS is refused for at the start", { skip: noNats, timeout: 30_000 }, () => {
  let server: NatsServer;
  let prefixes = 0;
  before(async () => {
    // A user who may not change streams, beside one who may do anything.
    server = await NatsServer.start(`
      jetstream: { store_dir: "%" }
      max_payload: 100000
      accounts: { A: { jetstream: enabled, users: [
        { user: all, password: word }
        { user: some, password: word, permissions: { publish: { allow: ">", deny: "$JS.API.STREAM.UPDATE.>" } } }
      ] } }`);
  });
  after(() => server.dispose());

  const engine = (options: NatsOptions, user = "all") =>
    nats({ servers: server.url, connection: { user, pass: "word" }, storage: "memory", timeoutMs: 2000, ...options });
  const newPrefix = (): string => `p${String(prefixes++)}`;

  async function api(name: string, body: object = {}): Promise<{ config: Record<string, unknown> }> {
    const connection = await connect({ servers: server.url, user: "all", pass: "word" });
    try {
      const answer = (await connection.request(`$JS.API.STREAM.${name}`, JSON.stringify(body))).json<{
        error?: unknown;
        config: Record<string, unknown>;
      }>();
      assert.equal(answer.error, undefined);
      return answer;
    } finally {
      await connection.close();
    }
  }

  /** Changes a stream that is there, as its administrator may. */
  async function change(stream: string, changes: object): Promise<void> {
    const { config } = await api(`INFO.${stream}`);
    await api(`UPDATE.${stream}`, { ...config, ...changes });
  }

  /** The streams, made by a server with this contract, which has ended. */
  async function made(prefix: string): Promise<void> {
    assert.equal(await refusalOf(engine({ prefix }), withCalls, calls), undefined);
  }

  it("are streams in memory, where something has to outlast a restart", async () => {
    const prefix = newPrefix();
    assert.equal(
      await refusalOf(engine({ prefix }), durable),
      [
        "NATS cannot give what the contract wants:",
        ...[
          ["orders/{id}", "log"],
          ["book", "state"],
          ["orders/{id}", "key"],
        ].map(
          ([pattern = "", kind = ""]) =>
            `- "${pattern}" wants to outlast a restart (durable), but the stream "${prefix}_${kind}" is kept in memory: ` +
            'delete it and let storage be "file", or leave out durable',
        ),
      ].join("\n"),
    );
    assert.equal(await refusalOf(engine({ prefix }), plain), undefined);
    assert.equal(await refusalOf(engine({ prefix: newPrefix(), storage: "file" }), durable), undefined);
  });

  it("are messages that are longer than NATS takes; what is a default is lowered to what it takes", async () => {
    const prefix = newPrefix();
    const limits = { maxMessageBytes: 99_000, maxPresenceBytes: 2_000_000 };
    assert.deepEqual(await refusedLines(engine({ prefix }), plain, { limits }), [
      "- limits.maxMessageBytes wants 99000 octets, but the server takes 100000, with what stands around a value " +
        "(max_payload): raise max_payload, or ask for less",
      "- limits.maxPresenceBytes wants 2000000 octets, but the server takes 100000, with what stands around a value " +
        "(max_payload): raise max_payload, or ask for less",
    ]);
    const realtime = createRealtime(plain, { engine: engine({ prefix }) });
    await realtime.ready;
    // As long as its message may be, a value passes.
    await realtime.publish("room/1", "a".repeat(97_000), { user: "ann", idempotencyKey: "k" });
    await realtime.close();
    await change(`${prefix}_log`, { max_msg_size: 10_000 });
    assert.match(
      (await refusalOf(engine({ prefix }), plain)) ?? "",
      /room for 16384 octets, .*"p\d+_log" takes 10000/u,
    );
  });

  it("are streams that keep less than the contract says", async () => {
    const prefix = newPrefix();
    await made(prefix);
    await change(`${prefix}_log`, { max_msgs: 9, max_bytes: 1_000_000, duplicate_window: 1000 * nanosecondsPerMs });
    await change(`${prefix}_key`, { max_msgs: 100 });
    await change(`${prefix}_call`, { max_bytes: 100_000 });
    await change(`${prefix}_state`, { max_age: 5 * minuteMs * nanosecondsPerMs });
    await change(`${prefix}_presence`, { max_msgs: 100, discard: "new" });
    const limits = { maxLogBytes: 2_000_000 };
    const lines = await refusedLines(engine({ prefix }), withCalls, { ...calls, limits });
    assert.deepEqual(
      lines.map((line) => line.slice(2, line.lastIndexOf(": "))),
      [
        `"room/{id}" wants a message of one key kept once for 120000 ms, but the stream "${prefix}_log" has a shorter ` +
          "duplicate_window",
        `"book" wants what is set kept until it is changed, but the stream "${prefix}_state" has a max_age`,
        `publishing to "room/{id}" with a key wants everything kept, but the stream "${prefix}_key" has room for 100 ` +
          "messages and drops the oldest",
        `calls with a key wants everything kept, but the stream "${prefix}_call" has room for 100000 octets and drops ` +
          "the oldest",
        `"room/{id}" wants 10 messages kept (retain.count), but the stream "${prefix}_log" of all logs has room for 9 ` +
          "(max_msgs)",
        `limits.maxLogBytes wants 2000000 octets for each log, but the stream "${prefix}_log" of all logs has room for ` +
          "1000000 (max_bytes)",
      ],
    );
    // What nobody wants is not asked for.
    assert.equal(await refusalOf(engine({ prefix }), contract({ channels: { beat: signal() } })), undefined);
  });

  it("are streams that give away what they have, or take nothing", async () => {
    const prefix = newPrefix();
    await made(prefix);
    const { config } = await api(`INFO.${prefix}_state`);
    await api(`DELETE.${prefix}_state`);
    await api(`CREATE.${prefix}_state`, { ...config, retention: "workqueue", no_ack: true });
    await change(`${prefix}_log`, { sealed: true });
    const lines = await refusedLines(engine({ prefix }), plain);
    assert.deepEqual(
      lines.map((line) => line.slice(2, line.lastIndexOf(": "))),
      [
        `"room/{id}" wants what is published kept, but the stream "${prefix}_log" has been sealed`,
        `"book" wants what is acknowledged kept, but the stream "${prefix}_state" has retention workqueue`,
        `"book" wants what is published acknowledged, but the stream "${prefix}_state" has no_ack`,
      ],
    );
  });

  it("are streams that forget too early, and that this user may not change", async () => {
    const prefix = newPrefix();
    await made(prefix);
    const day = contract({ channels: { "room/{id}": log({ retain: { ageMs: 86_400_000 } }) } });
    for (const kind of ["log", "key"]) {
      await change(`${prefix}_${kind}`, { max_age: 10 * minuteMs * nanosecondsPerMs });
    }
    const limits = { idempotencyWindowMs: 1_000_000 };
    const lines = await refusedLines(engine({ prefix }, "some"), day, { limits });
    assert.equal(lines.length, 2);
    assert.match(
      lines[0] ?? "",
      /^- "room\/\{id\}" wants messages kept for 172800000 ms, but .* for 600000 \(max_age\)/u,
    );
    assert.match(lines[1] ?? "", /with a key wants messages kept for 1020000 ms, but .* for 600000 \(max_age\)/u);
    // Who may change them does.
    assert.equal(await refusalOf(engine({ prefix }), day, { limits }), undefined);
    assert.equal((await api(`INFO.${prefix}_log`)).config["max_age"], 172_800_000 * nanosecondsPerMs);
    assert.equal(await refusalOf(engine({ prefix }, "some"), day, { limits }), undefined);
  });
});
