import { after, describe } from "node:test";
import { asSent, testCases } from "./suite.js";
import { memoryWebSocket } from "./targets/memory.js";

describe("the WebSocket class over an in-memory pair conforms to RFC 6455", () => {
  const target = memoryWebSocket();
  after(() => target.close());

  testCases(() => target, asSent);
});
