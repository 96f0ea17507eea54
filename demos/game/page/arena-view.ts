// Draws the arena, by PixiJS: WebGL where there is a graphics card for it, a canvas of two dimensions elsewhere.
// It computes none of its programs from text, as the site's content security policy forbids that.
import "pixi.js/unsafe-eval";
import { Application, Container, Graphics } from "pixi.js";
import { radiansOf } from "../shared/directions.js";
import type { Shot } from "../shared/shot.js";
import { isStopped, shotAt } from "../shared/shot.js";
import { UNITS, VIEW_HEIGHT_PX, VIEW_WIDTH_PX } from "../shared/world.js";
import { Ground } from "./ground.js";
import { HUES, type Palette, readPalette } from "./palette.js";
import { createShapes, type Shapes } from "./shapes.js";
import { type DrawnShip, ShipView } from "./ship-view.js";
import { Sparks } from "./sparks.js";

/** A shot that is in the air. */
export interface DrawnShot {
  readonly shot: Pick<Shot, "x" | "y" | "aim">;
  /** Ticks since it was where it was told to be. */
  readonly ticks: number;
}

/** All there is to draw. */
export interface Scene {
  /** What is in the middle of the screen, in units. */
  readonly camera: { readonly x: number; readonly y: number };
  readonly ownKey: string | undefined;
  /** With the name of each. */
  readonly ships: ReadonlyMap<string, DrawnShip & { readonly name: string }>;
  readonly shots: ReadonlyMap<string, DrawnShot>;
  readonly orbs: ReadonlyMap<string, { readonly x: number; readonly y: number }>;
  /** Where the server last said that the own ship is; undefined where that is not to be seen. */
  readonly ghost: { readonly x: number; readonly y: number; readonly aim: number } | undefined;
}

/** Whether WebGL is drawn by a graphics card. By a program, it takes longer than a canvas does. */
function hasGraphicsCard(): boolean {
  const context = document.createElement("canvas").getContext("webgl", { failIfMajorPerformanceCaveat: true });
  if (context === null) return false;
  const names = context.getExtension("WEBGL_debug_renderer_info");
  const name: unknown = names === null ? "" : context.getParameter(names.UNMASKED_RENDERER_WEBGL);
  context.getExtension("WEBGL_lose_context")?.loseContext();
  return !/swiftshader|llvmpipe|software/i.test(String(name));
}

/** See the head of this file. */
export class ArenaView {
  readonly hasGraphicsCard: boolean;
  readonly #app: Application;
  readonly #host: HTMLElement;
  readonly #world = new Container();
  #palette: Palette;
  #shapes: Shapes;
  #ground: Ground;
  #sparks: Sparks;
  readonly #layers = { orbs: new Container(), shots: new Container(), ships: new Container() };
  readonly #ships = new Map<string, ShipView>();
  readonly #shots = new Map<string, Graphics>();
  readonly #orbs = new Map<string, Graphics>();
  #ghost: Graphics;

  private constructor(app: Application, host: HTMLElement, isFast: boolean) {
    this.hasGraphicsCard = isFast;
    this.#app = app;
    this.#host = host;
    this.#palette = readPalette();
    this.#shapes = createShapes(this.#palette);
    this.#ground = new Ground(this.#palette);
    this.#ghost = new Graphics(this.#shapes.ghost);
    this.#sparks = new Sparks(this.#shapes);
    this.#fill();
    app.stage.addChild(this.#world);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#recolor());
    new ResizeObserver(() => this.#resize()).observe(host);
    this.#resize();
  }

  /** @param host What the canvas is put into, and fills. */
  static async create(host: HTMLElement): Promise<ArenaView> {
    const app = new Application();
    const isFast = hasGraphicsCard();
    await app.init({
      preference: isFast ? "webgl" : "canvas",
      background: readPalette().ground,
      antialias: true,
      autoDensity: true,
      resolution: Math.min(2, devicePixelRatio),
      autoStart: false,
      sharedTicker: false,
      // The page has keys and buttons of its own.
      eventMode: "none",
      eventFeatures: { move: false, globalMove: false, click: false, wheel: false },
    });
    app.canvas.setAttribute("aria-hidden", "true");
    host.prepend(app.canvas);
    return new ArenaView(app, host, isFast);
  }

  #fill(): void {
    const { orbs, shots, ships } = this.#layers;
    this.#world.addChild(this.#ground.container, orbs, shots, this.#ghost, ships, this.#sparks.container);
  }

  /** Light has become dark, or dark light. */
  #recolor(): void {
    this.#palette = readPalette();
    this.#shapes = createShapes(this.#palette);
    this.#app.renderer.background.color = this.#palette.ground;
    this.#ground.destroy();
    this.#ghost.destroy();
    this.#sparks.destroy();
    for (const drawn of [this.#ships, this.#shots, this.#orbs]) {
      for (const view of drawn.values()) view.destroy();
      drawn.clear();
    }
    this.#ground = new Ground(this.#palette);
    this.#ghost = new Graphics(this.#shapes.ghost);
    this.#sparks = new Sparks(this.#shapes);
    this.#fill();
  }

  #resize(): void {
    const { clientWidth, clientHeight } = this.#host;
    if (clientWidth > 0 && clientHeight > 0) this.#app.renderer.resize(clientWidth, clientHeight);
  }

