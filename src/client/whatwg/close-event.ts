/**
 * `CloseEvent` (WebSockets §7, "The CloseEvent interface"), which Node has from 23 on.
 */
import { layOutInterface, requireArguments, toUnsignedShort, toUSVString } from "./web-idl.js";

/** What a `CloseEvent` is made of. */
export interface CloseEventInit {
  readonly bubbles?: boolean;
  readonly cancelable?: boolean;
  readonly composed?: boolean;
  /** Whether the connection closed cleanly. Default false. */
  readonly wasClean?: boolean;
  /** The WebSocket connection close code. Default 0. */
  readonly code?: number;
  /** The WebSocket connection close reason. Default "". */
  readonly reason?: string;
}

/** A WebSocket connection is closed. */
export interface CloseEvent extends Event {
  readonly wasClean: boolean;
  readonly code: number;
  readonly reason: string;
}

/** The interface object. */
export interface CloseEventConstructor {
  readonly prototype: CloseEvent;
  new (type: string, eventInitDict?: CloseEventInit): CloseEvent;
}

class OurCloseEvent extends Event implements CloseEvent {
  readonly #wasClean: boolean;
  readonly #code: number;
  readonly #reason: string;

  constructor(type: string, eventInitDict: CloseEventInit = {}) {
    // `arguments`, since an argument that is undefined counts as given.
    // biome-ignore lint/complexity/noArguments: see above
    requireArguments(arguments.length, 1, "CloseEvent");
    super(type, eventInitDict);
    const { code, reason, wasClean } = eventInitDict;
    this.#code = code === undefined ? 0 : toUnsignedShort(code);
    this.#reason = reason === undefined ? "" : toUSVString(reason);
    this.#wasClean = Boolean(wasClean);
  }

  get wasClean(): boolean {
    return this.#wasClean;
  }

  get code(): number {
    return this.#code;
  }

  get reason(): string {
    return this.#reason;
  }
}

Object.defineProperty(OurCloseEvent, "name", { value: "CloseEvent", configurable: true });
// Optional parameters do not count.
Object.defineProperty(OurCloseEvent, "length", { value: 1, configurable: true });
layOutInterface(OurCloseEvent.prototype, "CloseEvent", ["wasClean", "code", "reason"]);

/** The platform's own class where there is one, so that `instanceof CloseEvent` holds; or else ours. */
export const CloseEvent: CloseEventConstructor = platformsOwn() ?? OurCloseEvent;

function platformsOwn(): CloseEventConstructor | undefined {
  const found: unknown = Reflect.get(globalThis, "CloseEvent");
  return typeof found === "function" ? (found as unknown as CloseEventConstructor) : undefined;
}
