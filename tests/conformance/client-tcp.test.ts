import { after, before, describe } from "node:test";
import { asSent, testCases } from "./suite.js";
import type { Target } from "./targets/target.js";
import { tcpClient } from "./targets/tcp.js";

describe("a client over TCP conforms to RFC 6455", () => {
  let target: Target;
  before(() => {
    target = tcpClient();
  });
  after(() => target.close());

  testCases(() => target, asSent);
});
