/** An upright rectangle of pixels; (0, 0) is the top left pixel of the picture. */
export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}
