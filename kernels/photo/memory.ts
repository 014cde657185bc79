// Where everything lies: tables in fixed places, then what a piece needs.

export const MARGIN: i32 = 2;
export const TAPS_MAX: i32 = 6;

/** i32 weights, as `Filters.weights`. */
export const WEIGHTS: usize = 0x1_0000;
/** u16 frequencies, as `EntropyModel.frequencies`. */
export const FREQUENCIES: usize = 0x1_2000;
/** The weights again, as they are used: see weights.ts. */
export const SPREAD: usize = 0x1_4000;
/** u8 number of the table, for each context group of 1,024 energies. */
export const TABLE_OF: usize = 0x2_0000;
/** u32 costs, 64 a table; the highest bit is set where an escape is coded in place of the token. */
export const COSTS: usize = 0x4_0000;
/** What decoding asks of tokens: see ../entropy/tables.ts. */
export const TAKEN: usize = 0x4_8000;
/** u8 four times the token of each place, 4,096 a table. */
export const TOKENS: usize = 0x5_0000;
/** What encoding asks of tokens. */
export const PUT: usize = 0x9_0000;
/** u32 how often each token occurred in each context, 64 a context. */
export const HISTOGRAMS: usize = 0x10_0000;
/** f64 sums of products of deviations, for each filter a matrix of 6 by 6; only its lower half is filled. */
export const PRODUCTS: usize = 0x14_0000;
/** f64 sums of products of deviations and of what they are to predict, 6 a filter. */
export const TARGETS: usize = 0x14_8000;
/** Pieces' memory begins here. */
export const PIECE: usize = 0x15_0000;

/** What is read or written past the end of rows, four or eight samples at a time. */
const SLACK: usize = 64;
/** Grids of a plane: five lattices of values and five of residuals. */
const GRIDS: usize = 10;
/** Grids of what is told of the samples of a phase. */
const NOTES: usize = 9;

// The format.
export let planeCount: i32 = 0;
export let colours: i32 = 0;
export let transformed: bool = false;
export let wide: bool = false;
export let highest: i32 = 0;
export let energyShift: i32 = 0;
export let folded: bool = false;

// The piece.
export let width: i32 = 0;
export let height: i32 = 0;
export let pixels: usize = 0;
export let planes: usize = 0;
export let planeBytes: usize = 0;
export let grids: usize = 0;
export let gridBytes: usize = 0;
/** Of each sample of a phase, i32: twice its prediction, plus 1 where its residual changes its sign. */
export let predictions: usize = 0;
/** Of each, i32: its energy as contexts count it, plus 1,024 where the residual beside it is 0. */
export let contexts: usize = 0;
/** What filters are studied by: seven grids. */
export let studied: usize = 0;
export let rowCosts: usize = 0;
export let slots: usize = 0;
export let words: usize = 0;
/** Raw bits: of an encoder as they are put; of a decoder the payload's bytes in reverse order. */
export let raws: usize = 0;
export let payload: usize = 0;

export function setFormat(
  count: i32,
  colourCount: i32,
  transform: bool,
  high: i32,
  shift: i32,
  fold: bool,
): void {
  planeCount = count;
  colours = colourCount;
  transformed = transform;
  highest = high;
  wide = high > 255;
  energyShift = shift;
  folded = fold;
}

/** Makes room for a piece of a size and for its payload; false when there is not so much memory. */
export function prepare(pieceWidth: i32, pieceHeight: i32, payloadBytes: i32): bool {
  width = pieceWidth;
  height = pieceHeight;
  const count = <usize>width * <usize>height;
  const samples = count * <usize>planeCount;
  planeBytes = (count << 2) + SLACK;
  const stride = <usize>((((width + 1) >> 1) + 2 * MARGIN + 3) & ~3);
  gridBytes = ((stride * (<usize>((height + 1) >> 1) + 2 * MARGIN)) << 2) + SLACK;
  pixels = PIECE;
  planes = rounded(pixels + samples * 2 + SLACK);
  grids = planes + planeBytes * <usize>planeCount;
  predictions = grids + gridBytes * GRIDS * <usize>planeCount;
  contexts = predictions + gridBytes;
  studied = contexts + gridBytes;
  rowCosts = predictions + gridBytes * NOTES;
  slots = rowCosts + ((<usize>height) << 2);
  words = rounded(slots + samples * 2);
  raws = rounded(words + samples * 2 + 16);
  payload = rounded(raws + max(samples * 3, <usize>payloadBytes) + SLACK);
  const memoryEnd = payload + <usize>payloadBytes + SLACK;
  const pages = <i32>((memoryEnd + 0xffff) >>> 16) - memory.size();
  return pages <= 0 || memory.grow(pages) >= 0;
}

function rounded(place: usize): usize {
  return (place + 15) & ~15;
}
