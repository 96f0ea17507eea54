import { after, before, describe } from "node:test";
import { asSent, testCases } from "./suite.js";
import type { Target } from "./targets/target.js";
import { tcpServer } from "./targets/tcp.js";

describe("a server over TCP conforms to RFC 6455", () => {
  let target: Target;
  before(() => {
    target = tcpServer();
  });
  after(() => target.close());

  testCases(() => target, asSent);
});
