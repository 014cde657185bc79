/** The contexts of synthetic pieces, by number: which state of `AdaptiveBits` predicts what. */

const FLATS = 128;
const PLACES = 3 * 64 * 24;
const STANDING_TRIPLES = 7 * 7 * 7 * 4;
const OUTCOMES = 256 * 4;
const AMONG = 24 * 4;
const ESCAPES = 16;
const RANK_LENGTHS = 12;
const RANK_TREES = 12 * 8;
/** Of a sample's difference: 0, sign, length, first and second bit below the top. */
export const DIFFERENCE_CONTEXTS = 50;
export const ENERGY_CLASSES = 12;
const LITERALS = 4 * ENERGY_CLASSES * DIFFERENCE_CONTEXTS;
const PALETTE_LITERALS = 4 * DIFFERENCE_CONTEXTS;

/** Where each kind begins. */
export const Context = startsOf({
  flat: FLATS,
  place: PLACES,
  standing: STANDING_TRIPLES,
  outcome: OUTCOMES,
  among: AMONG,
  escape: ESCAPES,
  rankLength: RANK_LENGTHS,
  rankTree: RANK_TREES,
  literal: LITERALS,
  paletteLiteral: PALETTE_LITERALS,
});

export const CONTEXTS = Context.paletteLiteral + PALETTE_LITERALS;

/** Mixers: by which candidate it is, and which tables name it first. */
export const MIXERS = 4 * 8;

/** A flat pixel's state keeps moving by 1/1024 at least. */
export const FLAT_MET_MAX = 1023;

/** Lays kinds of contexts one behind the other. */
function startsOf<Kind extends string>(sizes: Record<Kind, number>): Readonly<typeof sizes> {
  const starts = { ...sizes };
  let next = 0;
  for (const kind of Object.keys(sizes) as Kind[]) {
    starts[kind] = next;
    next += sizes[kind];
  }
  return starts;
}
