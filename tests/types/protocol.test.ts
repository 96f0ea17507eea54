/**
 * What the types of the protocol core promise. The compiler checks it; running it only shows that it was compiled.
 */
import { describe, it } from "node:test";
import { expectTypeOf } from "expect-type";
import type {
  CloseBody,
  CloseCode,
  CloseOutcome,
  CloseReport,
  Connection,
  ConnectionContext,
  ConnectionEvent,
  ConnectionSink,
  ConnectionState,
  DataOpcode,
  Limits,
  Opcode,
  ProtocolError,
  Role,
  SendHints,
  UsageCode,
  UsageError,
  ViolationCode,
} from "#src/protocol/index.js";
import { resolveLimits, transitions } from "#src/protocol/index.js";

describe("the types of the protocol core", () => {
  it("are closed sets", () => {
    expectTypeOf<Role>().toEqualTypeOf<"client" | "server">();
    expectTypeOf<Opcode>().toEqualTypeOf<0 | 1 | 2 | 8 | 9 | 10>();
    expectTypeOf<DataOpcode>().toEqualTypeOf<1 | 2>();
    expectTypeOf<CloseOutcome>().toEqualTypeOf<"closed-by-peer" | "closed-by-us" | "failed" | "dropped">();
    expectTypeOf<ConnectionState>().toEqualTypeOf<"open" | "closing-by-us" | "closing-by-peer" | CloseOutcome>();
    expectTypeOf<typeof CloseCode.normalClosure>().toEqualTypeOf<1000>();
    expectTypeOf(transitions).toEqualTypeOf<
      Readonly<Record<ConnectionState, Readonly<Record<ConnectionEvent, ConnectionState>>>>
    >();
  });

  it("tell a peer's violation from a misuse by the caller", () => {
    expectTypeOf<ProtocolError["code"]>().toEqualTypeOf<ViolationCode>();
    expectTypeOf<ProtocolError["closeCode"]>().toEqualTypeOf<CloseCode>();
    expectTypeOf<ProtocolError["section"]>().toBeString();
    expectTypeOf<UsageError["code"]>().toEqualTypeOf<UsageCode>();
    expectTypeOf<UsageError["observed"]>().toBeUnknown();
    expectTypeOf<ProtocolError["name"]>().toEqualTypeOf<"ProtocolError">();
    expectTypeOf<UsageError["name"]>().toEqualTypeOf<"UsageError">();
    expectTypeOf<Extract<ViolationCode, UsageCode>>().toBeNever();
  });

  it("take strings for text and octets for binary", () => {
    expectTypeOf<Connection["sendText"]>().parameters.toEqualTypeOf<[text: string, hints?: SendHints | undefined]>();
    expectTypeOf<Connection["sendBinary"]>().parameters.toEqualTypeOf<
      [bytes: Uint8Array, hints?: SendHints | undefined]
    >();
    expectTypeOf<Connection["sendFragment"]>().parameters.toEqualTypeOf<
      [type: "text" | "binary", data: string | Uint8Array, fin: boolean, hints?: SendHints | undefined]
    >();
    expectTypeOf<Connection["ping"]>().parameters.toEqualTypeOf<[payload?: Uint8Array | undefined]>();
    expectTypeOf<Connection["close"]>().parameters.toEqualTypeOf<
      [code?: number | undefined, reason?: string | undefined, cause?: Error | undefined]
    >();
    expectTypeOf<Connection["receive"]>().returns.toBeVoid();
    expectTypeOf<Connection["streamEnded"]>().returns.toEqualTypeOf<CloseReport>();
  });

  it("are read-only where they are input or report", () => {
    expectTypeOf<Limits>().toEqualTypeOf<Readonly<Limits>>();
    expectTypeOf<CloseReport>().toEqualTypeOf<Readonly<CloseReport>>();
    expectTypeOf<ConnectionContext>().toEqualTypeOf<Readonly<ConnectionContext>>();
    expectTypeOf<CloseReport["cause"]>().toEqualTypeOf<Error | undefined>();
    expectTypeOf(resolveLimits).parameter(0).toEqualTypeOf<Partial<Limits> | undefined>();
  });

  it("let a sink say whether a Close frame is to be answered now", () => {
    expectTypeOf<ConnectionSink["receivedClose"]>().toEqualTypeOf<(body: CloseBody) => boolean>();
  });
});
