import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ID_MAX_LENGTH, NAME_MAX_LENGTH, TEXT_MAX_LENGTH } from "../../demos/live/shared/limits.js";
import {
  type ClientMessage,
  decodeClientMessage,
  decodeServerMessage,
  decodeUpdates,
  encode,
  type ServerMessage,
} from "../../demos/live/shared/wire.js";

const CLIENT_MESSAGES: readonly ClientMessage[] = [
  { type: "hello", clientId: "c1", name: "Ada" },
  { type: "rename", name: "Grace" },
  { type: "say", messageId: "m-1", text: "Grüße 👋" },
  { type: "watch", updates: true },
  { type: "clock", sentAtMs: 12.5 },
];

const MEMBER = { memberId: 1, name: "Ada" };
const CHAT_MESSAGE = { ...MEMBER, messageId: "m1", text: "hello", sentAtMs: 1 };
const SERVER_MESSAGES: readonly ServerMessage[] = [
  { type: "welcome", serverId: "s1", memberId: 1, members: [MEMBER], history: [CHAT_MESSAGE] },
  { type: "joined", member: MEMBER },
  { type: "left", member: MEMBER },
  { type: "renamed", member: MEMBER, previousName: "Bob" },
  { type: "said", message: CHAT_MESSAGE },
  { type: "accepted", messageId: "m1" },
  { type: "slow-down", messageId: "m1", retryAfterMs: 250 },
  { type: "rejected", reason: "no" },
  { type: "clock", sentAtMs: 1, serverTimeMs: 2 },
  { type: "update", sequence: 1, value: 99.5, serverTimeMs: 3 },
];

describe("the live page's wire", () => {
  it("decodes every message of a client that it encodes", () => {
    for (const message of CLIENT_MESSAGES)
      assert.deepEqual(decodeClientMessage(encode(message)), { ok: true, message });
  });

  it("decodes every message of the server that it encodes", () => {
    for (const message of SERVER_MESSAGES)
      assert.deepEqual(decodeServerMessage(encode(message)), { ok: true, message });
  });

  it("refuses a message of which any field is missing or of another type", () => {
    for (const message of CLIENT_MESSAGES) {
      for (const field of Object.keys(message)) {
        for (const value of [undefined, null, {}, ["x"]]) {
          const { ok } = decodeClientMessage(JSON.stringify({ ...message, [field]: value }));
          assert.equal(ok, false, `${message.type}.${field} = ${JSON.stringify(value)}`);
        }
      }
    }
    for (const message of SERVER_MESSAGES) {
      for (const field of Object.keys(message)) {
        assert.equal(decodeServerMessage(JSON.stringify({ ...message, [field]: null })).ok, false);
      }
    }
  });

  it("refuses what is no JSON object and types that it does not know", () => {
    const texts = ["", "{", "null", "1", '"say"', "[]", "{}", '{"type":1}', '{"type":"shout"}', '{"type":"welcome"}'];
    for (const text of texts) assert.equal(decodeClientMessage(text).ok, false, text);
  });

  it("is not misled by names that every object inherits", () => {
    for (const type of ["constructor", "toString", "__proto__", "hasOwnProperty"]) {
      assert.deepEqual(decodeClientMessage(`{"type":"${type}"}`), { ok: false, reason: "unknown type" });
    }
    assert.equal(decodeClientMessage('{"__proto__":{"type":"rename","name":"x"}}').ok, false);
    assert.equal(decodeClientMessage('{"type":"rename","__proto__":{"name":"x"}}').ok, false);
  });

  it("refuses names, texts and ids that are too long, and ids with other characters", () => {
    const accepts = (message: ClientMessage): boolean => decodeClientMessage(encode(message)).ok;
    assert.ok(accepts({ type: "rename", name: "x".repeat(NAME_MAX_LENGTH) }));
    assert.ok(!accepts({ type: "rename", name: "x".repeat(NAME_MAX_LENGTH + 1) }));
    assert.ok(accepts({ type: "say", messageId: "m", text: "x".repeat(TEXT_MAX_LENGTH) }));
    assert.ok(!accepts({ type: "say", messageId: "m", text: "x".repeat(TEXT_MAX_LENGTH + 1) }));
    assert.ok(!accepts({ type: "say", messageId: "m".repeat(ID_MAX_LENGTH + 1), text: "x" }));
    assert.ok(!accepts({ type: "say", messageId: "", text: "x" }));
    assert.ok(!accepts({ type: "say", messageId: "m\n", text: "x" }));
  });

  it("decodes the body of a poll, and nothing else", () => {
    const updates = [{ sequence: 1, value: 2, serverTimeMs: 3 }];
    assert.deepEqual(decodeUpdates(JSON.stringify(updates)), { ok: true, message: updates });
    assert.equal(decodeUpdates('[{"sequence":1}]').ok, false);
    assert.equal(decodeUpdates("{}").ok, false);
    assert.equal(decodeUpdates("<html>").ok, false);
  });
});
