import { Random } from "../../src/base/random.js";
import type { PictureShape } from "../../src/codec/picture-coder.js";
import { PieceDecoder, UnitEncoder, UnitGrid } from "../../src/codec/picture-coder.js";
import { bytesPerPixel, newView } from "../../src/codec/pixels.js";
import type { PieceArea, PixelFormat, PixelView } from "../../src/codec/types.js";

export const FORMATS: readonly PixelFormat[] = ([8, 16] as const).flatMap((bits) => [
  { channels: 1 as const, bits, colour: "gray" as const },
  { channels: 2 as const, bits, colour: "gray" as const },
  { channels: 3 as const, bits, colour: "rgb" as const },
  { channels: 4 as const, bits, colour: "rgb" as const },
  { channels: 4 as const, bits, colour: "cmyk" as const },
]);

export const describeFormat = ({ channels, bits, colour }: PixelFormat): string =>
  `${channels} x ${bits} bits ${colour}`;

/** A whole picture in memory. */
export function pictureOf(
  shape: PictureShape,
  sample: (x: number, y: number, channel: number) => number,
): PixelView {
  const view = newView(shape.width, shape.height, bytesPerPixel(shape));
  let at = 0;
  for (let y = 0; y < shape.height; y += 1) {
    for (let x = 0; x < shape.width; x += 1) {
      for (let channel = 0; channel < shape.channels; channel += 1) {
        const value = sample(x, y, channel);
        view.bytes[at++] = value & 0xff;
        if (shape.bits === 16) view.bytes[at++] = (value >>> 8) & 0xff;
      }
    }
  }
  return view;
}

export function noise(shape: PictureShape, seed: number): PixelView {
  const random = new Random(seed);
  return pictureOf(shape, () => random.uint32());
}

/** The pixels of an area of a whole picture, seen as rows of their field. */
export function areaOf(picture: PixelView, area: PieceArea, pixelBytes: number): PixelView {
  return {
    bytes: picture.bytes,
    offset: picture.offset + area.y * picture.stride + area.x * pixelBytes,
    stride: picture.stride * area.rowStep,
    width: area.width,
    height: area.height,
  };
}

/** All pieces of a picture, unit by unit. */
export function encodeAll(
  shape: PictureShape,
  picture: PixelView,
  tables: Uint8Array,
  pieceBytes: number,
): Uint8Array[] {
  const grid = UnitGrid.of(shape, tables);
  if (grid === undefined) throw new Error("the tables are not read back");
  const encoder = new UnitEncoder(shape, tables, pieceBytes);
  const pieces: Uint8Array[] = [];
  for (const unit of grid.all()) {
    encoder.encode(areaOf(picture, unit, bytesPerPixel(shape)), unit, (piece) => {
      pieces.push(piece);
    });
  }
  return pieces;
}

function claim(claimed: Uint8Array, width: number, area: PieceArea): void {
  for (let row = 0; row < area.height; row += 1) {
    const start = (area.y + row * area.rowStep) * width + area.x;
    for (let at = start; at < start + area.width; at += 1) {
      if (claimed[at] !== 0) throw new Error(`pixel ${at} belongs to two pieces`);
      claimed[at] = 1;
    }
  }
}

/**
 * Decodes every piece alone, in an order of its own, into an empty picture; throws where two claim a pixel, where a piece
 * is refused or longer than allowed, and where a pixel is missing.
 */
export function decodeAll(
  shape: PictureShape,
  pieces: readonly Uint8Array[],
  tables: Uint8Array,
  pieceBytes: number,
): PixelView {
  const decoder = PieceDecoder.of(shape, tables);
  if (decoder === undefined) throw new Error("the tables are not read back");
  const picture = newView(shape.width, shape.height, bytesPerPixel(shape));
  const claimed = new Uint8Array(shape.width * shape.height);
  for (const piece of [...pieces].reverse()) {
    if (piece.length > pieceBytes) throw new Error(`a piece of ${piece.length} bytes`);
    const told = decoder.areasOf(piece);
    const areas = decoder.decode(piece, picture, 0, 0);
    if (areas === undefined) throw new Error("a piece is refused");
    if (JSON.stringify(told) !== JSON.stringify(areas)) throw new Error("areasOf tells others");
    for (const area of areas) claim(claimed, shape.width, area);
  }
  if (claimed.includes(0)) throw new Error(`pixel ${claimed.indexOf(0)} belongs to no piece`);
  return picture;
}
