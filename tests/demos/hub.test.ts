import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ChatRoom } from "../../demos/live/chat-room.js";
import { LiveHub, type LiveSocket } from "../../demos/live/hub.js";
import { type ClientMessage, decodeServerMessage, encode, type ServerMessage } from "../../demos/live/shared/wire.js";

class FakeSocket implements LiveSocket {
  bufferedBytes = 0;
  readonly sent: ServerMessage[] = [];
  closedWith: number | undefined;
  isTerminated = false;
  pong: (() => void) | undefined;

  send(data: string): void {
    const decoded = decodeServerMessage(data);
    assert.ok(decoded.ok, data);
    this.sent.push(decoded.message);
  }

  ping(): Promise<void> {
    return new Promise((resolve) => {
      this.pong = resolve;
    });
  }

  close(code?: number): void {
    this.closedWith ??= code;
  }

  terminate(): void {
    this.isTerminated = true;
  }

  types(): string[] {
    return this.sent.splice(0).map(({ type }) => type);
  }
}

class Scene {
  nowMs = 1_000;
  readonly hub = new LiveHub(new ChatRoom("run-1"), () => this.nowMs);

  open(): FakeSocket {
    const socket = new FakeSocket();
    this.hub.open(socket);
    return socket;
  }

  say(socket: FakeSocket, message: ClientMessage): void {
    this.hub.receive(socket, encode(message));
  }

  enter(clientId: string, name: string = clientId): FakeSocket {
    const socket = this.open();
    this.say(socket, { type: "hello", clientId, name });
    return socket;
  }
}

describe("the live page's hub", () => {
  it("passes what one says to all who have introduced themselves", () => {
    const scene = new Scene();
    const [ada, bob, silent] = [scene.enter("ada"), scene.enter("bob"), scene.open()];
    assert.deepEqual(ada.types(), ["welcome", "joined"]);
    assert.deepEqual(bob.types(), ["welcome"]);
    scene.say(bob, { type: "say", messageId: "m1", text: "hi" });
    assert.deepEqual(ada.types(), ["said"]);
    assert.deepEqual(bob.types(), ["said", "accepted"]);
    assert.deepEqual(silent.types(), []);
  });

  it("tells the others when a connection is gone", () => {
    const scene = new Scene();
    const [ada, bob] = [scene.enter("ada"), scene.enter("bob")];
    ada.types();
    scene.hub.closed(bob);
    assert.deepEqual(ada.types(), ["left"]);
    assert.equal(scene.hub.connections, 1);
  });

  it("lets a page continue on a new connection without a word to the others, and takes nothing twice", () => {
    const scene = new Scene();
    const [ada, bob] = [scene.enter("ada"), scene.enter("bob")];
    scene.say(bob, { type: "say", messageId: "m1", text: "hi" });
    ada.types();
    const bobAgain = scene.enter("bob");
    scene.say(bobAgain, { type: "say", messageId: "m1", text: "hi" });
    scene.hub.closed(bob);
    assert.equal(bob.closedWith, 4000);
    assert.deepEqual(bobAgain.types(), ["welcome", "accepted"]);
    assert.deepEqual(ada.types(), []);
  });

  it("wants a hello first, and once", () => {
    const scene = new Scene();
    const socket = scene.open();
    scene.say(socket, { type: "say", messageId: "m1", text: "hi" });
    assert.deepEqual(socket.types(), ["rejected"]);
    scene.say(socket, { type: "hello", clientId: "a", name: "A" });
    scene.say(socket, { type: "hello", clientId: "b", name: "B" });
    assert.deepEqual(socket.types(), ["welcome", "rejected"]);
  });

  it("says what was wrong with a message, and gives up on a client that goes on", () => {
    const scene = new Scene();
    const socket = scene.enter("ada");
    socket.types();
    for (let count = 0; count < 10; count += 1) scene.hub.receive(socket, "{}");
    assert.equal(socket.types().length, 10);
    assert.equal(socket.closedWith, undefined);
    scene.hub.receive(socket, "x".repeat(5_000));
    assert.equal(socket.closedWith, 1008);
  });

  it("closes with 1003 on a binary message", () => {
    const scene = new Scene();
    const socket = scene.enter("ada");
    scene.hub.receive(socket, new Uint8Array(1));
    assert.equal(socket.closedWith, 1003);
  });

  it("asks a fast writer to wait, and takes the message afterwards", () => {
    const scene = new Scene();
    const socket = scene.enter("ada");
    for (let count = 0; count < 10; count += 1) scene.say(socket, { type: "say", messageId: `m${count}`, text: "x" });
    socket.types();
    scene.say(socket, { type: "say", messageId: "late", text: "x" });
    const [answer] = socket.sent.splice(0);
    assert.ok(answer?.type === "slow-down");
    assert.equal(answer.messageId, "late");
    scene.nowMs += answer.retryAfterMs;
    scene.say(socket, { type: "say", messageId: "late", text: "x" });
    assert.deepEqual(socket.types(), ["said", "accepted"]);
  });

  it("closes with 1008 on a flood", () => {
    const scene = new Scene();
    const socket = scene.enter("ada");
    for (let count = 0; count < 200; count += 1) scene.say(socket, { type: "clock", sentAtMs: count });
    assert.equal(socket.closedWith, 1008);
    assert.ok(socket.sent.length <= 101);
  });

  it("answers with its clock", () => {
    const scene = new Scene();
    const socket = scene.enter("ada");
    socket.types();
    scene.say(socket, { type: "clock", sentAtMs: 7 });
    assert.deepEqual(socket.sent, [{ type: "clock", sentAtMs: 7, serverTimeMs: 1_000 }]);
  });

  it("sends updates to those who watch, and skips those who are slow", () => {
    const scene = new Scene();
    const [ada, bob, eve] = [scene.enter("ada"), scene.enter("bob"), scene.enter("eve")];
    for (const socket of [ada, bob]) scene.say(socket, { type: "watch", updates: true });
    for (const socket of [ada, bob, eve]) socket.types();
    bob.bufferedBytes = 100_000;
    scene.hub.publish({ sequence: 1, value: 2, serverTimeMs: 3 });
    assert.deepEqual([ada.types(), bob.types(), eve.types()], [["update"], [], []]);
  });

  it("closes with 1013 what is too slow even for the chat", () => {
    const scene = new Scene();
    const [ada, bob] = [scene.enter("ada"), scene.enter("bob")];
    bob.bufferedBytes = 2_000_000;
    scene.say(ada, { type: "say", messageId: "m1", text: "hi" });
    assert.equal(bob.closedWith, 1013);
  });

  it("terminates what does not answer a ping, and closes what never says hello", async () => {
    const scene = new Scene();
    const [ada, bob] = [scene.enter("ada"), scene.enter("bob")];
    scene.hub.checkLiveness();
    ada.pong?.();
    await Promise.resolve();
    const silent = scene.open();
    scene.nowMs += 20_000;
    scene.hub.checkLiveness();
    assert.deepEqual([ada.isTerminated, bob.isTerminated, silent.closedWith], [false, true, 1008]);
  });
});
