/**
 * Servers that are attacked: one in a process of its own, whose memory is measured from outside, and one in the test's
 * own process, whose reports are at hand.
 */
import assert from "node:assert/strict";
import type { Socket as TcpSocket } from "node:net";
import type { TestContext } from "node:test";
import type { CloseReport, Message, ServeOptions, Server, Socket } from "#src/index.js";
import { connect } from "#src/index.js";
import type { FrameParts } from "./frames.js";
import { frame, sampleKey } from "./frames.js";
import { LineProcess } from "./line-process.js";
import { startOwnPort } from "./own-port.js";
import type { Measures, VictimOptions } from "./victim-process.js";

export const mebibyte = 1024 * 1024;

/** What those say who do no harm. */
const greeting = "still here";

/** The octets of frames as a client sends them. */
export function fromClient(...frames: readonly FrameParts[]): Buffer {
  return Buffer.concat(frames.map((parts) => frame({ key: sampleKey, ...parts })));
}

/** The octets of one frame, `count` times. */
export function repeated(parts: FrameParts, count: number): Buffer {
  const one = fromClient(parts);
  const many = Buffer.allocUnsafe(one.byteLength * count);
  for (let index = 0; index < count; index++) one.copy(many, index * one.byteLength);
  return many;
}

/** Writes, and waits where the socket wants it; false when the socket is gone. */
export async function writeAll(socket: TcpSocket, octets: Uint8Array): Promise<boolean> {
  if (socket.destroyed || !socket.writable) return false;
  if (socket.write(octets)) return true;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      socket.off("drain", done).off("close", done);
      resolve();
    };
    socket.on("drain", done).on("close", done);
  });
  return !socket.destroyed;
}

/** A server in a process of its own. */
export class Victim {
  readonly port: number;
  readonly #control: Socket;
  readonly #answers: AsyncIterator<Message>;

  private constructor(port: number, control: Socket) {
    this.port = port;
    this.#control = control;
    this.#answers = control[Symbol.asyncIterator]();
  }

  static async start(t: TestContext, options: VictimOptions = {}): Promise<Victim> {
    const script = new URL("./victim-process.js", import.meta.url);
    const { url } = await LineProcess.start(t, script, JSON.stringify(options)).next("url");
    const control = await connect(`${String(url)}/control`);
    t.after(() => control.terminate());
    return new Victim(Number(new URL(String(url)).port), control);
  }

  /** What it tells of itself, over a connection that nobody attacks. */
  async measure(): Promise<Measures> {
    this.#control.send("measure");
    const { value } = (await this.#answers.next()) as IteratorResult<Message, undefined>;
    assert.ok(typeof value === "string", "the server that was attacked is gone");
    return JSON.parse(value) as Measures;
  }

  /** When it has looked at all its sockets so many times: whatever has come by now, and it wants to read, it has read. */
  async turns(count: number): Promise<void> {
    for (let turn = 0; turn < count; turn++) {
      await this.#control.ping();
    }
  }

  /** Measures until what it tells meets a condition; with everything that has ended meanwhile. */
  async until(isMet: (measures: Measures) => boolean): Promise<Measures> {
    const ended: string[] = [];
    for (;;) {
      const measures = await this.measure();
      ended.push(...measures.ended);
      if (isMet({ ...measures, ended })) return { ...measures, ended };
    }
  }
}

/** A server in this process, and what became of its connections. */
export interface NearVictim {
  readonly server: Server;
  readonly errors: readonly unknown[];
  /** The report of the next connection that has ended. */
  readonly nextReport: () => Promise<CloseReport>;
  /** Expects that somebody new is served. */
  readonly assertServes: () => Promise<void>;
}

/** Starts an echo server. */
export async function startVictim(t: TestContext, options: Partial<ServeOptions> = {}): Promise<NearVictim> {
  const errors: unknown[] = [];
  const reports: CloseReport[] = [];
  const waiters: ((report: CloseReport) => void)[] = [];
  const innocent = new WeakSet<object>();
  const server = await startOwnPort(t, {
    message: (socket, message) => {
      if (message === greeting) innocent.add(socket);
      socket.send(message);
    },
    close: (socket, report) => {
      if (innocent.has(socket)) return;
      const waiter = waiters.shift();
      if (waiter === undefined) reports.push(report);
      else waiter(report);
    },
    error: (error) => void errors.push(error),
    ...options,
  });
  const nextReport = (): Promise<CloseReport> => {
    const report = reports.shift();
    return report === undefined ? new Promise((resolve) => waiters.push(resolve)) : Promise.resolve(report);
  };
  return { server, errors, nextReport, assertServes: () => assertServes(server.url) };
}

async function assertServes(url: string): Promise<void> {
  const socket = await connect(url);
  socket.send(greeting);
  assert.equal((await socket[Symbol.asyncIterator]().next()).value, greeting);
  await socket.close();
}
