import type Sharp from "sharp";

export type ImageLibrary = typeof Sharp;

let loading: Promise<ImageLibrary> | undefined;

/**
 * The image library, loaded when it is first needed: `lacuna --version` and
 * plain files do without it.
 */
export function loadImageLibrary(): Promise<ImageLibrary> {
  loading ??= import("sharp").then(({ default: sharp }) => {
    // Pictures are read once; what libvips would keep for a second reading is memory that the raster needs.
    sharp.cache(false);
    // Each of libvips' threads holds its own strips of the picture.
    sharp.concurrency(CONCURRENCY);
    return sharp;
  });
  return loading;
}

/** Ours: the codecs used here run on one thread each; more only cost memory. */
const CONCURRENCY = 1;
