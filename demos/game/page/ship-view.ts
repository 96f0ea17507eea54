// A ship as it is drawn: a hull of its color, a flame, a bar, a name.
import { Container, Graphics, type GraphicsContext, Text } from "pixi.js";
import { radiansOf } from "../shared/directions.js";
import { HULL_MAX } from "../shared/ship.js";
import { UNITS } from "../shared/world.js";
import type { Shapes } from "./shapes.js";

/** What there is to draw of a ship. */
export interface DrawnShip {
  readonly x: number;
  readonly y: number;
  readonly aim: number;
  readonly hull: number;
  readonly isAway: boolean;
}

const BAR_WIDTH = 34;

/** See the head of this file. */
export class ShipView {
  readonly container = new Container();
  readonly #body: Graphics;
  readonly #flame: Graphics;
  readonly #bar = new Container();
  readonly #rest: Graphics;
  readonly #name: Text;
  #x = 0;
  #y = 0;

  constructor(shapes: Shapes, body: GraphicsContext, nameColor: string) {
    this.#flame = new Graphics(shapes.flame);
    this.#body = new Graphics(body);
    this.#rest = new Graphics(shapes.bar);
    this.#bar.addChild(new Graphics(shapes.barGround), this.#rest);
    this.#bar.position.set(-BAR_WIDTH / 2, 27);
    this.#name = new Text({
      text: "",
      style: { fontSize: 13, fontWeight: "600", fill: nameColor, fontFamily: "system-ui, sans-serif" },
      resolution: 2,
    });
    this.#name.anchor.set(0.5, 1);
    this.#name.position.set(0, -24);
    this.container.addChild(this.#flame, this.#body, this.#bar, this.#name);
  }

  /** Shows it so. */
  show({ x, y, aim, hull, isAway }: DrawnShip, name: string): void {
    const isMoving = Math.hypot(x - this.#x, y - this.#y) > UNITS;
    [this.#x, this.#y] = [x, y];
    this.container.visible = hull > 0;
    this.container.alpha = isAway ? 0.35 : 1;
    this.container.position.set(x / UNITS, y / UNITS);
    this.#body.rotation = this.#flame.rotation = radiansOf(aim);
    this.#flame.visible = isMoving;
    this.#bar.visible = hull < HULL_MAX;
    this.#rest.scale.x = hull / HULL_MAX;
    if (this.#name.text !== name) this.#name.text = name;
  }

  destroy(): void {
    this.container.destroy({ children: true });
  }
}
