/**
 * Somebody who is there all the time, publishes, calls, listens and looks who else is there: what others see that must not be.
 */
import { type ClientOptions, createClient, type UntypedClient } from "#src/realtime/client/node/index.js";
import type { Ledger, RoomAccount } from "../crash/accountant.js";

/** See the head of this file. */
export class Visitor {
  readonly name: string;
  readonly client: UntypedClient;
  /** What was seen that nobody should see. */
  readonly faults: string[] = [];
  /** The nodes that have answered its calls. */
  readonly nodes = new Set<string>();
  readonly #room: RoomAccount;
  readonly #ledger: Ledger;
  #isLeaving = false;
  #count = 0;
  #work: Promise<unknown> | undefined;

  private constructor(name: string, url: string, room: RoomAccount, options: ClientOptions) {
    this.name = name;
    this.#room = room;
    this.#ledger = room.open(name);
    let wasOpen = false;
    this.client = createClient(url, {
      ...options,
      token: name,
      state: ({ name: state }) => {
        if (state === "open") wasOpen = true;
        else if (wasOpen && !this.#isLeaving) this.faults.push(`${name} was ${state}`);
      },
    });
  }

  /** Resolves when it is there, and sees all of so many. */
  static async enter(url: string, room: RoomAccount, name: string, options: ClientOptions = {}): Promise<Visitor> {
    const visitor = new Visitor(name, url, room, options);
    const channel = visitor.client.channel(room.name, { presence: true });
    await new Promise<void>((resolve) => {
      channel.listen((event) => {
        visitor.#ledger.take(event);
        if (event.type === "live") resolve();
      });
    });
    channel.presence.listen(({ left }) => {
      if (!visitor.#isLeaving) visitor.faults.push(...[...left].map((user) => `${name} saw ${user} leave`));
    });
    return visitor;
  }

  get present(): number {
    return this.client.channel(this.#room.name, { presence: true }).presence.count;
  }

  /** How much it has done. */
  get count(): number {
    return this.#count;
  }

  /** Publishes and calls, one after the other, until it is told to stop. */
  begin(signal: AbortSignal): void {
    const publishing = async (): Promise<void> => {
      while (!signal.aborted) {
        const value = `${this.name}/${String(this.#count++)}`;
        this.#room.begin(value);
        const { position } = await this.client.channel(this.#room.name).publish(value);
        this.#room.acknowledge(value, position);
      }
    };
    const calling = async (): Promise<void> => {
      while (!signal.aborted) this.nodes.add(String(await this.client.call("node")));
    };
    this.#work = Promise.all(
      [publishing(), calling()].map((work) =>
        work.catch((error: unknown) => this.faults.push(`${this.name}: ${String(error)}`)),
      ),
    );
  }

  /** Resolves when what it has begun is done. */
  async done(): Promise<void> {
    await this.#work;
  }

  /** Resolves when it has heard everything that was acknowledged. */
  async heardAll(): Promise<void> {
    for (const value of this.#room.acknowledged.keys()) await this.#ledger.hears(value);
  }

  /** Nothing that is seen from now on is a fault. */
  leaving(): void {
    this.#isLeaving = true;
  }
}
