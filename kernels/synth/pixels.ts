// Pixels as they lie in a raster, and their keys.
import { bytesOf, keyOf } from "./listed-colours";

export let pixelBytes: i32 = 0;

export function setPixelBytes(bytes: i32): void {
  pixelBytes = bytes;
}

/** The key of a pixel. */
export function readPixel(pixel: usize): i32 {
  if (pixelBytes === 4) return load<i32>(pixel);
  if (pixelBytes === 3) return <i32>load<u16>(pixel) | ((<i32>load<u8>(pixel, 2)) << 16);
  if (pixelBytes === 1) return <i32>load<u8>(pixel);
  if (pixelBytes === 2) return <i32>load<u16>(pixel);
  return keyOf(load<i32>(pixel), pixelBytes === 6 ? <i32>load<u16>(pixel, 4) : load<i32>(pixel, 4));
}

export function writePixel(pixel: usize, key: i32): void {
  if (pixelBytes === 4) {
    store<i32>(pixel, key);
  } else if (pixelBytes === 3) {
    store<u16>(pixel, <u16>key);
    store<u8>(pixel, <u8>(key >> 16), 2);
  } else if (pixelBytes === 1) {
    store<u8>(pixel, <u8>key);
  } else if (pixelBytes === 2) {
    store<u16>(pixel, <u16>key);
  } else {
    const bytes = bytesOf(key);
    store<u32>(pixel, <u32>bytes);
    if (pixelBytes === 6) store<u16>(pixel, <u16>(bytes >> 32), 4);
    else store<u32>(pixel, <u32>(bytes >> 32), 4);
  }
}

/** Writes the bytes of a key's pixel to 8 bytes of a place. */
export function unpack(place: usize, key: i32): void {
  store<u64>(place, pixelBytes <= 4 ? <u64>(<u32>key) : bytesOf(key));
}

/** The key of a pixel of these bytes. */
export function pack(bytes: u64): i32 {
  return pixelBytes <= 4 ? <i32>bytes : keyOf(<i32>bytes, <i32>(bytes >> 32));
}
