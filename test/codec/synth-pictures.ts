import { Random } from "../../src/base/random.js";
import { bytesPerPixel, newView, partOf } from "../../src/codec/pixels.js";
import type {
  CodedRows,
  PixelFormat,
  PixelView,
  StripCoder,
  StripDecoder,
} from "../../src/codec/types.js";

/**
 * A picture as screens show them: panels of plain colours with text of a few glyphs whose edges are smoothed, and a corner of noise.
 */
export function screen(format: PixelFormat, width: number, height: number, seed = 1): PixelView {
  const pixelBytes = bytesPerPixel(format);
  const random = new Random(seed);
  const view = newView(width, height, pixelBytes);
  const glyphs = Array.from({ length: 6 }, () =>
    Array.from({ length: 7 * 9 }, () => (random.uint32() % 3) * (random.uint32() % 2)),
  );
  const paints = Array.from({ length: 3 }, () =>
    Array.from({ length: 3 }, () => Array.from({ length: pixelBytes }, () => random.uint32())),
  );
  const text = Array.from({ length: 4096 }, () => random.uint32() % glyphs.length);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const panel = (Math.floor(x / 90) + Math.floor(y / 70)) % paints.length;
      const letter = text[(Math.floor(x / 8) * 31 + Math.floor(y / 12) * 57) % text.length];
      const inGlyph = x % 8 < 7 && y % 12 < 9 && y % 70 > 20;
      const shade = inGlyph ? (glyphs[letter as number]?.[(y % 12) * 7 + (x % 8)] ?? 0) : 0;
      const noisy = x > width - 12 && y > height - 12;
      for (let byte = 0; byte < pixelBytes; byte += 1) {
        const plain = paints[panel]?.[shade]?.[byte] as number;
        view.bytes[y * view.stride + x * pixelBytes + byte] = noisy ? random.uint32() : plain;
      }
    }
  }
  return view;
}

export interface CodedStrip {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly rows: number;
  readonly payload: Uint8Array;
}

/** Codes a picture in strips of a width, each payload in a buffer with other bytes around it, which must stay. */
export function codeStrips(
  coder: StripCoder,
  view: PixelView,
  pixelBytes: number,
  stripWidth: number,
  capacity: number,
): CodedStrip[] {
  const strips: CodedStrip[] = [];
  for (let x = 0; x < view.width; x += stripWidth) {
    const width = Math.min(stripWidth, view.width - x);
    for (let y = 0; y < view.height; ) {
      const rest = partOf(view, { x, y, width, height: view.height - y }, pixelBytes);
      const target = new Uint8Array(capacity + 2 * MARGIN).fill(CANARY);
      const { rows, bytes } = codeOnce(coder, rest, target, capacity);
      const payload = target.slice(MARGIN, MARGIN + bytes);
      strips.push({ x, y, width, rows, payload });
      y += rows;
    }
  }
  return strips;
}

function codeOnce(
  coder: StripCoder,
  rest: PixelView,
  target: Uint8Array,
  capacity: number,
): CodedRows {
  const coded = coder.encode(rest, target, MARGIN, capacity);
  const { rows, bytes } = coded;
  if (rows === 0 || bytes > capacity) throw new Error(`${rows} rows in ${bytes} bytes`);
  if (rows < rest.height && rows % 2 === 1) throw new Error("a piece ends at an odd row");
  const outside = [...target.subarray(0, MARGIN), ...target.subarray(MARGIN + capacity)];
  if (outside.some((byte) => byte !== CANARY)) throw new Error("bytes outside the piece changed");
  return coded;
}

/** Decodes every strip into an empty picture, the last first. */
export function decodeStrips(
  decoder: StripDecoder,
  strips: readonly CodedStrip[],
  width: number,
  height: number,
  pixelBytes: number,
): PixelView {
  const out = newView(width, height, pixelBytes);
  for (const { x, y, width: wide, rows, payload } of [...strips].reverse()) {
    const view = partOf(out, { x, y, width: wide, height: rows }, pixelBytes);
    if (!decoder.decode(payload, view)) throw new Error(`the piece at ${x}, ${y} is refused`);
  }
  return out;
}

const MARGIN = 16;
const CANARY = 0xa5;
