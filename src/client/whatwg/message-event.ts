/**
 * `MessageEvent`, the platform's own; Node's has no tag before 22 (Web IDL §3.7.3: "the class string").
 */
type MessageEventConstructor = new (
  type: string,
  init: { readonly data: unknown; readonly origin: string },
) => MessageEvent;

const PlatformMessageEvent: MessageEventConstructor = MessageEvent;

class TaggedMessageEvent extends PlatformMessageEvent {
  get [Symbol.toStringTag](): string {
    return "MessageEvent";
  }
}
Object.defineProperty(TaggedMessageEvent, "name", { value: "MessageEvent", configurable: true });

const isTagged = Object.hasOwn(PlatformMessageEvent.prototype as object, Symbol.toStringTag);
const OurMessageEvent = isTagged ? PlatformMessageEvent : TaggedMessageEvent;

/**
 * Makes the event of a message that has been received.
 *
 * @param origin the serialized origin of the connection's URL
 */
export function messageEvent(data: string | Blob | ArrayBufferLike, origin: string): MessageEvent {
  return new OurMessageEvent("message", { data, origin });
}
