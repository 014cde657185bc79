import type { Sharp } from "sharp";

/** A small JPEG that stands for a picture until its pixels come. */
export interface PreviewImage {
  /** Baseline. */
  readonly jpeg: Uint8Array;
  readonly width: number;
  readonly height: number;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * Makes a preview of about `bytes` bytes: at the scale at which a quality that is just not bad takes so many.
 *
 * Measured on photographs and microscopy: with the bytes given, a picture coded at a quality above 10 beats one of
 * half the width, and below, the smaller one wins. Synthetic pictures take what they take.
 *
 * @param open gives the picture; called a few times
 */
export async function makePreview(
  open: () => Sharp,
  picture: Size,
  bytes: number,
): Promise<PreviewImage> {
  const bitsPerPixel = (8 * bytes) / (picture.width * picture.height);
  let how: Try = { quality: FIRST_QUALITY, halvings: halvingsFor(bitsPerPixel) };
  let made = await preview(open(), picture, how);
  let best = made;
  for (let tries = 1; tries < TRIES_MAX; tries += 1) {
    const ratio = made.jpeg.length / bytes;
    if (ratio <= RATIO_MAX && ratio >= RATIO_MIN) break;
    how = afterwards(how, ratio);
    made = await preview(open(), picture, how);
    if (isBetter(made.jpeg.length, best.jpeg.length, bytes)) best = made;
  }
  return best;
}

/** How the picture is made small: halved so many times, then coded so well. */
interface Try {
  readonly halvings: number;
  readonly quality: number;
}

async function preview(image: Sharp, picture: Size, how: Try): Promise<PreviewImage> {
  const scale = 2 ** how.halvings;
  const width = Math.ceil(picture.width / scale);
  const height = Math.ceil(picture.height / scale);
  const small =
    scale === 1 ? image : image.resize({ width, height, fit: "fill", kernel: "linear" });
  return { jpeg: await small.jpeg({ quality: how.quality }).toBuffer(), width, height };
}

function halvingsFor(bitsPerPixel: number): number {
  const halvings = Math.ceil(Math.log2(WHOLE_SIZE_BITS_PER_PIXEL / bitsPerPixel) / 2);
  return Math.min(HALVINGS_MAX, Math.max(0, halvings));
}

/** What to try after something that took `ratio` times the bytes that it should have. */
function afterwards({ halvings, quality }: Try, ratio: number): Try {
  const same = qualityAfter(quality, ratio);
  if (same < QUALITY_MIN && halvings < HALVINGS_MAX) {
    return { halvings: halvings + 1, quality: qualityAfter(quality, ratio * HALF_SIZE_SHARE) };
  }
  if (same > QUALITY_MAX && halvings > 0) {
    return { halvings: halvings - 1, quality: qualityAfter(quality, ratio / HALF_SIZE_SHARE) };
  }
  return { halvings, quality: same };
}

/** The quality that takes `1 / ratio` of the bytes. The bytes fall with a power of the quantizer's step. */
function qualityAfter(quality: number, ratio: number): number {
  const step = stepOf(quality) * ratio ** (1 / BYTES_PER_STEP_POWER);
  const wanted = step >= 100 ? 5_000 / step : (200 - step) / 2;
  return Math.min(95, Math.max(3, Math.round(wanted)));
}

/** In hundredths of the standard's example tables: what the IJG's library, and all that follow it, mean by quality. */
function stepOf(quality: number): number {
  return quality < 50 ? 5_000 / quality : 200 - 2 * quality;
}

/** The largest that is not too large, or else the smallest. */
function isBetter(length: number, best: number, bytes: number): boolean {
  const allowed = bytes * RATIO_MAX;
  if (best > allowed) return length < best;
  return length <= allowed && length > best;
}

/** Ours, as all below: measured on the Kodak set, microscopy, art and screenshots. */
const FIRST_QUALITY = 15;
const QUALITY_MIN = 8;
const QUALITY_MAX = 75;
const TRIES_MAX = 3;
const RATIO_MIN = 0.8;
const RATIO_MAX = 1.1;
/** What quality 10 takes of a photograph. */
const WHOLE_SIZE_BITS_PER_PIXEL = 0.3;
/** Bytes of the picture of half the width, of the same quality. */
const HALF_SIZE_SHARE = 0.24;
const BYTES_PER_STEP_POWER = 0.85;
const HALVINGS_MAX = 4;
