import type { PixelView } from "./types.js";

/**
 * The numbers of views, in groups to look at one after the other, as far as it pays: a fourth of them, another fourth, and the
 * others, each spread over the picture. Views of few pixels are one group.
 */
export function spread(views: readonly PixelView[]): number[][] {
  const all = views.map((_, index) => index);
  if (pixelsOf(views) <= FEW_PIXELS) return [all];
  const groups: number[][] = [[], [], []];
  for (const index of all) {
    // Multiples of the golden ratio keep apart whatever the columns of the picture.
    const turn = (index * GOLDEN) % 1;
    groups[turn < 1 / 4 ? 0 : turn < 1 / 2 ? 1 : 2]?.push(index);
  }
  return groups.filter((group) => group.length > 0);
}

export const pixelsOf = (views: readonly PixelView[]): number =>
  views.reduce((sum, { width, height }) => sum + width * height, 0);

const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** Ours. */
const FEW_PIXELS = 1 << 16;
