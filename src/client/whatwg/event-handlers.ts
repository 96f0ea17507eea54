/**
 * Event handler IDL attributes: `onopen` and its like (HTML §8.1.8.1, "Event handlers").
 *
 * A handler takes its place among the listeners when it is set first; another one set later takes over that place, and
 * null gives it up.
 */

/** A value of `EventHandler?`, which is `[LegacyTreatNonObjectAsNull]`: any object is kept, only functions are called. */
type HandlerValue = object | null;

interface ActiveHandler {
  value: object;
  readonly listener: (event: Event) => void;
}

type Method = "addEventListener" | "removeEventListener" | "dispatchEvent";

/** Calls a method of `EventTarget` itself: what a subclass makes of it is none of the platform's business. */
function apply(method: Method, target: EventTarget, ...given: readonly unknown[]): void {
  Reflect.apply(Reflect.get(EventTarget.prototype, method) as () => unknown, target, given);
}

/** "Fire an event" (DOM §2.10). What a listener throws is reported by the platform, and never reaches the caller. */
export function fire(target: EventTarget, event: Event): void {
  apply("dispatchEvent", target, event);
}

/** The event handlers of one event target. */
export class EventHandlers {
  readonly #target: EventTarget;
  readonly #active = new Map<string, ActiveHandler>();

  constructor(target: EventTarget) {
    this.#target = target;
  }

  get(type: string): HandlerValue {
    return this.#active.get(type)?.value ?? null;
  }

  set(type: string, value: unknown): void {
    const active = this.#active.get(type);
    if ((typeof value !== "object" && typeof value !== "function") || value === null) {
      // "Deactivate an event handler".
      if (active !== undefined) apply("removeEventListener", this.#target, type, active.listener);
      this.#active.delete(type);
      return;
    }
    if (active !== undefined) {
      active.value = value;
      return;
    }
    // "Activate an event handler".
    const added: ActiveHandler = { value, listener: (event) => callHandler(added.value, this.#target, event) };
    this.#active.set(type, added);
    apply("addEventListener", this.#target, type, added.listener);
  }
}

/** "The event handler processing algorithm", with "event's currentTarget" for `this`. What the callback throws is for the event target to report. */
function callHandler(callback: object, target: EventTarget, event: Event): void {
  if (typeof callback !== "function") return;
  const returnValue: unknown = Reflect.apply(callback as (event: Event) => unknown, target, [event]);
  if (returnValue === false) event.preventDefault();
}
