import type { Rect } from "../../src/base/geometry.js";
import type { BlockMessage } from "../../src/viewer/feed.js";
import { Painting, type Palette, type Plane, type View } from "./pixels.js";

/**
 * The canvas: as many of its pixels as the screen has, so that the browser
 * scales nothing, and redrawn only where something changed.
 */
export class Stage {
  private painting: Painting | undefined;
  private image: ImageData | undefined;
  private readonly changed: Rect[] = [];
  private redraw = true;
  private frame = 0;
  private palette: Palette = paletteOf(document.documentElement);

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly plane: Plane,
    private view: View,
  ) {}

  /** Fits the picture into a box of CSS pixels. */
  fit(boxWidth: number, boxHeight: number): void {
    const density = Math.min(window.devicePixelRatio || 1, DENSITY_MAX);
    const scale = wholeAboveOne(
      Math.min(
        (boxWidth * density) / this.plane.width,
        (boxHeight * density) / this.plane.height,
        ENLARGE_MAX,
      ),
    );
    const width = Math.max(1, Math.round(this.plane.width * scale));
    const height = Math.max(1, Math.round(this.plane.height * scale));
    this.canvas.style.width = `${width / density}px`;
    this.canvas.style.height = `${height / density}px`;
    if (this.painting?.width === width && this.painting.height === height) return;
    this.canvas.width = width;
    this.canvas.height = height;
    this.painting = new Painting(this.plane, width, height, Math.round(STRIPE_CSS * density));
    this.image = new ImageData(new Uint8ClampedArray(this.painting.pixels.buffer), width, height);
    this.redraw = true;
    // At once: a resized canvas is empty, and would flash.
    this.draw();
  }

  show(view: View): void {
    this.view = view;
    this.again();
  }

  /** The colours of the page have changed, or everything else has. */
  again(): void {
    this.palette = paletteOf(document.documentElement);
    this.redraw = true;
    this.schedule();
  }

  arrived(block: BlockMessage): void {
    this.changed.push({ x: block.x, y: block.y, width: block.width, height: block.height });
    this.schedule();
  }

  close(): void {
    cancelAnimationFrame(this.frame);
  }

  private schedule(): void {
    if (this.frame === 0) this.frame = requestAnimationFrame(() => this.draw());
  }

  private draw(): void {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    const context = this.canvas.getContext("2d", { alpha: false });
    if (!context || !this.painting || !this.image) return;
    const changed = this.changed.splice(0);
    if (this.redraw) {
      this.redraw = false;
      this.painting.paintAll(this.view, this.palette);
      context.putImageData(this.image, 0, 0);
      return;
    }
    for (const rect of changed) {
      const { x, y, width, height } = this.painting.repaint(rect, this.view, this.palette);
      context.putImageData(this.image, 0, 0, x, y, width, height);
    }
  }
}

/** More would cost more than it shows. Ours. */
const DENSITY_MAX = 2;
/** A small picture is enlarged so much, in screen pixels a pixel, and no more. Ours. */
const ENLARGE_MAX = 8;
/** Width of a stripe of the hatching, in CSS pixels. */
const STRIPE_CSS = 3;

/** A whole factor makes all pixels equally large. */
function wholeAboveOne(scale: number): number {
  return scale >= 1 ? Math.floor(scale) : scale;
}

function paletteOf(root: Element): Palette {
  const style = getComputedStyle(root);
  const colour = (name: string): number => {
    const hex = Number.parseInt(style.getPropertyValue(name).trim().slice(1), 16);
    return (0xff000000 | ((hex & 0xff) << 16) | (hex & 0xff00) | (hex >>> 16)) >>> 0;
  };
  return {
    hatch: [colour("--hatch-a"), colour("--hatch-b")],
    exact: colour("--map-exact"),
    approximate: colour("--map-approximate"),
    missing: colour("--map-missing"),
    ground: colour("--ground"),
  };
}
