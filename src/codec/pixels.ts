import { assert } from "../base/assert.js";
import type { Rect } from "../base/geometry.js";
import type { PixelFormat, PixelView } from "./types.js";

/** Bytes of a pixel: 1 to 8. */
export const bytesPerPixel = ({ channels, bits }: PixelFormat): number => channels * (bits / 8);

/** The part of a view that a rectangle, in the view's own pixels, cuts out. The rectangle must lie inside. */
export function partOf(view: PixelView, rect: Rect, pixelBytes: number): PixelView {
  assert(
    rect.x >= 0 && rect.x + rect.width <= view.width,
    "a part lies in its view, left and right",
  );
  assert(rect.y >= 0 && rect.y + rect.height <= view.height, "a part lies in its view");
  return {
    bytes: view.bytes,
    offset: view.offset + rect.y * view.stride + rect.x * pixelBytes,
    stride: view.stride,
    width: rect.width,
    height: rect.height,
  };
}

/** Memory of its own for a rectangle of pixels, without gaps between rows. */
export function newView(width: number, height: number, pixelBytes: number): PixelView {
  const stride = width * pixelBytes;
  return { bytes: new Uint8Array(stride * height), offset: 0, stride, width, height };
}

/** Copies the pixels of one view to another of the same width and height. */
export function copyPixels(from: PixelView, to: PixelView, pixelBytes: number): void {
  assert(from.width === to.width && from.height === to.height, "views of one size are copied");
  const length = from.width * pixelBytes;
  for (let row = 0; row < from.height; row += 1) {
    const start = from.offset + row * from.stride;
    to.bytes.set(from.bytes.subarray(start, start + length), to.offset + row * to.stride);
  }
}
