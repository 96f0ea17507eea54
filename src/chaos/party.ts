/**
 * One client of a run, and what it does: by chance, as its seed says, and never waiting for one thing before it begins another.
 */
import { type Client, type ClientState, createClient, RealtimeError } from "../realtime/client/node/index.js";
import { type ChaosDefinition, chaosApi } from "./api.js";
import { Chance } from "./chance.js";
import { HallEar, type Hearer, LogEar, lastId } from "./ears.js";
import { Camera, SceneEar } from "./scenes.js";

/** What a client is to do. */
export interface PartyPlan {
  readonly seed: number;
  readonly room: number;
  readonly board: number;
  readonly hall: number;
  readonly scene: number;
  /** Whether it publishes that, and does not see it. */
  readonly hasCamera: boolean;
  /** The node that it goes to, by events and requests in place of WebSockets; undefined: any, by WebSockets. */
  readonly eventsOf: number | undefined;
  readonly rooms: number;
  /** Where nodes are. */
  readonly urls: readonly string[];
  /** Milliseconds between two things that it does, on average. */
  readonly actionMs: number;
  /** Whether it may leave for good when it loses its connection, as users of a machine that burns do. */
  readonly isGuest: boolean;
}

/** Requests that may be unanswered: who sees that nothing is answered stops asking for more. */
const maxUnanswered = 40;
const retryMs = [100, 1500] as const;
/** Of publications that were refused, so many are given up. */
const givenUpShare = 0.1;
/** Of what has a key, so much is asked for twice at once. */
const doubledShare = 0.05;
/** Of guests that lose their connection, so many do not come back. */
const goneShare = 0.25;
const visitMs = 8000;
const callMs = 25;
const sharedKeys = 8;

/** See the head of this file. */
export class Party {
  readonly client: Client<ChaosDefinition>;
  readonly plan: PartyPlan;
  readonly #hearer: Hearer;
  readonly #chance: Chance;
  readonly #room: LogEar;
  #visit: LogEar | undefined;
  #hall: HallEar | undefined;
  readonly #camera: Camera | undefined;
  readonly #scene: SceneEar | undefined;
  #node = -1;
  #opens = 0;
  #counter = 0;
  #unanswered = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly #board: string;
  readonly #stopBoard: () => void;
  isOver = false;

  /** @param ready it hears its log @param over it has left for good, by itself */
  constructor(hearer: Hearer, plan: PartyPlan, ready: () => void, over: () => void) {
    this.#hearer = hearer;
    this.plan = plan;
    this.#chance = new Chance(plan.seed);
    this.#board = `board/${plan.board}`;
    const choose = (): string => {
      // All requests of a connection have to come to one node.
      this.#node = plan.eventsOf ?? this.#chance.integer(0, plan.urls.length - 1);
      return plan.urls[this.#node] ?? "";
    };
    this.client = createClient(chaosApi, choose, {
      token: hearer.name,
      fallback: plan.eventsOf === undefined ? "never" : "only",
      reconnect: { minDelayMs: 100, maxDelayMs: 1500, stableAfterMs: 500, attemptTimeoutMs: 10_000 },
      state: (state) => this.#entered(state, over),
      error: (error) => hearer.journal.write({ k: "trouble", proc: hearer.name, what: String(error) }),
    });
    this.#room = new LogEar(hearer, this.client.channel(`room/${plan.room}`), ready);
    this.#stopBoard = this.client.channel(`board/${plan.board}`).listen(() => undefined);
    this.#enterHall();
    const scene = this.client.channel(`scene/${plan.scene}`);
    if (plan.hasCamera) this.#camera = new Camera(hearer, scene);
    else this.#scene = new SceneEar(hearer, scene);
  }

  get name(): string {
    return this.#hearer.name;
  }

  get isOpen(): boolean {
    return this.client.state.name === "open";
  }

  /** Whether it hears its log: who came a moment ago may have to wait for the engine. */
  get isHearing(): boolean {
    return this.#room.isLive;
  }

  get unanswered(): number {
    return this.#unanswered;
  }

  #entered(state: ClientState, over: () => void): void {
    const { journal } = this.#hearer;
    if (this.isOver) return;
    if (state.name === "open") {
      this.#opens++;
      this.#hall?.opened();
      this.#scene?.opened();
      const events = this.client.transport === "events";
      journal.write({ k: "open", by: this.name, node: this.#node, ...(events && { events }) });
    } else if (state.name === "closed") {
      journal.write({ k: "trouble", proc: this.name, what: `closed: ${JSON.stringify(state.end.why)}` });
    } else if (state.name === "waiting" && state.loss.kind === "connection-lost") {
      journal.write({ k: "lost", by: this.name, why: `${state.loss.report.code} ${state.loss.report.reason}` });
      if (this.plan.isGuest && this.#chance.chance(goneShare)) {
        // Not within what tells of the state.
        queueMicrotask(() => {
          void this.close();
          over();
        });
      }
    } else if (state.name === "connecting" && this.#opens > 0 && state.attempt === 1) {
      journal.write({ k: "lost", by: this.name, why: "another is on its way" });
    }
  }

  // What it does

  /** Does things from now on. */
  start(): void {
    this.#camera?.start();
    this.#actLater();
  }

  #actLater(): void {
    this.#timer = setTimeout(() => {
      this.#act();
      this.#actLater();
    }, this.#chance.wait(this.plan.actionMs));
  }

