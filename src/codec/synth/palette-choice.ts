import { PALETTE_MAX } from "./palette.js";

/** How often a colour had to be told, and what that cost in all. */
export interface Escape {
  readonly times: number;
  readonly bits: number;
  readonly pixel: Uint8Array;
}

/**
 * The colours that cost less by rank than by their samples, the palette included, the most frequent first. `scale` is how
 * many times the sample's pixels the picture has.
 */
export function choosePalette(
  candidates: readonly Escape[],
  scale: number,
  pixelBytes: number,
): Uint8Array {
  const entryBits = Math.max(ENTRY_BITS_MIN, ENTRY_BITS_PER_BYTE * pixelBytes);
  let chosen = [...candidates];
  for (let round = 0; round < ROUNDS; round += 1) {
    const all = chosen.reduce((sum, { times }) => sum + times, 0);
    chosen = candidates.filter(({ times, bits }) => {
      const rankBits = Math.log2(Math.max(2, all / times)) + RANK_EXCESS_BITS;
      return (bits - times * rankBits) * scale > entryBits;
    });
  }
  chosen.sort((a, b) => b.times - a.times || order(a.pixel, b.pixel));
  const kept = chosen.slice(0, Math.min(PALETTE_MAX, Math.floor(PALETTE_BYTES_MAX / pixelBytes)));
  for (let first = 0; first < kept.length; first = 2 * first + 1) {
    // Ranks of one length cost the same, so that they may stand in the order that is cheap to tell.
    const level = kept.slice(first, 2 * first + 1).sort((a, b) => order(a.pixel, b.pixel));
    kept.splice(first, level.length, ...level);
  }
  const palette = new Uint8Array(kept.length * pixelBytes);
  kept.forEach(({ pixel }, rank) => {
    palette.set(pixel, rank * pixelBytes);
  });
  return palette;
}

/** By green, then red and blue, where pixels have them: neighbours then differ little. */
function order(a: Uint8Array, b: Uint8Array): number {
  const { length } = a;
  for (let step = 0; step < length; step += 1) {
    const byte = length < 3 || step > 1 ? step : 1 - step;
    const difference = (a[byte] as number) - (b[byte] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}

const ROUNDS = 3;
/** Ours: what a rank costs beyond its share, and a colour in the tables. */
const RANK_EXCESS_BITS = 1.2;
const ENTRY_BITS_MIN = 18;
const ENTRY_BITS_PER_BYTE = 4.5;
/** Ours: with the primer, tables stay below what a section holds. */
const PALETTE_BYTES_MAX = 20_000;
