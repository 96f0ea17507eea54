/**
 * That our `WebSocket` and TypeScript's own are interchangeable. The compiler checks it; nothing here is ever run.
 */
import { expectTypeOf } from "expect-type";
import type { WebSocketInit } from "#src/index.js";
import { WebSocket as OurWebSocket } from "#src/index.js";

type Platforms = globalThis.WebSocket;
type PlatformsClass = typeof globalThis.WebSocket;

declare const ours: OurWebSocket;
declare const platforms: Platforms;

/** An object of ours goes where one of the platform's is wanted, and the other way. */
export function objectsAreInterchangeable(): void {
  const toPlatform: Platforms = ours;
  const toOurs: OurWebSocket = platforms;
  expectTypeOf(toPlatform).toExtend<OurWebSocket>();
  expectTypeOf(toOurs).toExtend<Platforms>();
}

/** The class goes where the platform's is wanted. Ours takes more: any iterable of subprotocols, and options. */
export function classesAreInterchangeable(): void {
  const toPlatform: PlatformsClass = OurWebSocket;
  const create = (kind: PlatformsClass): Platforms => new kind("ws://a/", ["chat"]);
  expectTypeOf(create).toBeCallableWith(OurWebSocket);
  expectTypeOf(toPlatform).toHaveProperty("CONNECTING");
  expectTypeOf<OurWebSocket["binaryType"]>().toEqualTypeOf<Platforms["binaryType"]>();
  expectTypeOf<OurWebSocket["readyState"]>().toEqualTypeOf<Platforms["readyState"]>();
}

/** Listeners know their events. */
export function eventsAreTyped(): void {
  const socket = new OurWebSocket(new URL("ws://a/"), "chat", { headers: { "X-Token": "1" }, tls: { ca: "" } });
  socket.onmessage = (event) => expectTypeOf(event).toExtend<MessageEvent>();
  socket.addEventListener("close", ({ code, reason, wasClean }) => {
    expectTypeOf({ code, reason, wasClean }).toEqualTypeOf<{ code: number; reason: string; wasClean: boolean }>();
  });
  socket.addEventListener("anything", (event) => expectTypeOf(event).toExtend<Event>());
  expectTypeOf<WebSocketInit>().not.toHaveProperty("protocols");
  expectTypeOf<WebSocketInit>().not.toHaveProperty("message");
  expectTypeOf<WebSocketInit>().not.toHaveProperty("signal");
}
