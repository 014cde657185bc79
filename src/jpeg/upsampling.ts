import type { Plane } from "./planes.js";

/**
 * Writes samples of one row of the picture, from pixel `x` on, as many as `target` holds: a component with fewer samples is
 * enlarged as libjpeg does it, by a triangle filter where a pixel has half as many samples, else by repetition.
 */
export function upsampleRow(plane: Plane, x: number, y: number, target: Uint8Array): void {
  const { across, down, width } = plane;
  if (across === 1 && down === 1) {
    const start = y * plane.stride + x;
    target.set(plane.samples.subarray(start, start + target.length));
  } else if (across === 2 && down <= 2 && width > NARROW) {
    if (down === 1) upsampleAcross(plane, x, y, target);
    else upsampleBoth(plane, x, y, target);
  } else if (across === 1 && down === 2) upsampleDown(plane, x, y, target);
  else repeat(plane, x, y, target);
}

/** libjpeg's filter across wants more samples than that in a row. */
const NARROW = 2;

/** The row that a pixel's row is mixed with, above or below; the picture's edge repeats. */
function otherRow({ height }: Plane, y: number): number {
  const row = y >> 1;
  return (y & 1) === 0 ? Math.max(0, row - 1) : Math.min(height - 1, row + 1);
}

/** h2v1_fancy_upsample of libjpeg: 3/4 of the nearer, 1/4 of the farther sample. */
function upsampleAcross(plane: Plane, x: number, y: number, target: Uint8Array): void {
  const { samples, width, stride } = plane;
  const row = y * stride;
  for (let i = 0; i < target.length; i += 1) {
    const odd = (x + i) & 1;
    const near = (x + i) >> 1;
    const far = odd === 0 ? (near > 0 ? near - 1 : 0) : near + 1 < width ? near + 1 : near;
    const sum = 3 * (samples[row + near] as number) + (samples[row + far] as number);
    target[i] = (sum + 1 + odd) >> 2;
  }
}

/** h1v2_fancy_upsample. */
function upsampleDown(plane: Plane, x: number, y: number, target: Uint8Array): void {
  const { samples, stride } = plane;
  const near = (y >> 1) * stride + x;
  const far = otherRow(plane, y) * stride + x;
  const round = 1 + (y & 1);
  for (let i = 0; i < target.length; i += 1) {
    const sum = 3 * (samples[near + i] as number) + (samples[far + i] as number);
    target[i] = (sum + round) >> 2;
  }
}

/** h2v2_fancy_upsample: the two above each other. */
function upsampleBoth(plane: Plane, x: number, y: number, target: Uint8Array): void {
  const { samples, width, stride } = plane;
  const near = (y >> 1) * stride;
  const far = otherRow(plane, y) * stride;
  let column = x >> 1;
  const sumAt = (place: number): number => {
    const inside = place < 0 ? 0 : place < width ? place : width - 1;
    return 3 * (samples[near + inside] as number) + (samples[far + inside] as number);
  };
  let before = sumAt(column - 1);
  let here = sumAt(column);
  let behind = sumAt(column + 1);
  for (let i = 0; i < target.length; i += 1) {
    if (((x + i) & 1) === 0) {
      target[i] = (3 * here + before + 8) >> 4;
      continue;
    }
    target[i] = (3 * here + behind + 7) >> 4;
    column += 1;
    before = here;
    here = behind;
    behind = sumAt(column + 1);
  }
}

/** h2v1_upsample, h2v2_upsample and int_upsample. */
function repeat(plane: Plane, x: number, y: number, target: Uint8Array): void {
  const { samples, across } = plane;
  const row = Math.floor(y / plane.down) * plane.stride;
  for (let i = 0; i < target.length; i += 1) {
    target[i] = samples[row + Math.floor((x + i) / across)] as number;
  }
}
