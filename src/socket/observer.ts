/**
 * What somebody who observes servers, clients and their sockets is told.
 *
 * Each thing to tell is undefined while nobody wants to hear it, so that nothing is made for it then: neither an event nor
 * its arguments. It may change at any time, also for sockets that are open already. None of them may throw.
 */
import type { BrokenRule, CloseReport, DataOpcode, SharedMessage } from "../protocol/index.js";
import { Opcode, ruleOf } from "../protocol/index.js";
import type { SocketContext } from "./context.js";
import type { Socket } from "./socket.js";

/** A socket, whatever its application has attached to it. */
export type AnySocket = Socket<unknown>;

/** Why there is no connection. */
export interface ObservedRefusal {
  /** What stands behind it: an error's code, or "accept-refused" where the application declined. */
  readonly code: string;
  /** The HTTP status of the server's answer; undefined where there was none. */
  readonly status: number | undefined;
  /** The rule and what was seen, where it was no decision of the application's. */
  readonly error: Error | undefined;
  /** The peer's network address, where it is known. */
  readonly remoteAddress: string | undefined;
}

/** Tells of a message. `byteLength` is that of its payload, before extensions change it and after they have changed it back. */
export type TellMessage = (
  socket: AnySocket,
  type: "text" | "binary",
  byteLength: number,
  isCompressed: boolean,
) => void;

/** See the head of this file. */
export interface Observer {
  /** A connection is open. Before its `open` handler. */
  readonly opened: ((socket: AnySocket) => void) | undefined;
  /** A handshake came to nothing. */
  readonly refused: ((refusal: ObservedRefusal) => void) | undefined;
  /** A message has come. Before it is delivered. */
  readonly received: TellMessage | undefined;
  /** A message has been framed for its socket. */
  readonly sent: TellMessage | undefined;
  /** Octets have come, of frames and what is in them. Before they are looked at. */
  readonly bytesReceived: ((socket: AnySocket, byteLength: number) => void) | undefined;
  /** Octets have been given to the stream, of frames and what is in them. */
  readonly bytesSent: ((socket: AnySocket, byteLength: number) => void) | undefined;
  /** A pong has answered a ping. */
  readonly roundTrip: ((socket: AnySocket, roundTripMs: number) => void) | undefined;
  /** `send` has answered "buffered", or there is room again after that. */
  readonly backpressure: ((socket: AnySocket, isOn: boolean) => void) | undefined;
  /** A limit was reached, of a socket or during a handshake. */
  readonly limit: ((rule: BrokenRule, socket: AnySocket | undefined) => void) | undefined;
  /** A connection is gone. */
  readonly closed: ((socket: AnySocket, report: CloseReport) => void) | undefined;
}

/** Tells of a message that leaves as it is. */
export function tellSent<Data>(
  { observer, connection }: SocketContext<Data>,
  socket: Socket<Data>,
  message: string | Uint8Array | SharedMessage,
): void {
  const tell = observer?.sent;
  if (tell === undefined) return;
  if (typeof message === "string") tell(socket, "text", connection.text.byteLength(message), false);
  else if (message instanceof Uint8Array) tell(socket, "binary", message.byteLength, false);
  else tell(socket, message.type, message.plain.end - message.plain.payloadStart, false);
}

/** Tells of a message that extensions have written. */
export function tellWritten<Data>(
  { observer, connection }: SocketContext<Data>,
  socket: Socket<Data>,
  opcode: DataOpcode,
  payload: string | number,
  isCompressed: boolean,
): void {
  const tell = observer?.sent;
  if (tell === undefined) return;
  const byteLength = typeof payload === "string" ? connection.text.byteLength(payload) : payload;
  tell(socket, opcode === Opcode.text ? "text" : "binary", byteLength, isCompressed);
}

/** Tells of a limit that was reached and ends nothing: what goes beyond it is refused, is dropped, or waits. */
export function tellLimit(
  { observer }: Pick<SocketContext<unknown>, "observer">,
  socket: AnySocket,
  describe: () => Error,
): void {
  const tell = observer?.limit;
  if (tell === undefined) return;
  const rule = ruleOf(describe());
  if (rule !== undefined) tell(rule, socket);
}

/** Tells how a connection has ended, and of the limit that it was ended for. */
export function tellClosed(observer: Observer | undefined, socket: AnySocket, report: CloseReport): void {
  if (report.rule?.limit !== undefined) observer?.limit?.(report.rule, socket);
  observer?.closed?.(socket, report);
}
