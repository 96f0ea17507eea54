// What the player wants: by keys, or by a stick and a button under the thumbs.
import { byId } from "../../site/page/dom.js";
import { directionOf } from "../shared/directions.js";
import type { Command } from "../shared/ship.js";

const KEYS: Readonly<Record<string, readonly [x: number, y: number] | "fire">> = {
  ArrowUp: [0, -1],
  KeyW: [0, -1],
  ArrowDown: [0, 1],
  KeyS: [0, 1],
  ArrowLeft: [-1, 0],
  KeyA: [-1, 0],
  ArrowRight: [1, 0],
  KeyD: [1, 0],
  Space: "fire",
};

/** A thumb nearer to the middle of the stick than this steers nothing: a part of its radius. */
const DEAD_ZONE = 0.22;

/** See the head of this file. */
export class Controls {
  readonly #pressed = new Set<string>();
  readonly #stick = byId("stick", HTMLElement);
  readonly #knob = byId("knob", HTMLElement);
  #stickAt: readonly [x: number, y: number] | undefined;
  #isFiring = false;
  #aim = 192;

  /** @param arena The element whose keys count while it has the focus. */
  constructor(arena: HTMLElement) {
    arena.addEventListener("keydown", (event) => {
      if (!(event.code in KEYS) || event.ctrlKey || event.metaKey || event.altKey) return;
      this.#pressed.add(event.code);
      // The page is not to scroll.
      event.preventDefault();
    });
    addEventListener("keyup", ({ code }) => this.#pressed.delete(code));
    // Whoever looks elsewhere holds no key.
    arena.addEventListener("blur", () => this.#pressed.clear());
    addEventListener("blur", () => this.#pressed.clear());
    this.#watchStick();
    const fire = byId("fire", HTMLButtonElement);
    fire.addEventListener("pointerdown", (event) => {
      fire.setPointerCapture(event.pointerId);
      this.#isFiring = true;
    });
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"] as const) {
      fire.addEventListener(end, () => {
        this.#isFiring = false;
      });
    }
    fire.addEventListener("contextmenu", (event) => event.preventDefault());
  }

  #watchStick(): void {
    const stick = this.#stick;
    const move = ({ clientX, clientY }: PointerEvent): void => {
      const { left, top, width } = stick.getBoundingClientRect();
      const radius = width / 2;
      const [x, y] = [(clientX - left) / radius - 1, (clientY - top) / radius - 1];
      const length = Math.hypot(x, y);
      const bound = Math.max(1, length);
      this.#knob.style.transform = `translate(${((x / bound) * radius * 0.6).toFixed(1)}px, ${((y / bound) * radius * 0.6).toFixed(1)}px)`;
      this.#stickAt = length < DEAD_ZONE ? undefined : [x, y];
    };
    stick.addEventListener("pointerdown", (event) => {
      stick.setPointerCapture(event.pointerId);
      event.preventDefault();
      move(event);
    });
    stick.addEventListener("pointermove", (event) => {
      if (stick.hasPointerCapture(event.pointerId)) move(event);
    });
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"] as const) {
      stick.addEventListener(end, () => {
        this.#stickAt = undefined;
        this.#knob.style.transform = "";
      });
    }
  }

  /** What is wanted now. */
  command(): Command {
    let [x, y] = this.#stickAt ?? [0, 0];
    let fire = this.#isFiring;
    for (const code of this.#pressed) {
      const key = KEYS[code];
      if (key === "fire") fire = true;
      else if (key !== undefined) [x, y] = [x + key[0], y + key[1]];
    }
    const thrust = x !== 0 || y !== 0;
    if (thrust) this.#aim = directionOf(x, y);
    return { thrust, fire, aim: this.#aim };
  }
}
