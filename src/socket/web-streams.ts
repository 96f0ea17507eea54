/**
 * A socket as a pair of web streams.
 */
import { CloseCode } from "../protocol/index.js";
import type { MessagePipe } from "../transport/index.js";
import type { Message, SendData } from "./socket.js";

/** A socket as web streams; each chunk is a message. */
export interface WebStreams {
  /** Messages from the peer. Cancelling it closes the connection, with 1011, or 1001 without a reason or for an AbortError. */
  readonly readable: ReadableStream<Message>;
  /** Messages to the peer. Closing it closes the connection with 1000, aborting it as cancelling the readable. */
  readonly writable: WritableStream<SendData>;
}

/** Makes them. */
export function createWebStreams(pipe: MessagePipe): WebStreams {
  const giveUp = (reason: unknown): void =>
    pipe.abandon(isFailure(reason) ? CloseCode.internalError : CloseCode.goingAway);
  const readable = new ReadableStream<Message>(
    {
      async pull(controller) {
        const message = await pipe.read();
        if (message !== undefined) {
          controller.enqueue(message);
          return;
        }
        controller.close();
        // Whoever holds the writable has to close it, and may have something to say before.
        if (!writable.locked) pipe.abandon(CloseCode.normalClosure);
      },
      cancel: giveUp,
    },
    // Nothing is taken before somebody asks for it.
    { highWaterMark: 0 },
  );
  const writable = new WritableStream<SendData>({
    start(controller) {
      // A write that waits for room would hold up `abort` below.
      onAbort(controller, giveUp);
      // Nobody writes to a connection that is over, however it ended.
      void pipe.ended.then(({ error }) => controller.error(error));
    },
    write: (message) => pipe.write(message),
    close: () => pipe.end(),
    abort: giveUp,
  });
  return { readable, writable };
}

/** Calls back when a writable is aborted. The types of Node 20 have no name for the signal of its controller. */
function onAbort(controller: WritableStreamDefaultController, callback: (reason: unknown) => void): void {
  const signal: unknown = Reflect.get(controller, "signal");
  if (signal instanceof AbortSignal) signal.addEventListener("abort", () => callback(signal.reason), { once: true });
}

/** Whether something went wrong. Who gives no reason has an AbortError for one, as whoever aborts by a signal has. */
function isFailure(reason: unknown): boolean {
  return reason !== undefined && !(reason instanceof Error && reason.name === "AbortError");
}
