/**
 * Schedules by chance.
 */
import fc from "fast-check";
import { clientCount, type Step } from "./simulation.js";

const client = fc.nat({ max: clientCount - 1 });
const key = fc.constantFrom("a", "b", "c", "d", "e", "f", "g", "h");
const channel = fc.constantFrom("book/1" as const, "calm/1" as const, "arena/1" as const);

export const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("publish" as const), client }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("short" as const), client }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("set" as const), client, channel, key }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("delete" as const), client, channel, key }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom("signal" as const, "order" as const), client }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("media" as const), isKey: fc.boolean() }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("burst" as const),
      channel: fc.constantFrom(...(["room/1", "short/1", "book/1", "cursor/1", "video/1"] as const)),
      count: fc.integer({ min: 1, max: 100 }),
      slow: fc.option(fc.record({ client, ms: fc.integer({ min: 1, max: 500 }) }), { nil: undefined }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("look" as const), areas: fc.uniqueArray(fc.nat({ max: 3 })) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("cut" as const), client }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("silence" as const), client }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("stall" as const), client, ms: fc.integer({ min: 10, max: 3000 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("kill" as const), ms: fc.integer({ min: 1, max: 2000 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 500 }) }) },
);

export const schedule: fc.Arbitrary<Step[]> = fc.array(step, { minLength: 5, maxLength: 40 });
