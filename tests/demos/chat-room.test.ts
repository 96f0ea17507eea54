import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ChatRoom, cleanName, cleanText } from "../../demos/live/chat-room.js";
import { HISTORY_MAX_MESSAGES, NAME_MAX_LENGTH } from "../../demos/live/shared/limits.js";

describe("cleanName", () => {
  it("keeps ordinary names in any script", () => {
    for (const name of ["Ada", "Zoë", "李雷", "O'Brien-Smith 3rd", "👩 Ann"]) assert.equal(cleanName(name), name);
  });

  it("makes one line of it and takes out what is invisible", () => {
    assert.equal(cleanName("  Ada \n\t Lovelace  "), "Ada Lovelace");
    assert.equal(cleanName("A\u202eda\u200b\u0007"), "Ada");
  });

  it("says Guest when nothing is left", () => {
    for (const name of ["", "   ", "\u200b\u200d\ufeff", "\u0000"]) assert.equal(cleanName(name), "Guest");
  });

  it("composes characters, so that one name has one spelling", () => {
    assert.equal(cleanName("Zoe\u0308"), "Zo\u00eb");
  });
});

describe("cleanText", () => {
  it("keeps lines and takes out other control characters", () => {
    assert.equal(cleanText(" a\nb\u0000\u001b[31m\u0085 "), "a\nb[31m");
  });
});

describe("the chat room", () => {
  it("welcomes a newcomer with everybody's name and the history, and tells the others", () => {
    const room = new ChatRoom("run-1");
    const ada = room.join("ada", "Ada");
    room.say("ada", "m1", "hello", 1_000.4);
    const bob = room.join("bob", "Bob");
    assert.deepEqual(bob.toSender, [
      {
        type: "welcome",
        serverId: "run-1",
        memberId: bob.memberId,
        members: [
          { memberId: ada.memberId, name: "Ada" },
          { memberId: bob.memberId, name: "Bob" },
        ],
        history: [{ messageId: "m1", memberId: ada.memberId, name: "Ada", text: "hello", sentAtMs: 1_000 }],
      },
    ]);
    assert.deepEqual(bob.toOthers, [{ type: "joined", member: { memberId: bob.memberId, name: "Bob" } }]);
  });

  it("tells the others who left, once", () => {
    const room = new ChatRoom("run-1");
    const { memberId } = room.join("ada", "Ada");
    assert.deepEqual(room.leave(memberId), {
      toSender: [],
      toOthers: [{ type: "left", member: { memberId, name: "Ada" } }],
    });
    assert.deepEqual(room.leave(memberId), { toSender: [], toOthers: [] });
    assert.deepEqual(room.members, []);
  });

  it("numbers a name that somebody else has, whatever its case, within the longest name", () => {
    const room = new ChatRoom("run-1");
    const longest = "x".repeat(NAME_MAX_LENGTH);
    room.join("1", "Ada");
    room.join("2", "ada");
    room.join("3", "Ada");
    room.join("4", longest);
    room.join("5", longest);
    assert.deepEqual(
      room.members.map(({ name }) => name),
      ["Ada", "ada 2", "Ada 3", longest, `${longest.slice(0, -2)} 2`],
    );
  });

  it("tells everybody about a new name, and nobody when it stays the same", () => {
    const room = new ChatRoom("run-1");
    const { memberId } = room.join("ada", "Ada");
    const renamed = { type: "renamed", member: { memberId, name: "Countess" }, previousName: "Ada" };
    assert.deepEqual(room.rename(memberId, "Countess"), { toSender: [renamed], toOthers: [renamed] });
    assert.deepEqual(room.rename(memberId, " Countess "), { toSender: [], toOthers: [] });
  });

  it("confirms a message to its author and shows it to everybody", () => {
    const room = new ChatRoom("run-1");
    room.join("ada", "Ada");
    const outcome = room.say("ada", "m1", " hello ", 5);
    assert.deepEqual(
      outcome.toSender.map(({ type }) => type),
      ["said", "accepted"],
    );
    assert.deepEqual(
      outcome.toOthers.map((message) => message.type === "said" && message.message.text),
      ["hello"],
    );
  });

  it("confirms a message that it has already, and does not repeat it, even after its author left and came back", () => {
    const room = new ChatRoom("run-1");
    const { memberId } = room.join("ada", "Ada");
    room.say("ada", "m1", "hello", 5);
    const confirmed = { toSender: [{ type: "accepted", messageId: "m1" }], toOthers: [] };
    assert.deepEqual(room.say("ada", "m1", "hello", 6), confirmed);
    room.leave(memberId);
    assert.equal(room.join("ada", "Ada").memberId, memberId);
    assert.deepEqual(room.say("ada", "m1", "hello", 7), confirmed);
    assert.equal(room.history.length, 1);
  });

  it("takes the same message id from two clients for two messages", () => {
    const room = new ChatRoom("run-1");
    room.join("ada", "Ada");
    room.join("bob", "Bob");
    room.say("ada", "m1", "hello", 5);
    room.say("bob", "m1", "hi", 6);
    assert.equal(room.history.length, 2);
  });

  it("keeps the place of somebody who comes back before they were seen to leave", () => {
    const room = new ChatRoom("run-1");
    const first = room.join("ada", "Ada");
    const second = room.join("ada", "Ada");
    assert.equal(second.memberId, first.memberId);
    assert.deepEqual(second.toOthers, []);
    assert.equal(room.members.length, 1);
  });

  it("confirms an empty message without showing it", () => {
    const room = new ChatRoom("run-1");
    room.join("ada", "Ada");
    assert.deepEqual(room.say("ada", "m1", " \u0007 ", 5), {
      toSender: [{ type: "accepted", messageId: "m1" }],
      toOthers: [],
    });
  });

  it("hears nobody who is not in the room", () => {
    const room = new ChatRoom("run-1");
    assert.deepEqual(room.say("ada", "m1", "hello", 5), { toSender: [], toOthers: [] });
    assert.deepEqual(room.rename(7, "x"), { toSender: [], toOthers: [] });
  });

  it("keeps the last messages only", () => {
    const room = new ChatRoom("run-1");
    room.join("ada", "Ada");
    for (let count = 1; count <= HISTORY_MAX_MESSAGES + 10; count += 1) room.say("ada", `m${count}`, `${count}`, count);
    assert.equal(room.history.length, HISTORY_MAX_MESSAGES);
    assert.equal(room.history[0]?.text, "11");
  });

  it("remembers a bounded number of those who left, and everybody who is there", () => {
    const room = new ChatRoom("run-1");
    const { memberId } = room.join("ada", "Ada");
    for (let count = 0; count < 2_000; count += 1) room.leave(room.join(`passer-by-${count}`, "P").memberId);
    assert.equal(room.join("ada", "Ada").memberId, memberId);
    assert.ok(room.join("passer-by-0", "P").memberId > 2_000);
  });
});
