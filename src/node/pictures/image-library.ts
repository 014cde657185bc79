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

/** A failure of the library; one for want of space on the disk has the system's code for that. */
export function libraryError(error: unknown): Error {
  const reason = (error instanceof Error ? error.message : String(error)).split("\n", 1)[0];
  const said = new Error(reason, { cause: error });
  return DISK_IS_FULL.test(said.message) ? Object.assign(said, { code: "ENOSPC" }) : said;
}

/** libvips passes on what the system says. */
const DISK_IS_FULL = /no space left|disk quota/i;

/** Ours: the codecs used here run on one thread each; more only cost memory. */
const CONCURRENCY = 1;
