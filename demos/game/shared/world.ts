// The arena: its measures, its walls, its cells. Positions are whole numbers of units, of which a pixel has sixteen, so that
// both ends compute the same to the last digit, and a coordinate is two octets.

/** Units in a pixel. */
export const UNITS: number = 16;

/** Width and height of the arena in units: all that two octets can tell. */
export const WORLD_UNITS: number = 65_536;

/** The same in pixels. */
export const WORLD_PX: number = WORLD_UNITS / UNITS;

/** Ticks of the server in a second. */
export const TICKS_PER_SECOND: number = 20;
export const TICK_MS: number = 1_000 / TICKS_PER_SECOND;

/** Steps that a ship makes in a tick: one for each command of its player. */
export const STEPS_PER_TICK: number = 3;
export const STEP_MS: number = TICK_MS / STEPS_PER_TICK;

/** Half of a ship's width, and of an orb's, in units. */
export const SHIP_RADIUS: number = 18 * UNITS;
export const ORB_RADIUS: number = 9 * UNITS;

/** What can be seen of the arena at most, in pixels, however large the screen is: a large one is no advantage. */
export const VIEW_WIDTH_PX: number = 1_120;
export const VIEW_HEIGHT_PX: number = 700;

/** A wall, in units. */
export interface Wall {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Walls stand on a raster of so many pixels. */
const RASTER_PX = 64;
const WALLS = 56;
/** Around the middle, where people begin, there are none. */
const CLEAR_PX = 420;

/** A place on a line of `count`, by a generator that needs nothing but whole numbers. */
function createDice(seed: number): (count: number) => number {
  let state = seed;
  return (count) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 4_294_967_296) * count);
  };
}

function createWalls(): readonly Wall[] {
  const dice = createDice(20_260_117);
  const walls: Wall[] = [];
  while (walls.length < WALLS) {
    const isWide = dice(2) === 0;
    const [width, height] = isWide ? [2 + dice(3), 1] : [1, 2 + dice(3)];
    const left = (1 + dice(WORLD_PX / RASTER_PX - width - 2)) * RASTER_PX;
    const top = (1 + dice(WORLD_PX / RASTER_PX - height - 2)) * RASTER_PX;
    const [right, bottom] = [left + width * RASTER_PX, top + height * RASTER_PX];
    const isNear = (from: number, to: number): boolean =>
      from < WORLD_PX / 2 + CLEAR_PX && to > WORLD_PX / 2 - CLEAR_PX;
    if (isNear(left, right) && isNear(top, bottom)) continue;
    walls.push({ left: left * UNITS, top: top * UNITS, right: right * UNITS, bottom: bottom * UNITS });
  }
  return walls;
}

/** All walls. They are the same at both ends, so nobody has to tell them. */
export const walls: readonly Wall[] = createWalls();

// Walls by the squares of 128 pixels that they, with a ship's width around them, reach into.
const SQUARE_SHIFT = 11;
const SQUARES = WORLD_UNITS >> SQUARE_SHIFT;
const wallsBySquare: readonly (readonly Wall[])[] = Array.from({ length: SQUARES * SQUARES }, (_, square) => {
  const left = (square % SQUARES) << SQUARE_SHIFT;
  const top = Math.floor(square / SQUARES) << SQUARE_SHIFT;
  const size = 1 << SQUARE_SHIFT;
  return walls.filter(
    (wall) =>
      wall.right + SHIP_RADIUS > left &&
      wall.left - SHIP_RADIUS < left + size &&
      wall.bottom + SHIP_RADIUS > top &&
      wall.top - SHIP_RADIUS < top + size,
  );
});

/**
 * The wall that something round touches.
 * @param x From 0 to `WORLD_UNITS - 1`, as is `y`.
 * @param radius At most a ship's. Corners are not rounded.
 */
export function wallAt(x: number, y: number, radius: number): Wall | undefined {
  const near = wallsBySquare[(y >> SQUARE_SHIFT) * SQUARES + (x >> SQUARE_SHIFT)] ?? [];
  return near.find(
    (wall) => x + radius > wall.left && x - radius < wall.right && y + radius > wall.top && y - radius < wall.bottom,
  );
}

/** Squares of the arena are what area of interest is told by: 128 pixels wide, 32 in a row. */
export const CELLS: number = SQUARES;

/** The number of the cell that a position is in. */
export function cellAt(x: number, y: number): number {
  return (y >> SQUARE_SHIFT) * CELLS + (x >> SQUARE_SHIFT);
}

/** Pixels of a cell's side. */
export const CELL_PX: number = (1 << SQUARE_SHIFT) / UNITS;
