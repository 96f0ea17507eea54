import { after, describe } from "node:test";
import { arrivals } from "./arrivals.js";
import { asSent, testCases } from "./suite.js";
import { memoryClient } from "./targets/memory.js";

describe("a client over an in-memory pair conforms to RFC 6455", () => {
  const target = memoryClient();
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
