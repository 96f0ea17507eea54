// Which cells of the arena a player sees: those that the largest screen shows, and some around them, so that what comes
// into sight has been there for a moment.
import { CELL_PX, CELLS, UNITS, VIEW_HEIGHT_PX, VIEW_WIDTH_PX } from "./world.js";

/** The area of what everybody sees: the mark. No cell is called so. */
export const EVERYWHERE: string = "everywhere";

/** A cell is left when somebody is so many pixels beyond its edge: who flies along an edge is not told two views in turns. */
const HYSTERESIS_PX = 24;

/** Cells to each side of the one in the middle. */
const COLUMNS = Math.ceil((VIEW_WIDTH_PX / 2 + HYSTERESIS_PX) / CELL_PX);
const ROWS = Math.ceil((VIEW_HEIGHT_PX / 2 + HYSTERESIS_PX) / CELL_PX);

// One set for each cell in the middle: whoever sees the same has the same set, and is sent the same octets.
const views = new Map<number, ReadonlySet<string | number>>();

function viewFrom(column: number, row: number): ReadonlySet<string | number> {
  const key = row * CELLS + column;
  const known = views.get(key);
  if (known !== undefined) return known;
  const view = new Set<string | number>([EVERYWHERE]);
  for (let y = Math.max(0, row - ROWS); y <= Math.min(CELLS - 1, row + ROWS); y += 1) {
    for (let x = Math.max(0, column - COLUMNS); x <= Math.min(CELLS - 1, column + COLUMNS); x += 1)
      view.add(y * CELLS + x);
  }
  views.set(key, view);
  return view;
}

/** What one player sees, while it moves. */
export class View {
  #column = CELLS / 2;
  #row = CELLS / 2;

  /** The areas that are seen from a position, in units: the same set as long as it is the same. */
  from({ x, y }: { readonly x: number; readonly y: number }): ReadonlySet<string | number> {
    this.#column = middle(this.#column, x / UNITS);
    this.#row = middle(this.#row, y / UNITS);
    return viewFrom(this.#column, this.#row);
  }
}

function middle(before: number, px: number): number {
  const isBeyond = px < before * CELL_PX - HYSTERESIS_PX || px >= (before + 1) * CELL_PX + HYSTERESIS_PX;
  return isBeyond ? Math.floor(px / CELL_PX) : before;
}
