// Pixels as they lie in a raster.

/** The key of a pixel of 1 to 4 bytes. */
export function readPixel(pixel: usize, pixelBytes: i32): i32 {
  if (pixelBytes === 4) return load<i32>(pixel);
  if (pixelBytes === 3) return <i32>load<u16>(pixel) | ((<i32>load<u8>(pixel, 2)) << 16);
  return pixelBytes === 2 ? <i32>load<u16>(pixel) : <i32>load<u8>(pixel);
}

export function writePixel(pixel: usize, pixelBytes: i32, key: i32): void {
  if (pixelBytes === 4) {
    store<i32>(pixel, key);
  } else if (pixelBytes === 3) {
    store<u16>(pixel, <u16>key);
    store<u8>(pixel, <u8>(key >> 16), 2);
  } else if (pixelBytes === 2) {
    store<u16>(pixel, <u16>key);
  } else {
    store<u8>(pixel, <u8>key);
  }
}
