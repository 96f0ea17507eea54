/**
 * What the types of the web build promise, beside those of Node's. The compiler checks it; nothing here is ever run.
 */
import { expectTypeOf } from "expect-type";
import type * as node from "#src/index.js";
import type * as web from "#src/web/index.js";
import type { NodeOnlyOption } from "#src/web/options.js";

/** Whoever leaves an option of Node's out of the web build tells its users so. */
export function everyOptionOfNodeIsThereOrRefused(): void {
  expectTypeOf<Exclude<keyof node.ConnectOptions, keyof web.ConnectOptions>>().toEqualTypeOf<NodeOnlyOption>();
  expectTypeOf<Exclude<keyof web.ConnectOptions, keyof node.ConnectOptions>>().toEqualTypeOf<never>();
}

/** Code for both is written against either. */
export function oneClientForBoth(connectHere: typeof node.connect, connectThere: typeof web.connect): void {
  expectTypeOf<ReturnType<typeof node.connect>>().toExtend<ReturnType<typeof web.connect>>();
  expectTypeOf<node.Socket>().toExtend<web.Socket>();
  expectTypeOf<web.ClientSocket>().toExtend<web.Socket>();
  expectTypeOf<Exclude<keyof node.ClientSocket, keyof web.ClientSocket>>().toEqualTypeOf<"toDuplex" | "toWebStreams">();
  expectTypeOf<web.CloseReport>().toEqualTypeOf<node.CloseReport>();
  const options: web.ConnectOptions = { protocols: ["chat"], message: (socket, message) => socket.send(message) };
  void connectHere("ws://localhost", options);
  void connectThere("ws://localhost", options);
}
