import type { Rect } from "../base/geometry.js";

/** What the samples of a picture are. */
export interface PixelFormat {
  /** Samples per pixel, alpha included; interleaved. */
  readonly channels: 1 | 2 | 3 | 4;
  /** Bits per sample; 16-bit samples are little-endian. */
  readonly bits: 8 | 16;
  readonly colour: "gray" | "rgb" | "cmyk";
}

/** A rectangle of pixels in memory: `height` rows of `width` pixels, the first at `offset`, `stride` bytes from row to row. */
export interface PixelView {
  readonly bytes: Uint8Array;
  readonly offset: number;
  readonly stride: number;
  readonly width: number;
  readonly height: number;
}

/** The pixels that a piece holds: row r of its `height` rows is the picture's row `y + r * rowStep`. */
export interface PieceArea extends Rect {
  /** 2 when rows of one parity go by themselves, as the fields of interlaced video. */
  readonly rowStep: 1 | 2;
}

/** What became of a strip's top rows. */
export interface CodedRows {
  /** Rows coded; 0 when not even the fewest that a coder takes fit. */
  readonly rows: number;
  /** Bytes written. */
  readonly bytes: number;
}

/** Codes pixels of one picture by one method, with that picture's tables. */
export interface StripCoder {
  /**
   * Codes the top rows of a view, as many as fit in `capacity` bytes (but at most all), and writes them to `target` at `offset`.
   */
  encode(view: PixelView, target: Uint8Array, offset: number, capacity: number): CodedRows;
}

/** The reverse. */
export interface StripDecoder {
  /**
   * Fills the view with the pixels that `payload` holds. False when the payload cannot be one of this picture's; the view's
   * pixels are then undefined. Never throws, and never touches anything outside the view, whatever the bytes.
   */
  decode(payload: Uint8Array, view: PixelView): boolean;
}
