import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { NatsConnection } from "@nats-io/transport-node";
import { isApiError, NatsLink } from "#src/realtime/engines/nats/link.js";
import { resolveOptions } from "#src/realtime/engines/nats/options.js";
import { realHost } from "../world.js";

/** A connection of which nothing is used but that it is asked, and that gives these answers one after the other. */
function answering(answers: readonly object[]): { readonly connection: NatsConnection; readonly asked: string[] } {
  const asked: string[] = [];
  const connection = {
    info: { max_payload: 1_048_576 },
    // Nothing happens to it.
    status: () => ({ [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => undefined) }) }),
    request: (subject: string) => {
      const answer = answers[Math.min(asked.length, answers.length - 1)];
      asked.push(subject);
      return Promise.resolve({ json: () => answer });
    },
    flush: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
  return { connection: connection as unknown as NatsConnection, asked };
}

describe("a message of which JetStream is just keeping another of the same id", () => {
  const underWay = { stream: "s", seq: 0, duplicate: true };

  it("is asked for again until it has a place", async () => {
    const refused = { error: { code: 409, err_code: 10_158, description: "in process" } };
    const { connection, asked } = answering([underWay, refused, { stream: "s", seq: 7, duplicate: true }]);
    const link = new NatsLink(connection, realHost(), resolveOptions({}));
    assert.equal((await link.publish("a", "b", { id: "i" })).seq, 7);
    assert.equal(asked.length, 3);
    await link.close();
  });

  it("is no place, however long it takes", async () => {
    const { connection } = answering([underWay]);
    const link = new NatsLink(connection, realHost(), resolveOptions({ timeoutMs: 50 }));
    await assert.rejects(link.publish("a", "b", { id: "i" }), (error) => isApiError(error, 10_158));
    await link.close();
  });
});
