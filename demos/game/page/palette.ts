// The colors that are drawn with, as the style sheet has them for light and dark.

/** See the head of this file. */
export interface Palette {
  readonly ground: string;
  readonly grid: string;
  readonly wall: string;
  readonly wallEdge: string;
  readonly orb: string;
  readonly own: string;
  readonly name: string;
  readonly shot: string;
  readonly ghost: string;
  readonly isDark: boolean;
}

/** The colors of now. */
export function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const color = (name: string): string => style.getPropertyValue(`--game-${name}`).trim();
  return {
    ground: color("ground"),
    grid: color("grid"),
    wall: color("wall"),
    wallEdge: color("wall-edge"),
    orb: color("orb"),
    own: color("own"),
    name: color("name"),
    shot: color("shot"),
    ghost: color("ghost"),
    isDark: matchMedia("(prefers-color-scheme: dark)").matches,
  };
}

/** Colors of ships: the same for a seat everywhere. */
export const HUES: number = 10;

/** The color of the ships of a hue. */
export function colorOf(hue: number, isDark: boolean): string {
  return `hsl(${(hue * 360) / HUES + 12}, ${isDark ? "78%" : "70%"}, ${isDark ? "66%" : "44%"})`;
}