  /** Something was hit, or destroyed: to be seen for a moment. */
  burst(x: number, y: number, count: number): void {
    this.#sparks.burst(x / UNITS, y / UNITS, count);
  }

  /** Draws one picture. */
  draw(scene: Scene, elapsedMs: number): void {
    const { width, height } = this.#app.renderer.screen;
    // Nobody sees more of the arena than on a screen of this size.
    const scale = Math.max(width / VIEW_WIDTH_PX, height / VIEW_HEIGHT_PX);
    const [x, y] = [scene.camera.x / UNITS, scene.camera.y / UNITS];
    this.#world.scale.set(scale);
    this.#world.position.set(width / 2 - x * scale, height / 2 - y * scale);
    const [shownWidth, shownHeight] = [width / scale, height / scale];
    const [left, top] = [x - shownWidth / 2, y - shownHeight / 2];
    const isSeen = (at: { readonly x: number; readonly y: number }): boolean =>
      Math.abs(at.x / UNITS - x) < shownWidth / 2 + 60 && Math.abs(at.y / UNITS - y) < shownHeight / 2 + 60;
    this.#ground.show(left, top, shownWidth, shownHeight);
    this.#drawOrbs(scene, isSeen);
    this.#drawShips(scene, isSeen);
    this.#drawShots(scene);
    this.#ghost.visible = scene.ghost !== undefined;
    if (scene.ghost !== undefined) {
      this.#ghost.position.set(scene.ghost.x / UNITS, scene.ghost.y / UNITS);
      this.#ghost.rotation = radiansOf(scene.ghost.aim);
    }
    this.#sparks.advance(elapsedMs);
    this.#app.render();
  }

  #drawOrbs({ orbs }: Scene, isSeen: (at: { readonly x: number; readonly y: number }) => boolean): void {
    for (const [key, view] of this.#orbs) {
      const orb = orbs.get(key);
      if (orb !== undefined && isSeen(orb)) continue;
      view.destroy();
      this.#orbs.delete(key);
    }
    for (const [key, orb] of orbs) {
      if (!isSeen(orb)) continue;
      let view = this.#orbs.get(key);
      if (view === undefined) {
        view = new Graphics(this.#shapes.orb);
        this.#layers.orbs.addChild(view);
        this.#orbs.set(key, view);
      }
      view.position.set(orb.x / UNITS, orb.y / UNITS);
    }
  }

  #drawShips({ ships, ownKey }: Scene, isSeen: (at: { readonly x: number; readonly y: number }) => boolean): void {
    for (const [key, view] of this.#ships) {
      const ship = ships.get(key);
      if (ship !== undefined && isSeen(ship)) continue;
      view.destroy();
      this.#ships.delete(key);
    }
    for (const [key, ship] of ships) {
      if (!isSeen(ship)) continue;
      let view = this.#ships.get(key);
      if (view === undefined) {
        const hue = Number.parseInt(key.slice(1), 36) % HUES;
        const body = key === ownKey ? this.#shapes.own : (this.#shapes.others[hue] ?? this.#shapes.own);
        view = new ShipView(this.#shapes, body, this.#palette.name);
        this.#layers.ships.addChild(view.container);
        this.#ships.set(key, view);
      }
      view.show(ship, ship.name);
    }
  }

  #drawShots({ shots }: Scene): void {
    for (const [key, view] of this.#shots) {
      if (shots.has(key)) continue;
      view.destroy();
      this.#shots.delete(key);
    }
    for (const [key, { shot, ticks }] of shots) {
      let view = this.#shots.get(key);
      if (view === undefined) {
        view = new Graphics(this.#shapes.shot);
        view.rotation = radiansOf(shot.aim);
        this.#layers.shots.addChild(view);
        this.#shots.set(key, view);
      }
      const [x, y] = shotAt(shot, ticks);
      // The server will say that it has ended in a wall; until then it is not to be seen behind it.
      view.visible = !isStopped(Math.trunc(x), Math.trunc(y));
      view.position.set(x / UNITS, y / UNITS);
    }
  }
}
