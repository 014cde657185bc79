/** The contexts of synthetic pieces, by number: which state of `AdaptiveBits` predicts what. */

const FLATS = 128;
const PLACES = 3 * 64 * 24;
const STANDING_TRIPLES = 7 * 7 * 7 * 4;
const OUTCOMES = 256 * 4;
const ESCAPES = 16;
const RANK_LENGTHS = 12;
const RANK_TREES = 12 * 8;
/** Of a sample's difference: 0, sign, length, first and second bit below the top. */
export const DIFFERENCE_CONTEXTS = 50;
export const ENERGY_CLASSES = 12;
const LITERALS = 4 * ENERGY_CLASSES * DIFFERENCE_CONTEXTS;
const PALETTE_LITERALS = 4 * DIFFERENCE_CONTEXTS;

/** Where each kind begins. */
export const Context = {
  flat: 0,
  place: FLATS,
  standing: FLATS + PLACES,
  outcome: FLATS + PLACES + STANDING_TRIPLES,
  escape: FLATS + PLACES + STANDING_TRIPLES + OUTCOMES,
  rankLength: FLATS + PLACES + STANDING_TRIPLES + OUTCOMES + ESCAPES,
  rankTree: FLATS + PLACES + STANDING_TRIPLES + OUTCOMES + ESCAPES + RANK_LENGTHS,
  literal: FLATS + PLACES + STANDING_TRIPLES + OUTCOMES + ESCAPES + RANK_LENGTHS + RANK_TREES,
  paletteLiteral:
    FLATS + PLACES + STANDING_TRIPLES + OUTCOMES + ESCAPES + RANK_LENGTHS + RANK_TREES + LITERALS,
} as const;

export const CONTEXTS = Context.paletteLiteral + PALETTE_LITERALS;

/** Mixers: by which candidate it is, and which tables name it first. */
export const MIXERS = 4 * 8;

/** A flat pixel's state keeps moving by 1/1024 at least. */
export const FLAT_MET_MAX = 1023;
