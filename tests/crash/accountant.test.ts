/**
 * Who finds no fault must be able to find each.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { LogEvent } from "#src/realtime/client/node/index.js";
import { RoomAccount } from "./accountant.js";
import { spreadOf } from "./spread.js";

function message(value: string, position: number, previous = position - 1): LogEvent<unknown> {
  const meta = { user: undefined, timeMs: undefined, key: undefined };
  const places = { position: String(position), previous: String(previous) };
  return { type: "message", recovered: false, value, epoch: "e", ...places, ...meta };
}

const live: LogEvent<unknown> = { type: "live", epoch: "e", position: "0", recovered: true };

/** Two listeners, to both of whom what is told comes; the second one is told more, or something else. */
function audit(second: readonly LogEvent<unknown>[], change?: (room: RoomAccount) => void): readonly string[] {
  const room = new RoomAccount("r");
  const ledgers = [room.open("a"), room.open("b")] as const;
  for (const value of ["one", "two", "maybe"]) room.begin(value);
  room.acknowledge("one", "1");
  room.acknowledge("two", "2");
  change?.(room);
  for (const event of [live, message("one", 1), message("two", 2)]) ledgers[0].take(event);
  for (const event of second) ledgers[1].take(event);
  return room.audit();
}

describe("the account of a room", () => {
  it("agrees where all have heard all that was acknowledged, once", () => {
    assert.deepEqual(audit([live, message("one", 1), message("two", 2)]), []);
  });

  const right = [live, message("one", 1), message("two", 2)];
  const faults: Readonly<Record<string, [readonly LogEvent<unknown>[], RegExp, ((room: RoomAccount) => void)?]>> = {
    "a message that is missing": [[live, message("one", 1)], /b in r has not heard two, acknowledged at 2/u],
    "a message that came twice": [[...right, message("one", 3)], /b in r heard one twice/u],
    "a message out of its place": [[live, message("two", 2), message("one", 1)], /heard two after 0, and not after 1/u],
    "a message at another position": [[live, message("one", 1), message("two", 3, 1)], /heard two at 3, and not at 2/u],
    "a message of nobody": [[...right, message("three", 3)], /has heard 1 that nobody published/u],
    "a message that only some have heard": [[...right, message("maybe", 3)], /listeners have heard 2 and 3 messages/u],
    "a gap": [
      [live, { type: "gap", reason: "retention", epoch: "e", position: "2", recovered: false }],
      /told of a gap \(retention\)/u,
    ],
    "a recovery that is none": [[{ ...live, recovered: false }, ...right.slice(1)], /b in r has not recovered/u],
    "two acknowledgements that differ": [
      right,
      /two was acknowledged at 2 and at 3/u,
      (room) => {
        room.acknowledge("two", "3");
        room.acknowledge("two", "2");
      },
    ],
  };
  for (const [what, [events, expected, change]] of Object.entries(faults)) {
    it(`finds ${what}`, () => {
      const found = audit(events, change);
      assert.ok(
        found.some((fault) => expected.test(fault)),
        found.join("; "),
      );
    });
  }

  it("tells delays that are alike from those that are spread", () => {
    const delays = Array.from({ length: 1000 }, (_, index) => ({ delayMs: index, boundMs: 1000 }));
    const even = spreadOf(delays);
    assert.equal(even.fullestShare, 0.1);
    assert.ok(even.fullestShare < even.allowedShare && even.allowedShare < 0.15);
    const alike = spreadOf(delays.map(({ boundMs }) => ({ delayMs: 990, boundMs })));
    assert.ok(alike.fullestShare > alike.allowedShare);
  });
});
