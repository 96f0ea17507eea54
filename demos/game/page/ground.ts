// What does not move: the ground with its grid, and the walls; in pieces, so that only what is near is drawn.
import { Container, Graphics } from "pixi.js";
import { UNITS, WORLD_PX, walls } from "../shared/world.js";
import type { Palette } from "./palette.js";

interface Piece {
  readonly graphics: Graphics;
  readonly x: number;
  readonly y: number;
}

const GRID_PX = 64;
/** The ground is drawn in squares of so many pixels. */
const PIECE_PX = 256;
const PIECES = WORLD_PX / PIECE_PX;

/** See the head of this file. */
export class Ground {
  readonly container = new Container();
  readonly #pieces: Piece[] = [];

  constructor(palette: Palette) {
    for (let cell = 0; cell < PIECES * PIECES; cell += 1) {
      const [x, y] = [(cell % PIECES) * PIECE_PX, Math.floor(cell / PIECES) * PIECE_PX];
      const graphics = new Graphics();
      for (let line = 0; line < PIECE_PX; line += GRID_PX) {
        const width = line === 0 ? 2 : 1;
        graphics.rect(line, 0, width, PIECE_PX).rect(0, line, PIECE_PX, width);
      }
      graphics.fill({ color: palette.grid, alpha: 0.55 });
      this.#add(graphics, x, y);
    }
    for (const { left, top, right, bottom } of walls) {
      const graphics = new Graphics()
        .roundRect(0, 0, (right - left) / UNITS, (bottom - top) / UNITS, 10)
        .fill(palette.wall)
        .stroke({ color: palette.wallEdge, width: 3, alignment: 1 });
      this.#add(graphics, left / UNITS, top / UNITS);
    }
    const edge = new Graphics()
      .rect(0, 0, WORLD_PX, WORLD_PX)
      .stroke({ color: palette.wallEdge, width: 6, alignment: 0 });
    this.container.addChild(edge);
  }

  #add(graphics: Graphics, x: number, y: number): void {
    graphics.position.set(x, y);
    this.container.addChild(graphics);
    this.#pieces.push({ graphics, x, y });
  }

  /** Draws what is within a rectangle, in pixels of the arena. */
  show(left: number, top: number, width: number, height: number): void {
    for (const { graphics, x, y } of this.#pieces) {
      graphics.visible =
        x > left - PIECE_PX && x < left + width + PIECE_PX && y > top - PIECE_PX && y < top + height + PIECE_PX;
    }
  }

  destroy(): void {
    this.container.destroy({ children: true });
  }
}
