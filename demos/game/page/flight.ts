// What a player does with a ship: commands at the pace of steps, tried at once and sent, and what the server makes of them.

import { Prediction } from "../shared/prediction.js";
import { COMMANDS_MAX, type ToldShip, writeCommands } from "../shared/records.js";
import type { Command } from "../shared/ship.js";
import { muzzleOf, SHOT_STEPS, type Shot } from "../shared/shot.js";
import { STEP_MS, STEPS_PER_TICK } from "../shared/world.js";

/** Steps that are made up for at most, when the page had no time. */
const CATCH_UP_STEPS = 24;

/** Commands of which the server has said nothing for so long have not come to it, and are sent again. */
const RESEND_MS = 2_500;

/** A shot of one's own, which is shown before the server knows of it. */
export interface OwnShot {
  readonly shot: Pick<Shot, "x" | "y" | "aim">;
  readonly number: number;
  steps: number;
}

/** What a flight tells. */
export interface FlightEvents {
  /** @returns Whether it has been sent. */
  readonly send: (octets: Uint8Array<ArrayBuffer>) => boolean;
  readonly corrected: (px: number) => void;
  readonly answered: (roundTripMs: number) => void;
}

/** See the head of this file. */
export class Flight {
  readonly #events: FlightEvents;
  #prediction: Prediction | undefined;
  /** What the server said last. */
  told: ToldShip | undefined;
  readonly shots = new Set<OwnShot>();
  /** Time that has not been made into steps. */
  #leftMs = 0;
  #stepsUntilSent = STEPS_PER_TICK;
  /** When the server has done something last, or there was nothing to do. */
  #progressAtMs = 0;

  constructor(events: FlightEvents) {
    this.#events = events;
  }

  /** The ship as it is here: what it will be at the server. Undefined while there is none. */
  get ship(): Prediction["ship"] | undefined {
    return this.#prediction?.ship;
  }

  /** Where to show it. */
  get shown(): ReturnType<Prediction["shown"]> | undefined {
    return this.#prediction?.shown(this.#leftMs / STEP_MS);
  }

  /** The server has said how the ship is. */
  take(told: ToldShip, nowMs: number): void {
    if (told.acknowledged !== this.told?.acknowledged) this.#progressAtMs = nowMs;
    this.told = told;
    this.#prediction ??= new Prediction(told, told.acknowledged);
    const { correctionPx, madeAtMs } = this.#prediction.reconcile(told);
    if (correctionPx > 0) this.#events.corrected(correctionPx);
    if (madeAtMs !== undefined) this.#events.answered(nowMs - madeAtMs);
  }

  /**
   * There is a connection again.
   * @param isHeld Whether the ship is the one that it was.
   */
  reconnected(isHeld: boolean): void {
    // Another ship begins with what the server says of it.
    if (!isHeld) this.#prediction = undefined;
    this.#prediction?.reconnected();
  }

  /** Time goes on. */
  advance(elapsedMs: number, nowMs: number, command: () => Command): void {
    this.#leftMs = Math.min(this.#leftMs + elapsedMs, CATCH_UP_STEPS * STEP_MS);
    while (this.#leftMs >= STEP_MS) {
      this.#leftMs -= STEP_MS;
      this.#step(command(), nowMs - this.#leftMs);
    }
  }

  #step(command: Command, nowMs: number): void {
    for (const shot of this.shots) if (++shot.steps > SHOT_STEPS) this.shots.delete(shot);
    const prediction = this.#prediction;
    if (prediction === undefined) return;
    const number = prediction.ship.shots;
    if (prediction.step(command, nowMs)) {
      const { ship } = prediction;
      this.shots.add({ shot: { ...muzzleOf(ship), aim: ship.aim }, number, steps: 0 });
    }
    this.#stepsUntilSent -= 1;
    if (this.#stepsUntilSent > 0) return;
    this.#stepsUntilSent = STEPS_PER_TICK;
    if (prediction.pendingCount === 0) this.#progressAtMs = nowMs;
    else if (nowMs - this.#progressAtMs > RESEND_MS) {
      this.#progressAtMs = nowMs;
      prediction.reconnected();
    }
    const unsent = prediction.unsent(COMMANDS_MAX);
    if (unsent === undefined) return;
    if (this.#events.send(writeCommands(unsent.first, unsent.commands))) prediction.sent(unsent.commands.length);
  }

  /** A shot of one's own has ended, as the server says. */
  ended(number: number): void {
    for (const shot of this.shots) if (shot.number === number) this.shots.delete(shot);
  }
}
