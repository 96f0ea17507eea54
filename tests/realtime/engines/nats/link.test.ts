import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Msg, NatsConnection } from "@nats-io/transport-node";
import { isApiError, NatsLink } from "#src/realtime/engines/nats/link.js";
import { resolveOptions } from "#src/realtime/engines/nats/options.js";
import { NatsSignals } from "#src/realtime/engines/nats/signals.js";
import { Subjects } from "#src/realtime/engines/nats/subjects.js";
import { realHost } from "../world.js";

type Callback = (error: null, message: Msg) => void;

/** A connection of which nothing is used but what is here, and that answers with these, one after the other. */
class Connection {
  readonly info = { max_payload: 1_048_576 };
  readonly asked: string[] = [];
  readonly sent: { readonly subject: string; readonly payload: string }[] = [];
  readonly #callbacks = new Map<string, Callback>();
  readonly #answers: readonly object[];

  /** @param answers the last one again and again */
  constructor(answers: readonly object[] = []) {
    this.#answers = answers;
  }

  get connection(): NatsConnection {
    return this as unknown as NatsConnection;
  }

  /** Nothing happens to it. */
  status(): AsyncIterable<never> {
    return { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => undefined) }) };
  }

  request(subject: string): Promise<Partial<Msg>> {
    const answer = this.#answers[Math.min(this.asked.length, this.#answers.length - 1)];
    this.asked.push(subject);
    return Promise.resolve({ json: (() => answer) as Msg["json"] });
  }

  subscribe(subject: string, { callback }: { readonly callback: Callback }): object {
    this.#callbacks.set(subject, callback);
    return { isClosed: () => false, unsubscribe: () => this.#callbacks.delete(subject) };
  }

  publish(subject: string, payload: Uint8Array): void {
    this.sent.push({ subject, payload: Buffer.from(payload).toString() });
  }

  /** A message comes. */
  bring(subject: string, text: string): void {
    this.#callbacks.get(subject)?.(null, { subject, data: Buffer.from(text) } as unknown as Msg);
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

describe("a message of which JetStream is just keeping another of the same id", () => {
  const underWay = { stream: "s", seq: 0, duplicate: true };

  it("is asked for again until it has a place", async () => {
    const refused = { error: { code: 409, err_code: 10_158, description: "in process" } };
    const { connection, asked } = new Connection([underWay, refused, { stream: "s", seq: 7, duplicate: true }]);
    const link = new NatsLink(connection, realHost(), resolveOptions({}));
    assert.equal((await link.publish("a", "b", { id: "i" })).seq, 7);
    assert.equal(asked.length, 3);
    await link.close();
  });

  it("is no place, however long it takes", async () => {
    const { connection } = new Connection([underWay]);
    const link = new NatsLink(connection, realHost(), resolveOptions({ timeoutMs: 50 }));
    await assert.rejects(link.publish("a", "b", { id: "i" }), (error) => isApiError(error, 10_158));
    await link.close();
  });
});

describe("a signal over NATS", () => {
  it("is heard here when it leaves, and not when NATS brings it; others' are", async () => {
    const nats = new Connection();
    const link = new NatsLink(nats.connection, realHost(), resolveOptions({}));
    const signals = new NatsSignals(link, new Subjects("openline"));
    const heard: unknown[] = [];
    const { stop } = await signals.listen("room", ({ value, user }) => heard.push([value, user]));
    await signals.send("room", { value: 1, user: "ann" });
    assert.deepEqual(heard, []);
    await new Promise(setImmediate);
    assert.deepEqual(heard, [[1, "ann"]]);
    const [{ subject, payload } = { subject: "", payload: "" }] = nats.sent;
    nats.bring(subject, payload);
    nats.bring(subject, '{"u":"bob","s":"other","n":1}\t["ok",1,2]');
    nats.bring(subject, '{"s":"another","n":1}\t["ok",1,3]');
    stop();
    await signals.send("room", { value: 4, user: undefined });
    await new Promise(setImmediate);
    assert.deepEqual(heard, [
      [1, "ann"],
      [2, "bob"],
      [3, undefined],
    ]);
    await link.close();
  });
});
