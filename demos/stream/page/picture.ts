// What is sent: a picture with the clock in it, drawn of a camera, of a screen, or of nothing.
import { PICTURE_HEIGHT, PICTURE_WIDTH } from "../shared/limits.js";
import { CLOCK_CELLS, CLOCK_HEIGHT_PART, cellsOf } from "../shared/picture-clock.js";

const STRIP_HEIGHT = PICTURE_HEIGHT * CLOCK_HEIGHT_PART;
const CELL_WIDTH = PICTURE_WIDTH / CLOCK_CELLS;
const VIEW_HEIGHT = PICTURE_HEIGHT - STRIP_HEIGHT;

function contextOf(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  // Read by an encoder with each frame, which is dear when it lies with a graphics card.
  const context = canvas.getContext("2d", { alpha: false, willReadFrequently: true });
  if (context === null) throw new Error("this browser cannot draw");
  return context;
}

/** See the head of this file. */
export class Picture {
  readonly canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;

  constructor(canvas: HTMLCanvasElement) {
    canvas.width = PICTURE_WIDTH;
    canvas.height = PICTURE_HEIGHT;
    this.canvas = canvas;
    this.#context = contextOf(canvas);
  }

  /**
   * Draws the picture of a moment.
   * @param timeMs By the server's clock.
   * @param source What is filmed; undefined: what is made up.
   */
  draw(timeMs: number, source: HTMLVideoElement | undefined): void {
    if (source === undefined) this.#drawScene(timeMs);
    else this.#drawFilmed(source);
    this.#drawClock(timeMs);
  }

  /** All of what is filmed, with bars where it has another shape. */
  #drawFilmed(source: HTMLVideoElement): void {
    const context = this.#context;
    context.fillStyle = "#000";
    context.fillRect(0, 0, PICTURE_WIDTH, VIEW_HEIGHT);
    const { videoWidth, videoHeight } = source;
    if (videoWidth === 0 || videoHeight === 0) return;
    const scale = Math.min(PICTURE_WIDTH / videoWidth, VIEW_HEIGHT / videoHeight);
    const [width, height] = [videoWidth * scale, videoHeight * scale];
    context.drawImage(source, (PICTURE_WIDTH - width) / 2, (VIEW_HEIGHT - height) / 2, width, height);
  }

  /** Hills under a moving sky, and a hand that goes around once a second. */
  #drawScene(timeMs: number): void {
    const context = this.#context;
    const seconds = timeMs / 1000;
    const sky = context.createLinearGradient(0, 0, 0, VIEW_HEIGHT);
    const hue = (seconds * 12) % 360;
    sky.addColorStop(0, `hsl(${hue} 65% 22%)`);
    sky.addColorStop(1, `hsl(${hue + 50} 70% 58%)`);
    context.fillStyle = sky;
    context.fillRect(0, 0, PICTURE_WIDTH, VIEW_HEIGHT);
    for (const [index, height] of [110, 75, 40].entries()) this.#drawHills(seconds, index, height, hue);
    this.#drawHand(seconds);
    this.#drawText(timeMs);
  }

  #drawHills(seconds: number, index: number, height: number, hue: number): void {
    const context = this.#context;
    context.fillStyle = `hsl(${hue + 20 * index} 45% ${26 - 7 * index}%)`;
    context.beginPath();
    context.moveTo(0, VIEW_HEIGHT);
    for (let x = 0; x <= PICTURE_WIDTH; x += 16) {
      const phase = x / (120 - 25 * index) + seconds * (0.4 + 0.5 * index);
      context.lineTo(x, VIEW_HEIGHT - height - 18 * Math.sin(phase) - 8 * Math.sin(phase * 2.3));
    }
    context.lineTo(PICTURE_WIDTH, VIEW_HEIGHT);
    context.fill();
  }

  #drawHand(seconds: number): void {
    const context = this.#context;
    const [x, y, radius] = [PICTURE_WIDTH - 90, 86, 52];
    const angle = (seconds % 1) * 2 * Math.PI - Math.PI / 2;
    context.strokeStyle = "rgb(255 255 255 / 85%)";
    context.lineWidth = 5;
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.moveTo(x, y);
    context.lineTo(x + 40 * Math.cos(angle), y + 40 * Math.sin(angle));
    context.stroke();
  }

  #drawText(timeMs: number): void {
    const context = this.#context;
    context.fillStyle = "#fff";
    context.font = "600 44px system-ui, sans-serif";
    context.fillText(new Date(timeMs).toISOString().slice(11, 23), 32, 72);
    context.font = "20px system-ui, sans-serif";
    context.fillText("UTC, by the server's clock", 34, 102);
  }

  #drawClock(timeMs: number): void {
    const context = this.#context;
    for (const [cell, isWhite] of cellsOf(timeMs).entries()) {
      context.fillStyle = isWhite ? "#fff" : "#000";
      context.fillRect(cell * CELL_WIDTH, VIEW_HEIGHT, CELL_WIDTH, STRIP_HEIGHT);
    }
  }
}
