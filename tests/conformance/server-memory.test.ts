import { after, describe } from "node:test";
import { arrivals } from "./arrivals.js";
import { asSent, testCases } from "./suite.js";
import { memoryServer } from "./targets/memory.js";

describe("a server over an in-memory pair conforms to RFC 6455", () => {
  const target = memoryServer();
  after(() => target.close());

  describe(`when octets arrive ${asSent.name}`, () => testCases(() => target, asSent));

  for (const arrival of arrivals) {
    describe(`when octets arrive ${arrival.name}`, () =>
      testCases(
        () => target,
        arrival,
        ({ isSmall }) => isSmall,
      ));
  }
});
