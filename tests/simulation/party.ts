/**
 * One end of a connection in a run: what it does, what it has sent, and what it has heard.
 */
import type { CloseReport, Message, SendData, SendResult, Socket } from "#src/index.js";
import { ConnectionClosedError, prepare } from "#src/index.js";
import type { FakeClock, SeededRandom } from "#src/testing/index.js";
import type { SimulatedLink } from "#src/testing/simulated-network.js";
import type { SimulationLog } from "./log.js";
import { makeMessage } from "./messages.js";
import type { Reception, Scenario } from "./scenario.js";
import { describe, SentMessages } from "./sent-messages.js";

/** What a handler of a party's throws on purpose. */
export class PlannedError extends Error {
  override readonly name = "PlannedError";
}

/** What all parties of a run share. */
export interface Stage {
  readonly clock: FakeClock;
  readonly log: SimulationLog;
  readonly scenario: Scenario;
  /** Notes a promise that has to settle before the run is over. */
  readonly watch: (what: string, promise: Promise<unknown>) => void;
}

// What may be sent from where it lies (docs/sending.md), and must not be changed before `bufferedBytes` is 0.
const referencedFromBytes = 16 * 1024;

export class Party {
  readonly name: string;
  readonly role: "server" | "client";
  readonly random: SeededRandom;
  readonly sent = new SentMessages();
  /** The other end; undefined while there is none. */
  peer: Party | undefined;
  socket: Socket<unknown> | undefined;
  /** What it is connected by. */
  link: SimulatedLink | undefined;
  report: CloseReport | undefined;
  /** How often the `close` handler was called. */
  closeCalls = 0;
  received = 0;
  /** Octets of the messages received. */
  receivedBytes = 0;
  /** Whether something was done that may cost messages: they were not taken, or a handler has thrown. */
  isExcused = false;
  /** Whether something was being written when it was last seen. */
  isWriting = false;
  readonly reception: Reception;
  readonly #stage: Stage;
  #handling = 0;
  /** What was sent from where it lies, perhaps. */
  #lying: Uint8Array[] = [];

  constructor(name: string, role: "server" | "client", reception: Reception, stage: Stage, random: SeededRandom) {
    this.name = name;
    this.role = role;
    this.reception = reception;
    this.#stage = stage;
    this.random = random;
  }

  /** Looks at its socket. */
  look(): void {
    this.isWriting = (this.socket?.bufferedBytes ?? 0) > 0;
    if (this.isWriting) return;
    for (const octets of this.#lying) octets.fill(0xee);
    this.#lying = [];
  }

  note(what: string): void {
    this.#stage.log.note(this.name, what);
  }

  #violation(what: string): void {
    this.#stage.log.violation(this.name, what);
  }

