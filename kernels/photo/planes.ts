// Pixels and their planes: src/codec/photo/colours.ts. Four pixels at a time; what is behind the last has room and no meaning.
import { highest, pixels, planeBytes, planeCount, planes, transformed, wide } from "./memory";
import { lowOf } from "./predict";

/** Splits so many pixels. */
export function splitPlanes(count: i32): void {
  if (wide) splitWide(count);
  else splitNarrow(count);
  if (transformed) transform(count);
}

function splitWide(count: i32): void {
  let from = pixels;
  for (let index = 0; index < count; index += 1) {
    for (let plane = 0; plane < planeCount; plane += 1) {
      store<i32>(placeOf(plane, index), <i32>load<u16>(from));
      from += 2;
    }
  }
}

function splitNarrow(count: i32): void {
  const order = narrowOrder();
  const low = i32x4.splat(255);
  for (let index = 0; index < count; index += 4) {
    const four = v128.load(pixels + <usize>(index * planeCount));
    let samples = v128.swizzle(four, order);
    for (let plane = 0; plane < planeCount; plane += 1) {
      v128.store(placeOf(plane, index), v128.and(samples, low));
      samples = i32x4.shr_u(samples, 8);
    }
  }
}

/** Which bytes of four pixels become the lanes of each; those of a narrower pixel's lane that are too many are not looked at. */
function narrowOrder(): v128 {
  const step = planeCount * 0x01010101;
  return i32x4.add(i32x4(0, step, 2 * step, 3 * step), i32x4.splat(0x03020100));
}

function transform(count: i32): void {
  for (let index = 0; index < count; index += 4) {
    const red = v128.load(placeOf(0, index));
    const blue = v128.load(placeOf(2, index));
    const orange = i32x4.sub(red, blue);
    const middle = i32x4.add(blue, i32x4.shr_s(orange, 1));
    const green = i32x4.sub(v128.load(placeOf(1, index)), middle);
    v128.store(placeOf(0, index), i32x4.add(middle, i32x4.shr_s(green, 1)));
    v128.store(placeOf(1, index), green);
    v128.store(placeOf(2, index), orange);
  }
}

/** Makes so many pixels of their planes, which are overwritten; false when a sample is none of its plane or of the format. */
export function joinPlanes(count: i32): bool {
  let inside = true;
  for (let plane = 0; plane < planeCount; plane += 1) {
    // Behind the last sample is what any plane may hold.
    v128.store(placeOf(plane, count), i32x4.splat(0));
    inside = isInside(plane, lowOf(plane), count) && inside;
  }
  if (!inside) return false;
  if (transformed) {
    restore(count);
    for (let plane = 0; plane < 3; plane += 1) inside = isInside(plane, 0, count) && inside;
  }
  if (wide) joinWide(count);
  else joinNarrow(count);
  return inside;
}

function isInside(plane: i32, low: i32, count: i32): bool {
  let outside = i32x4.splat(0);
  const least = i32x4.splat(low);
  const most = i32x4.splat(highest);
  for (let index = 0; index < count; index += 4) {
    const samples = v128.load(placeOf(plane, index));
    outside = v128.or(outside, v128.or(i32x4.lt_s(samples, least), i32x4.gt_s(samples, most)));
  }
  return !v128.any_true(outside);
}

function restore(count: i32): void {
  for (let index = 0; index < count; index += 4) {
    const green = v128.load(placeOf(1, index));
    const orange = v128.load(placeOf(2, index));
    const middle = i32x4.sub(v128.load(placeOf(0, index)), i32x4.shr_s(green, 1));
    const blue = i32x4.sub(middle, i32x4.shr_s(orange, 1));
    v128.store(placeOf(0, index), i32x4.add(blue, orange));
    v128.store(placeOf(1, index), i32x4.add(green, middle));
    v128.store(placeOf(2, index), blue);
  }
}

function joinWide(count: i32): void {
  let to = pixels;
  for (let index = 0; index < count; index += 1) {
    for (let plane = 0; plane < planeCount; plane += 1) {
      store<u16>(to, <u16>load<i32>(placeOf(plane, index)));
      to += 2;
    }
  }
}

function joinNarrow(count: i32): void {
  const order = packedOrder();
  for (let index = 0; index < count; index += 4) {
    let four = i32x4.splat(0);
    for (let plane = planeCount - 1; plane >= 0; plane -= 1) {
      four = v128.or(i32x4.shl(four, 8), v128.load(placeOf(plane, index)));
    }
    v128.store(pixels + <usize>(index * planeCount), v128.swizzle(four, order));
  }
}

/** The reverse of `narrowOrder`. */
function packedOrder(): v128 {
  if (planeCount === 1) return i8x16(0, 4, 8, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  if (planeCount === 2) return i8x16(0, 1, 4, 5, 8, 9, 12, 13, 0, 0, 0, 0, 0, 0, 0, 0);
  if (planeCount === 3) return i8x16(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 0, 0, 0, 0);
  return i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}

function placeOf(plane: i32, index: i32): usize {
  return planes + planeBytes * <usize>plane + ((<usize>index) << 2);
}
