// Pixels and their planes: src/codec/photo/colours.ts.
import {
  height,
  highest,
  pixels,
  planeBytes,
  planeCount,
  planes,
  transformed,
  wide,
  width,
} from "./memory";

export function splitPlanes(): void {
  const count = width * height;
  let from = pixels;
  for (let index = 0; index < count; index += 1) {
    const to = planes + ((<usize>index) << 2);
    for (let plane = 0; plane < planeCount; plane += 1) {
      const place = to + planeBytes * <usize>plane;
      if (wide) {
        store<i32>(place, <i32>load<u16>(from));
        from += 2;
      } else {
        store<i32>(place, <i32>load<u8>(from));
        from += 1;
      }
    }
    if (transformed) {
      const red = load<i32>(to);
      const blue = load<i32>(to + 2 * planeBytes);
      const orange = red - blue;
      const middle = blue + (orange >> 1);
      const green = load<i32>(to + planeBytes) - middle;
      store<i32>(to, middle + (green >> 1));
      store<i32>(to + planeBytes, green);
      store<i32>(to + 2 * planeBytes, orange);
    }
  }
}

export function joinPlanes(): bool {
  const count = width * height;
  let to = pixels;
  let beyond = 0;
  for (let index = 0; index < count; index += 1) {
    const from = planes + ((<usize>index) << 2);
    if (transformed) {
      const green = load<i32>(from + planeBytes);
      const orange = load<i32>(from + 2 * planeBytes);
      const middle = load<i32>(from) - (green >> 1);
      const blue = middle - (orange >> 1);
      store<i32>(from, blue + orange);
      store<i32>(from + planeBytes, green + middle);
      store<i32>(from + 2 * planeBytes, blue);
    }
    for (let plane = 0; plane < planeCount; plane += 1) {
      const sample = load<i32>(from + planeBytes * <usize>plane);
      beyond |= sample & ~highest;
      if (wide) {
        store<u16>(to, <u16>sample);
        to += 2;
      } else {
        store<u8>(to, <u8>sample);
        to += 1;
      }
    }
  }
  return beyond === 0;
}
