/**
 * `addEventListener`, `removeEventListener` and the `on…` attributes, over an event emitter, with the events of `ws`.
 */
import type { EventEmitter } from "node:events";
import { sessionOf } from "./session.js";
import type { WebSocket } from "./web-socket.js";
import type { Data, OtherListener } from "./web-socket-types.js";

/** Something has happened to a `WebSocket`. */
export interface Event {
  type: string;
  target: WebSocket;
}

/** Something has gone wrong. */
export interface ErrorEvent extends Event {
  // biome-ignore lint/suspicious/noExplicitAny: as the types of `ws` have it
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as the types of `ws` have it
  error: any;
  message: string;
}

/** The connection is over. */
export interface CloseEvent extends Event {
  wasClean: boolean;
  code: number;
  reason: string;
}

/** A message has come. */
export interface MessageEvent extends Event {
  data: Data;
}

/** Which events listeners can be added for. */
export interface WebSocketEventMap {
  open: Event;
  error: ErrorEvent;
  close: CloseEvent;
  message: MessageEvent;
}

/** Options of `addEventListener`. */
export interface EventListenerOptions {
  once?: boolean | undefined;
}

/** Who is called with an event. */
export type EventListener<Type extends keyof WebSocketEventMap> =
  | ((event: WebSocketEventMap[Type]) => void)
  | { handleEvent(event: WebSocketEventMap[Type]): void };

type AnyListener = EventListener<keyof WebSocketEventMap>;

/** What an emitter calls, which calls the listener with an event. */
type Wrapper = OtherListener;

interface Origin {
  readonly listener: AnyListener;
  /** Whether it is there by an `on…` attribute. */
  readonly isAttribute: boolean;
}

/** What stands behind the wrappers. */
const origins = new WeakMap<object, Origin>();

type EventMaker = (target: WebSocket, ...args: never[]) => WebSocketEventMap[keyof WebSocketEventMap];

const eventMakers: Readonly<Record<keyof WebSocketEventMap, EventMaker>> = {
  open: (target) => new SimpleEvent("open", target),
  message: (target, data: Data, isBinary: boolean) => new WebSocketMessageEvent(target, data, isBinary),
  close: (target, code: number, reason: Buffer) => new WebSocketCloseEvent(target, code, reason.toString()),
  error: (target, error: Error) => new WebSocketErrorEvent(target, error),
};

/** As a browser's method of this name. Other events than the four are passed over. */
export function addListener(
  emitter: EventEmitter,
  type: string,
  listener: AnyListener,
  { once }: EventListenerOptions = {},
): void {
  const isKnown = emitter.listeners(type).some((wrapper) => isOrigin(wrapper, listener, false));
  if (!isKnown) add(emitter, type, listener, false, once === true);
}

/** As a browser's method of this name. */
export function removeListener(emitter: EventEmitter, type: string, listener: AnyListener): void {
  const wrapper = emitter.listeners(type).find((candidate) => isOrigin(candidate, listener, false));
  if (wrapper !== undefined) emitter.removeListener(type, wrapper as Wrapper);
}

/** The listener of an `on…` attribute. */
export function attributeListener(emitter: EventEmitter, type: string): AnyListener | null {
  const wrapper = emitter.listeners(type).find((candidate) => origins.get(candidate)?.isAttribute === true);
  return wrapper === undefined ? null : (origins.get(wrapper) as Origin).listener;
}

/** Sets an `on…` attribute; what is no function takes it away. */
export function setAttributeListener(emitter: EventEmitter, type: string, listener: unknown): void {
  const before = emitter.listeners(type).find((candidate) => origins.get(candidate)?.isAttribute === true);
  if (before !== undefined) emitter.removeListener(type, before as Wrapper);
  if (typeof listener === "function") add(emitter, type, listener as AnyListener, true, false);
}

function isOrigin(wrapper: object, listener: AnyListener, isAttribute: boolean): boolean {
  const origin = origins.get(wrapper);
  return origin?.listener === listener && origin.isAttribute === isAttribute;
}

function add(emitter: EventEmitter, type: string, listener: AnyListener, isAttribute: boolean, once: boolean): void {
  if (!Object.hasOwn(eventMakers, type)) return;
  const makeEvent = eventMakers[type as keyof WebSocketEventMap];
  const target: unknown = emitter;
  const wrapper: Wrapper = (...args) => {
    const event = makeEvent(target as WebSocket, ...(args as never[])) as never;
    if (typeof listener === "object") listener.handleEvent(event);
    else listener.call(target, event);
  };
  origins.set(wrapper, { listener, isAttribute });
  if (once) emitter.once(type, wrapper);
  else emitter.on(type, wrapper);
}

class SimpleEvent implements Event {
  readonly type: string;
  readonly target: WebSocket;

  constructor(type: string, target: WebSocket) {
    this.type = type;
    this.target = target;
  }
}

class WebSocketMessageEvent extends SimpleEvent implements MessageEvent {
  readonly data: Data;

  constructor(target: WebSocket, data: Data, isBinary: boolean) {
    super("message", target);
    this.data = isBinary ? data : (data as Buffer).toString();
  }
}

class WebSocketCloseEvent extends SimpleEvent implements CloseEvent {
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;

  constructor(target: WebSocket, code: number, reason: string) {
    super("close", target);
    this.code = code;
    this.reason = reason;
    this.wasClean = sessionOf(target).wasClean;
  }
}

class WebSocketErrorEvent extends SimpleEvent implements ErrorEvent {
  readonly error: unknown;
  readonly message: string;

  constructor(target: WebSocket, error: Error) {
    super("error", target);
    this.error = error;
    this.message = error.message;
  }
}
