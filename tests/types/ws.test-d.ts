/**
 * The types of `openline/ws` fit where those of `ws` do, and the other way round. Compiled, and not run.
 */
import { expectTypeOf } from "expect-type";
import type * as theirs from "ws";
import type theirWebSocket from "ws";
import type * as ours from "#src/compat/ws/index.js";
import type OurWebSocket from "#src/compat/ws/index.js";

declare const ourSocket: OurWebSocket;
declare const ourServer: ours.WebSocketServer;

// An application's functions take theirs, and get ours.
expectTypeOf<OurWebSocket>().toExtend<theirWebSocket>();
expectTypeOf<ours.WebSocketServer>().toExtend<theirs.WebSocketServer>();
expectTypeOf<ours.WebSocketServer>().toExtend<theirs.Server>();
expectTypeOf<Parameters<typeof ours.createWebSocketStream>>().toExtend<
  Parameters<typeof theirs.createWebSocketStream>
>();
expectTypeOf<typeof OurWebSocket.OPEN>().toEqualTypeOf<typeof theirWebSocket.OPEN>();

// Options, either way.
expectTypeOf<theirs.ClientOptions>().toExtend<ours.ClientOptions>();
expectTypeOf<ours.ClientOptions>().toExtend<theirs.ClientOptions>();
expectTypeOf<Omit<theirs.ServerOptions, "WebSocket">>().toExtend<ours.ServerOptions>();
expectTypeOf<Omit<ours.ServerOptions, "WebSocket">>().toExtend<theirs.ServerOptions>();
expectTypeOf<theirs.PerMessageDeflateOptions>().toExtend<ours.PerMessageDeflateOptions>();
expectTypeOf<ours.PerMessageDeflateOptions>().toExtend<theirs.PerMessageDeflateOptions>();
expectTypeOf<ours.RawData>().toEqualTypeOf<theirs.RawData>();
expectTypeOf<ours.Data>().toEqualTypeOf<theirs.Data>();
expectTypeOf<ours.AddressInfo>().toEqualTypeOf<theirs.AddressInfo>();
expectTypeOf<ours.CertMeta>().toEqualTypeOf<theirs.CertMeta>();
expectTypeOf<ours.VerifyClientCallbackSync>().toExtend<theirs.VerifyClientCallbackSync>();
expectTypeOf<theirs.VerifyClientCallbackSync>().toExtend<ours.VerifyClientCallbackSync>();
expectTypeOf<ours.VerifyClientCallbackAsync>().toExtend<theirs.VerifyClientCallbackAsync>();
expectTypeOf<ours.CloseEvent>().toExtend<theirs.CloseEvent>();
expectTypeOf<ours.MessageEvent>().toExtend<theirs.MessageEvent>();
expectTypeOf<ours.ErrorEvent>().toExtend<theirs.ErrorEvent>();
expectTypeOf<ours.Event>().toExtend<theirs.Event>();

// What is called on theirs can be called on ours.
expectTypeOf<Parameters<OurWebSocket["ping"]>>().toExtend<Parameters<theirWebSocket["ping"]>>();
expectTypeOf<Parameters<OurWebSocket["close"]>>().toEqualTypeOf<Parameters<theirWebSocket["close"]>>();
expectTypeOf<Parameters<theirWebSocket["send"]>[0]>().toExtend<Parameters<OurWebSocket["send"]>[0]>();
ourSocket.on("message", (data, isBinary) => {
  expectTypeOf(data).toEqualTypeOf<theirs.RawData>();
  expectTypeOf(isBinary).toEqualTypeOf<boolean>();
});
ourSocket.on("close", (code, reason) => {
  expectTypeOf(code).toEqualTypeOf<number>();
  expectTypeOf(reason).toEqualTypeOf<Buffer>();
});
ourSocket.addEventListener("message", ({ data, target }) => {
  expectTypeOf(data).toEqualTypeOf<theirs.Data>();
  expectTypeOf(target).toExtend<theirWebSocket>();
});
ourServer.on("connection", (socket, request) => {
  expectTypeOf(socket).toEqualTypeOf<OurWebSocket>();
  expectTypeOf(request.headers.host).toEqualTypeOf<string | undefined>();
});
for (const client of ourServer.clients) expectTypeOf(client).toEqualTypeOf<OurWebSocket>();
expectTypeOf(ourServer.address()).toEqualTypeOf<ReturnType<theirs.WebSocketServer["address"]>>();

// The names of types under the class.
expectTypeOf<OurWebSocket.RawData>().toEqualTypeOf<theirWebSocket.RawData>();
expectTypeOf<OurWebSocket.ClientOptions>().toEqualTypeOf<ours.ClientOptions>();
expectTypeOf<OurWebSocket.MessageEvent["data"]>().toEqualTypeOf<theirWebSocket.MessageEvent["data"]>();

// And an application that is half moved mixes them.
expectTypeOf<theirWebSocket>().toExtend<OurWebSocket>();
expectTypeOf<typeof OurWebSocket>().toExtend<typeof theirWebSocket>();
