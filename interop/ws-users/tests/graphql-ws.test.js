import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, it } from "node:test";
import { buildSchema } from "graphql";
import { createClient } from "graphql-ws";
import { useServer } from "graphql-ws/use/ws";
import { assertOurs, WebSocket, WebSocketServer } from "../support/ours.js";
import { closeSockets } from "../support/servers.js";

const schema = buildSchema(`
  type Query { hello: String! }
  type Subscription { count(to: Int!): Int! }
`);
const roots = {
  query: { hello: () => "world" },
  subscription: {
    async *count({ to }) {
      for (let count = 1; count <= to; count++) yield { count };
    },
  },
};

describe("graphql-ws", () => {
  let server;
  let handler;
  let client;
  before(async () => {
    server = new WebSocketServer({ port: 0, host: "127.0.0.1", path: "/graphql" });
    await once(server, "listening");
    handler = useServer({ schema, roots }, server);
    const url = `ws://127.0.0.1:${server.address().port}/graphql`;
    client = createClient({ url, webSocketImpl: WebSocket, retryAttempts: 0 });
  });
  after(async () => {
    await client.dispose();
    await handler.dispose();
    await closeSockets(server);
  });

  it("gets ours", () => assertOurs("graphql-ws/use/ws"));

  it("answers a query, a subscription, and what is wrong", async () => {
    const results = async (query) => {
      const found = [];
      for await (const { data, errors } of client.iterate({ query })) found.push(data ?? errors[0].message);
      return JSON.parse(JSON.stringify(found));
    };
    assert.deepEqual(await results("{ hello }"), [{ hello: "world" }]);
    assert.deepEqual(await results("subscription { count(to: 3) }"), [{ count: 1 }, { count: 2 }, { count: 3 }]);
    await assert.rejects(results("{ nothing }"), (errors) => /Cannot query field "nothing"/.test(errors[0].message));
    assert.equal(server.clients.size, 1);
  });

  it("is turned away with the protocol's close code where the subprotocol is unknown", async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${server.address().port}/graphql`, "other");
    const [error] = await once(socket, "error");
    assert.match(error.message, /subprotocol/);
  });
});
