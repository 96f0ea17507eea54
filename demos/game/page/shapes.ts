// Shapes that are made once, and drawn many times.
import { GraphicsContext } from "pixi.js";
import { colorOf, HUES, type Palette } from "./palette.js";

/** See the head of this file. */
export interface Shapes {
  readonly own: GraphicsContext;
  /** Ships of others, by hue. */
  readonly others: readonly GraphicsContext[];
  /** Where the server last said that one's own ship is. */
  readonly ghost: GraphicsContext;
  readonly flame: GraphicsContext;
  readonly orb: GraphicsContext;
  readonly shot: GraphicsContext;
  readonly spark: GraphicsContext;
  readonly bar: GraphicsContext;
  readonly barGround: GraphicsContext;
}

const HULL = [20, 0, -13, 14, -7, 0, -13, -14];

function ship(color: string, edge: string): GraphicsContext {
  return new GraphicsContext().poly(HULL).fill(color).stroke({ color: edge, width: 2, join: "round" });
}

/** Makes all shapes in these colors. */
export function createShapes(palette: Palette): Shapes {
  const edge = palette.isDark ? "#ffffff" : "#0d1420";
  return {
    own: new GraphicsContext()
      .circle(0, 0, 25)
      .stroke({ color: palette.own, width: 2, alpha: 0.45 })
      .poly(HULL)
      .fill(palette.own)
      .stroke({ color: edge, width: 2.5, join: "round" }),
    others: Array.from({ length: HUES }, (_, hue) => ship(colorOf(hue, palette.isDark), palette.ground)),
    ghost: new GraphicsContext()
      .poly(HULL)
      .stroke({ color: palette.ghost, width: 2 })
      .circle(0, 0, 25)
      .stroke({ color: palette.ghost, width: 1.5, alpha: 0.8 }),
    flame: new GraphicsContext().poly([-9, 5, -24, 0, -9, -5]).fill({ color: "#ffb347", alpha: 0.85 }),
    orb: new GraphicsContext()
      .circle(0, 0, 13)
      .fill({ color: palette.orb, alpha: 0.18 })
      .circle(0, 0, 6.5)
      .fill(palette.orb),
    shot: new GraphicsContext()
      .roundRect(-11, -2.5, 18, 5, 2.5)
      .fill(palette.shot)
      .roundRect(-22, -1.5, 13, 3, 1.5)
      .fill({ color: palette.shot, alpha: 0.35 }),
    spark: new GraphicsContext().circle(0, 0, 3).fill(palette.shot),
    bar: new GraphicsContext().roundRect(0, 0, 34, 4, 2).fill(palette.orb),
    barGround: new GraphicsContext().roundRect(0, 0, 34, 4, 2).fill({ color: palette.grid, alpha: 0.9 }),
  };
}