  /** Does nothing more. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#camera?.stop();
  }

  #act(): void {
    if (this.#unanswered >= maxUnanswered) return;
    const drawn = this.#chance.next();
    if (drawn < 0.66)
      this.#publish(this.#chance.chance(0.8) ? this.plan.room : this.#chance.integer(0, this.plan.rooms - 1));
    else if (drawn < 0.78) this.#set();
    else if (drawn < 0.87) this.#signal();
    else if (drawn < 0.92) this.#call("order");
    else if (drawn < 0.95) this.#call("ask");
    else if (drawn < 0.98) this.#changeHall();
    else this.#changeVisit();
  }

  /** Counts what is unanswered. @param work never rejects */
  #track(work: Promise<unknown>): void {
    this.#unanswered++;
    void work.finally(() => this.#unanswered--);
  }

  #id(): string {
    return `${this.name}:${this.#counter++}`;
  }

  #publish(room: number): void {
    const id = this.#id();
    const channel = `room/${room}` as const;
    this.#hearer.journal.write({ k: "begin", by: this.name, ch: channel, id });
    this.#track(this.#publishUntilKept(channel, id, false));
    if (this.#chance.chance(doubledShare)) this.#track(this.#publishUntilKept(channel, id, false));
  }

  /** Publishes again, with the same key, what was refused because the engine was not there. */
  async #publishUntilKept(ch: `room/${string}`, id: string, isInsistent: boolean): Promise<void> {
    const { journal, seconds } = this.#hearer;
    const by = this.name;
    const post = { id, at: Date.now() };
    for (;;) {
      try {
        const { position, isDuplicate = false } = await this.client.channel(ch).publish(post, { idempotencyKey: id });
        journal.write({ k: "ack", by, ch, id, pos: position, dup: isDuplicate });
        seconds.acked();
        return;
      } catch (error) {
        if (this.isOver || (!isInsistent && this.#chance.chance(givenUpShare))) {
          journal.write({ k: "unsure", by, ch, id, code: codeOf(error) });
          return;
        }
      }
      await new Promise((resolve) => setTimeout(resolve, this.#chance.between(...retryMs)));
    }
  }

  #set(): void {
    const board = this.client.channel(`board/${this.plan.board}`);
    const drawn = this.#chance.next();
    const shared = `k${this.#chance.integer(0, sharedKeys - 1)}`;
    if (drawn < 0.5) this.#track(this.#change(shared, false, board.revision(shared) ?? null));
    else if (drawn < 0.8) this.#track(this.#change(`of ${this.name}`, false, undefined));
    else if (drawn < 0.9) this.#track(this.#change(shared, false, undefined));
    else this.#track(this.#change(shared, true, undefined));
  }

  async #change(key: string, del: boolean, rev: string | null | undefined): Promise<boolean> {
    const { journal } = this.#hearer;
    const handle = this.client.channel(`board/${this.plan.board}`);
    const [by, ch, id] = [this.name, this.#board, this.#id()];
    journal.write({ k: "set", by, ch, key, id, del, ...(rev !== undefined && { rev }) });
    try {
      const condition = rev === undefined ? {} : { if: rev };
      const { revision } = await (del ? handle.delete(key) : handle.set(key, id, condition));
      journal.write({ k: "set-ok", by, ch, key, id, rev: revision });
      return true;
    } catch (error) {
      journal.write({ k: "set-no", by, ch, key, id, code: codeOf(error) });
      return false;
    }
  }

  #signal(): void {
    const id = `${this.name}.${this.#opens}:${this.#counter++}`;
    const ch = `hall/${this.plan.hall}` as const;
    // Before it is sent, since it may be heard before the next line of this file.
    this.#hearer.journal.write({ k: "signal", by: this.name, ch, id });
    this.client.channel(ch, { presence: true }).send(id);
  }

  #call(name: "order" | "ask"): void {
    const id = this.#id();
    this.#hearer.journal.write({ k: "call", by: this.name, id, idempotent: name === "order" });
    const takesMs = Math.round(this.#chance.wait(callMs));
    this.#track(this.#callOnce(name, id, takesMs));
    if (name === "order" && this.#chance.chance(doubledShare)) this.#track(this.#callOnce(name, id, takesMs));
  }

  async #callOnce(name: "order" | "ask", id: string, takesMs: number): Promise<void> {
    const { journal } = this.#hearer;
    try {
      const options = name === "order" ? { idempotencyKey: id } : {};
      const run = await this.client.call(name, { id, takesMs }, options);
      journal.write({ k: "answer", by: this.name, id, run });
    } catch (error) {
      journal.write({ k: "call-no", by: this.name, id, code: codeOf(error) });
    }
  }

  #enterHall(): void {
    this.#hall = new HallEar(this.#hearer, this.client.channel(`hall/${this.plan.hall}`, { presence: true }));
  }

  #changeHall(): void {
    if (this.#hall === undefined) {
      this.#enterHall();
      return;
    }
    this.#hall.stop();
    this.#hall = undefined;
  }

  /** Hears another room for a while. */
  #changeVisit(): void {
    const { rooms, room } = this.plan;
    if (this.#visit !== undefined || rooms < 2) return;
    const other = (room + this.#chance.integer(1, rooms - 1)) % rooms;
    const visit = new LogEar(this.#hearer, this.client.channel(`room/${other}`), () => undefined);
    this.#visit = visit;
    setTimeout(() => this.#endVisit(), this.#chance.wait(visitMs)).unref();
  }

  #endVisit(): void {
    this.#visit?.stop();
    this.#visit = undefined;
  }

  /** Writes down what it has heard since the last time. */
  flush(): void {
    this.#room.flush();
    this.#visit?.flush();
    this.#hall?.flush();
    this.#scene?.flush();
  }

  // The end

  /** Publishes the last message of its room, and sets the last key of its board. */
  async sayTheEnd(): Promise<void> {
    const channel = `room/${this.plan.room}` as const;
    const id = lastId(channel);
    this.#hearer.journal.write({ k: "begin", by: this.name, ch: channel, id });
    await this.#publishUntilKept(channel, id, true);
  }

  /** Publishes the last group of its scene, where it has the camera. */
  async showTheEnd(): Promise<void> {
    await this.#camera?.sayTheEnd();
  }

  /** Sets a key of its board that whoever has the newest of everything has, too. */
  async setTheEnd(): Promise<void> {
    while (!this.isOver && !(await this.#change(lastId(this.#board), false, undefined))) {
      await new Promise((resolve) => setTimeout(resolve, retryMs[0]));
    }
  }

  /** What it still waits for. */
  missing(): string[] {
    const board = this.client.channel(`board/${this.plan.board}`);
    const missing: string[] = [];
    if (!this.#room.hasHeardTheEnd) missing.push(this.#room.channel);
    if (!board.values.has(lastId(this.#board))) missing.push(this.#board);
    const hall = `hall/${this.plan.hall}` as const;
    if (this.#hall !== undefined && this.client.channel(hall, { presence: true }).status !== "subscribed") {
      missing.push(hall);
    }
    if (this.#scene?.hasSeenTheEnd === false) missing.push(this.#scene.channel);
    return missing;
  }

  /** Writes down how everything is for it. */
  tellEnd(): void {
    const { journal } = this.#hearer;
    const by = this.name;
    this.flush();
    const pending = this.client.pendingRequests;
    journal.write({ k: "end-client", by, open: this.isOpen, pending, missing: this.missing() });
    const values = Object.fromEntries(this.client.channel(`board/${this.plan.board}`).values);
    journal.write({ k: "end-state", by, ch: this.#board, values });
    if (this.#hall === undefined) return;
    const hall = this.client.channel(`hall/${this.plan.hall}`, { presence: true });
    journal.write({ k: "end-presence", by, ch: hall.name, users: [...hall.presence.users.keys()] });
  }

  /** Leaves for good. */
  async close(): Promise<void> {
    if (this.isOver) return;
    this.stop();
    this.#visit?.stop();
    this.#visit = undefined;
    this.#room.stop();
    this.#stopBoard();
    this.#scene?.stop();
    this.#hall?.stop();
    this.#hall = undefined;
    this.isOver = true;
    this.#hearer.journal.write({ k: "gone", by: this.name });
    await this.client.close();
  }
}

function codeOf(error: unknown): string {
  return error instanceof RealtimeError ? error.code : String(error);
}