  /** The socket is open. */
  opened(socket: Socket<unknown>): void {
    if (this.socket !== undefined) this.#violation("opened twice");
    this.socket = socket;
    this.note("open");
    this.#stage.watch(
      `${this.name}'s closed`,
      socket.closed.then((report) => {
        this.report = report;
        this.note(`closed: ${report.outcome} ${report.code} ${report.cause?.name ?? ""}`);
      }),
    );
    if (this.reception === "iterator") this.#stage.watch(`${this.name}'s iterating`, this.#iterate(socket));
  }

  /** The `close` handler was called. */
  closeHandled(): void {
    this.closeCalls++;
    this.note("close handler");
    if (this.#handling > 0) this.#violation("the close handler was called while a message was being handled");
  }

  /** A message has come to the handler. */
  handle(message: Message): unknown {
    this.receive(message);
    if (this.random.chance(this.#stage.scenario.handlerFailure)) {
      this.isExcused = true;
      this.note("throws");
      if (this.random.chance(0.5)) throw new PlannedError();
      return Promise.reject(new PlannedError());
    }
    if (this.random.chance(0.15)) this.#echo(message);
    if (this.reception !== "slow-handler" || this.random.chance(0.5)) return undefined;
    return this.#handleSlowly();
  }

  async #handleSlowly(): Promise<void> {
    this.#handling++;
    if (this.#handling > 1) this.#violation("two messages were handled at once");
    await this.#stage.clock.sleep(this.random.integer(0, 300));
    if (this.random.chance(0.3)) this.sendSomething();
    this.#handling--;
  }

  /** Sends on what was received, in the memory that it came in. */
  #echo(message: Message): void {
    this.#send(message, typeof message === "string" ? message : Uint8Array.from(message));
  }

  /** A message has come, one way or the other. */
  receive(message: Message): void {
    this.received++;
    this.receivedBytes += typeof message === "string" ? Buffer.byteLength(message) : message.byteLength;
    this.note(`received ${describe(message)}`);
    const fault = this.peer?.sent.receive(message);
    if (fault !== undefined) this.#violation(fault);
    if (this.peer === undefined) this.#violation(`received ${describe(message)} from nobody`);
  }

  async #iterate(socket: Socket<unknown>): Promise<void> {
    const { clock } = this.#stage;
    await clock.sleep(this.random.pick([0, 10, 1000]));
    for (;;) {
      let isLeft = false;
      for await (const message of socket) {
        this.receive(message);
        if (this.random.chance(0.2)) await clock.sleep(this.random.integer(0, 200));
        if (this.random.chance(0.05)) {
          this.note("leaves its iterator");
          isLeft = true;
          break;
        }
      }
      if (!isLeft) return;
      await clock.sleep(this.random.integer(0, 500));
    }
  }

  /** Does this and that, until there is enough or it is over. */
  async live(): Promise<void> {
    const { clock, scenario } = this.#stage;
    for (let step = 0; step < scenario.operationsPerSide; step++) {
      await clock.sleep(this.random.integer(0, scenario.maxPauseMs));
      if (this.random.chance(scenario.endingChance)) this.leave();
      else await this.#act();
    }
  }

  async #act(): Promise<void> {
    const dice = this.random.next();
    if (dice < 0.55) this.sendSomething();
    else if (dice < 0.7) this.#burst();
    else if (dice < 0.8) this.#sendPrepared();
    else if (dice < 0.9) this.#ping();
    else await this.#waitForRoom();
  }

  #burst(): void {
    const count = this.random.integer(2, 40);
    for (let index = 0; index < count; index++) this.sendSomething(300);
  }

  /** Sends a message that nobody has sent before. */
  sendSomething(maxBytes: number = this.#stage.scenario.longMessageBytes): void {
    const message = makeMessage(this.random, maxBytes);
    const copy = typeof message === "string" ? message : Uint8Array.from(message);
    this.#send(message, copy);
    if (typeof message === "string") return;
    // What was copied may be changed at once, the rest when it has left.
    if (message.byteLength < referencedFromBytes) message.fill(0xee);
    else this.#lying.push(message);
  }

  #sendPrepared(): void {
    const message = makeMessage(this.random, Math.min(40_000, this.#stage.scenario.longMessageBytes));
    const prepared = prepare(message);
    const copy = typeof message === "string" ? message : Uint8Array.from(message);
    if (typeof message !== "string") message.fill(0xee);
    const times = this.random.integer(1, 3);
    for (let time = 0; time < times; time++) this.#note(this.socket?.send(prepared), copy);
  }

  #send(data: SendData, sent: Message): void {
    this.#note(this.socket?.send(data), sent);
  }

  #note(result: SendResult | undefined, sent: Message): void {
    this.note(`sends ${describe(sent)}: ${result === undefined ? "" : result.ok ? result.status : result.reason}`);
    if (result?.ok === true) this.sent.add(sent);
  }

  #ping(): void {
    const { socket } = this;
    if (socket === undefined) return;
    const startMs = this.#stage.clock.now();
    this.note("pings");
    const answered = socket.ping().then(
      (ms) => {
        this.note("has its pong");
        if (Math.abs(ms - (this.#stage.clock.now() - startMs)) > 1e-6) this.#violation(`a round trip of ${ms} ms`);
      },
      (error: unknown) => this.#expectClosed("the ping", error),
    );
    this.#stage.watch(`${this.name}'s ping`, answered);
  }

  async #waitForRoom(): Promise<void> {
    const { socket } = this;
    if (socket === undefined) return;
    const waiting = socket.ready().then(
      () => {
        const { highWaterMarkBytes = 65_536 } =
          this.role === "server" ? this.#stage.scenario.serverOptions : this.#stage.scenario.clientOptions;
        // What else goes on in the same moment may have sent more.
        if (socket.bufferedBytes > highWaterMarkBytes) this.note("there was room");
      },
      (error: unknown) => this.#expectClosed("ready()", error),
    );
    this.#stage.watch(`${this.name}'s ready`, waiting);
    await waiting;
  }

  #expectClosed(what: string, error: unknown): void {
    if (!(error instanceof ConnectionClosedError)) this.#violation(`${what} was rejected with ${String(error)}`);
  }

  /** Ends the connection, in one way or the other. */
  leave(): void {
    const { socket } = this;
    if (socket === undefined) return;
    if (this.random.chance(0.25)) {
      this.note("terminates");
      this.isExcused = true;
      socket.terminate();
      return;
    }
    this.close(this.random.pick([1000, 1001, 3000, 4999]), this.random.pick(["", "bye", "ä".repeat(61)]));
  }

  /** Whoever closes reads on for the peer's Close frame, and keeps only so many messages that nobody takes. */
  isClosing(): void {
    if (this.reception !== "handler") this.isExcused = true;
  }

  close(code: number, reason: string): void {
    const { socket } = this;
    if (socket === undefined) return;
    this.note(`closes with ${code}`);
    this.isClosing();
    this.#stage.watch(`${this.name}'s close`, socket.close(code, reason));
  }
}
