import type { PixelFormat, PixelView } from "../types.js";

/** Samples of one kind of a piece, without gaps between rows. */
export type Plane = Int32Array;

/** What a format's planes have in common. Planes 0 to `colours` - 1 are its colours, in the order in which they help each other. */
export interface PlaneSet {
  readonly count: number;
  readonly colours: number;
  /** Whether the first three are Y, Cg and Co of the reversible YCoCg transform, not the samples themselves. */
  readonly transformed: boolean;
  /** The largest sample. */
  readonly high: number;
}

export function planeSetOf({ channels, bits, colour }: PixelFormat): PlaneSet {
  const alpha = colour !== "cmyk" && (channels === 2 || channels === 4);
  return {
    count: channels,
    colours: alpha ? channels - 1 : channels,
    transformed: colour === "rgb",
    high: 2 ** bits - 1,
  };
}

/** The least value of a plane: differences of colours have both signs. */
export const lowOf = (set: PlaneSet, plane: number): number =>
  set.transformed && (plane === 1 || plane === 2) ? -set.high : 0;

/** The pixels of a view as planes. YCoCg-R: Malvar and Sullivan, JVT-I014r3. */
export function splitPlanes(view: PixelView, set: PlaneSet): Plane[] {
  const pixels = view.width * view.height;
  const planes = Array.from({ length: set.count }, () => new Int32Array(pixels));
  const wide = set.high > 255;
  let to = 0;
  for (let row = 0; row < view.height; row += 1) {
    let at = view.offset + row * view.stride;
    for (let column = 0; column < view.width; column += 1, to += 1) {
      for (const plane of planes) {
        const low = view.bytes[at++] ?? 0;
        plane[to] = wide ? low | ((view.bytes[at++] ?? 0) << 8) : low;
      }
    }
  }
  if (set.transformed) transform(planes);
  return planes;
}

/** Fills a view from planes, which are overwritten. False when a sample is not of the format. */
export function joinPlanes(planes: readonly Plane[], set: PlaneSet, view: PixelView): boolean {
  if (set.transformed) restore(planes);
  const wide = set.high > 255;
  let outside = 0;
  let from = 0;
  for (let row = 0; row < view.height; row += 1) {
    let at = view.offset + row * view.stride;
    for (let column = 0; column < view.width; column += 1, from += 1) {
      for (const plane of planes) {
        const sample = plane[from] ?? 0;
        outside |= sample & ~set.high;
        view.bytes[at++] = sample;
        if (wide) view.bytes[at++] = sample >> 8;
      }
    }
  }
  return outside === 0;
}

function transform(planes: readonly Plane[]): void {
  const [first, second, third] = planes as [Plane, Plane, Plane];
  for (let at = 0; at < first.length; at += 1) {
    const red = first[at] ?? 0;
    const blue = third[at] ?? 0;
    const orange = red - blue;
    const middle = blue + (orange >> 1);
    const green = (second[at] ?? 0) - middle;
    first[at] = middle + (green >> 1);
    second[at] = green;
    third[at] = orange;
  }
}

function restore(planes: readonly Plane[]): void {
  const [first, second, third] = planes as [Plane, Plane, Plane];
  for (let at = 0; at < first.length; at += 1) {
    const green = second[at] ?? 0;
    const orange = third[at] ?? 0;
    const middle = (first[at] ?? 0) - (green >> 1);
    const blue = middle - (orange >> 1);
    first[at] = blue + orange;
    second[at] = green + middle;
    third[at] = blue;
  }
}
