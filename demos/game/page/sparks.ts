// Sparks where something was hit. For who wants less motion there are none.
import { Container, Graphics } from "pixi.js";
import type { Shapes } from "./shapes.js";

interface Spark {
  readonly graphics: Graphics;
  readonly vx: number;
  readonly vy: number;
  leftMs: number;
}

const LIFE_MS = 420;
const SPARKS_MAX = 160;

/** See the head of this file. */
export class Sparks {
  readonly container = new Container();
  readonly #shapes: Shapes;
  readonly #isStill = matchMedia("(prefers-reduced-motion: reduce)");
  #sparks: Spark[] = [];

  constructor(shapes: Shapes) {
    this.#shapes = shapes;
  }

  burst(x: number, y: number, count: number): void {
    if (this.#isStill.matches) return;
    for (let index = 0; index < count && this.#sparks.length < SPARKS_MAX; index += 1) {
      const graphics = new Graphics(this.#shapes.spark);
      graphics.position.set(x, y);
      const angle = Math.random() * 2 * Math.PI;
      const speed = 0.05 + Math.random() * 0.22;
      this.container.addChild(graphics);
      this.#sparks.push({ graphics, vx: Math.cos(angle) * speed, vy: Math.sin(angle) * speed, leftMs: LIFE_MS });
    }
  }

  advance(elapsedMs: number): void {
    if (this.#sparks.length === 0) return;
    for (const spark of this.#sparks) {
      spark.leftMs -= elapsedMs;
      spark.graphics.x += spark.vx * elapsedMs;
      spark.graphics.y += spark.vy * elapsedMs;
      spark.graphics.alpha = Math.max(0, spark.leftMs / LIFE_MS);
      if (spark.leftMs <= 0) spark.graphics.destroy();
    }
    this.#sparks = this.#sparks.filter(({ leftMs }) => leftMs > 0);
  }

  destroy(): void {
    this.container.destroy({ children: true });
  }
}
