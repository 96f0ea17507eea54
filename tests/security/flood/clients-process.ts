/**
 * Ordinary clients: each sends a numbered message in every interval and expects it back, in order. And newcomers, one
 * after the other, who connect, say something, and leave.
 */
import type { Socket } from "#src/index.js";
import { connect } from "#src/index.js";
import type { ClientState } from "./messages.js";
import { answerQuestions } from "./messages.js";

/** What ordinary clients are told. */
export interface ClientOptions {
  readonly port: number;
  readonly clients: number;
  /** Milliseconds between two messages of one client. */
  readonly intervalMs: number;
}

const { port, clients, intervalMs } = JSON.parse(process.argv[2] ?? "") as ClientOptions;
const url = `ws://127.0.0.1:${port}/ordinary`;
const filler = "f".repeat(100);
const slices = 20;

let roundTripsMs: number[] = [];
let sent = 0;
let received = 0;
let wrong = 0;
let ended = 0;
let newcomers = 0;
let turnedAway = 0;
let isSending = true;

class Client {
  readonly #sentAtMs: number[] = [];
  #next = 0;
  #expected = 0;
  socket: Socket | undefined;

  async open(): Promise<void> {
    this.socket = await connect(url, {
      message: (_socket, message) => this.#receive(message),
      close: () => {
        ended++;
      },
    });
  }

  send(): void {
    this.#sentAtMs.push(performance.now());
    this.socket?.send(`${this.#next++} ${filler}`);
    sent++;
  }

  #receive(message: string | Uint8Array): void {
    const sentAtMs = this.#sentAtMs.shift();
    if (message !== `${this.#expected++} ${filler}` || sentAtMs === undefined) {
      wrong++;
      return;
    }
    received++;
    roundTripsMs.push(performance.now() - sentAtMs);
  }
}

const all = Array.from({ length: clients }, () => new Client());
for (const client of all) await client.open();

let slice = 0;
setInterval(() => {
  if (!isSending) return;
  for (let index = slice; index < all.length; index += slices) all[index]?.send();
  slice = (slice + 1) % slices;
}, intervalMs / slices);

async function comeAndGo(): Promise<void> {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
    try {
      const socket = await connect(url);
      socket.send("hello");
      const { value } = (await socket[Symbol.asyncIterator]().next()) as { readonly value: unknown };
      await socket.close();
      if (value === "hello") newcomers++;
      else turnedAway++;
    } catch {
      turnedAway++;
    }
  }
}
void comeAndGo();

function percentile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

/** Since the last time; what is on its way is waited for, so that what is missing is lost. */
async function state(): Promise<ClientState> {
  isSending = false;
  while (received + wrong < sent && ended === 0) await new Promise((resolve) => setImmediate(resolve));
  roundTripsMs.sort((one, other) => one - other);
  const p50Ms = percentile(roundTripsMs, 0.5);
  const p99Ms = percentile(roundTripsMs, 0.99);
  const answer = { clients, ended, sent, received, wrong, newcomers, turnedAway, p50Ms, p99Ms };
  roundTripsMs = [];
  sent = received = wrong = newcomers = turnedAway = 0;
  isSending = true;
  return answer;
}

answerQuestions({ state });
process.send?.(clients);
