// The whole arena, small: what this page has been told of it, so that one sees what area of interest leaves out.
import { byId } from "../../site/page/dom.js";
import type { ToldShip } from "../shared/records.js";
import { UNITS, VIEW_HEIGHT_PX, VIEW_WIDTH_PX, WORLD_PX, walls } from "../shared/world.js";
import { colorOf, HUES, readPalette } from "./palette.js";

const SIZE = 148;
const SCALE = SIZE / WORLD_PX;

/** See the head of this file. */
export class Radar {
  readonly #canvas = byId("radar", HTMLCanvasElement);
  readonly #context: CanvasRenderingContext2D | null;

  constructor() {
    const ratio = Math.min(2, devicePixelRatio);
    this.#canvas.width = this.#canvas.height = SIZE * ratio;
    this.#context = this.#canvas.getContext("2d");
    this.#context?.scale(ratio, ratio);
  }

  draw(
    ships: ReadonlyMap<string, ToldShip>,
    ownKey: string | undefined,
    camera: { readonly x: number; readonly y: number },
  ): void {
    const context = this.#context;
    if (context === null) return;
    const palette = readPalette();
    context.clearRect(0, 0, SIZE, SIZE);
    context.fillStyle = palette.wall;
    for (const { left, top, right, bottom } of walls) {
      const at = (units: number): number => (units / UNITS) * SCALE;
      context.fillRect(at(left), at(top), at(right - left), at(bottom - top));
    }
    const place = ({ x, y }: { readonly x: number; readonly y: number }): readonly [number, number] => [
      (x / UNITS) * SCALE,
      (y / UNITS) * SCALE,
    ];
    for (const [key, ship] of ships) {
      if (ship.hull === 0 || key === ownKey) continue;
      context.fillStyle = colorOf(Number.parseInt(key.slice(1), 36) % HUES, palette.isDark);
      context.beginPath();
      context.arc(...place(ship), 1.8, 0, 2 * Math.PI);
      context.fill();
    }
    const [x, y] = place(camera);
    context.strokeStyle = palette.own;
    context.lineWidth = 1;
    const [width, height] = [VIEW_WIDTH_PX * SCALE, VIEW_HEIGHT_PX * SCALE];
    context.strokeRect(x - width / 2, y - height / 2, width, height);
    if (ownKey === undefined) return;
    context.fillStyle = palette.own;
    context.beginPath();
    context.arc(x, y, 3, 0, 2 * Math.PI);
    context.fill();
  }
}
