import { BLOCK_SIDE } from "./frame.js";

/*
 * The accurate integer transform of libjpeg ("islow"), which most viewers use: Loeffler, Ligtenberg and Moschytz, "Practical fast
 * 1-D DCT algorithms with 11 multiplications", ICASSP 1989. Constants are scaled by 2^13; between the passes 2 bits more are kept.
 */
const CONST_BITS = 13;
const PASS_BITS = 2;

const FIX_0_298631336 = 2446;
const FIX_0_390180644 = 3196;
const FIX_0_541196100 = 4433;
const FIX_0_765366865 = 6270;
const FIX_0_899976223 = 7373;
const FIX_1_175875602 = 9633;
const FIX_1_501321110 = 12299;
const FIX_1_847759065 = 15137;
const FIX_1_961570560 = 16069;
const FIX_2_053119869 = 16819;
const FIX_2_562915447 = 20995;
const FIX_3_072711026 = 25172;

/** The middle of a sample's range. */
const SAMPLE_CENTRE = 128;

const { imul } = Math;

/** Between the passes: columns done, rows not. */
const half = new Int32Array(64);

/** Writes the 8 by 8 samples of a block's coefficients (multiplied out, row by row) at `offset` of a plane. */
export function inverseDct(
  coefficients: Int32Array,
  plane: Uint8ClampedArray,
  offset: number,
  stride: number,
): void {
  for (let column = 0; column < BLOCK_SIDE; column += 1) transformColumn(coefficients, column);
  for (let row = 0; row < BLOCK_SIDE; row += 1) {
    transformRow(8 * row, plane, offset + row * stride);
  }
}

function transformColumn(c: Int32Array, i: number): void {
  const c0 = c[i] as number;
  const [r1, r2, r3] = [c[i + 8] as number, c[i + 16] as number, c[i + 24] as number];
  const [r4, r5, r6] = [c[i + 32] as number, c[i + 40] as number, c[i + 48] as number];
  const r7 = c[i + 56] as number;
  if ((r1 | r2 | r3 | r4 | r5 | r6 | r7) === 0) {
    const flat = c0 << PASS_BITS;
    for (let place = i; place < 64; place += 8) half[place] = flat;
    return;
  }
  const even = imul(r2 + r6, FIX_0_541196100);
  const even2 = even - imul(r6, FIX_1_847759065);
  const even3 = even + imul(r2, FIX_0_765366865);
  const sum = (c0 + r4) << CONST_BITS;
  const difference = (c0 - r4) << CONST_BITS;
  const [a0, a3, a1, a2] = [sum + even3, sum - even3, difference + even2, difference - even2];
  const z5 = imul(r7 + r3 + r5 + r1, FIX_1_175875602);
  const z1 = -imul(r7 + r1, FIX_0_899976223);
  const z2 = -imul(r5 + r3, FIX_2_562915447);
  const z3 = z5 - imul(r7 + r3, FIX_1_961570560);
  const z4 = z5 - imul(r5 + r1, FIX_0_390180644);
  const b0 = imul(r7, FIX_0_298631336) + z1 + z3;
  const b1 = imul(r5, FIX_2_053119869) + z2 + z4;
  const b2 = imul(r3, FIX_3_072711026) + z2 + z3;
  const b3 = imul(r1, FIX_1_501321110) + z1 + z4;
  const shift = CONST_BITS - PASS_BITS;
  const round = 1 << (shift - 1);
  half[i] = (a0 + b3 + round) >> shift;
  half[i + 56] = (a0 - b3 + round) >> shift;
  half[i + 8] = (a1 + b2 + round) >> shift;
  half[i + 48] = (a1 - b2 + round) >> shift;
  half[i + 16] = (a2 + b1 + round) >> shift;
  half[i + 40] = (a2 - b1 + round) >> shift;
  half[i + 24] = (a3 + b0 + round) >> shift;
  half[i + 32] = (a3 - b0 + round) >> shift;
}

function transformRow(i: number, plane: Uint8ClampedArray, at: number): void {
  const c0 = half[i] as number;
  const [r1, r2, r3] = [half[i + 1] as number, half[i + 2] as number, half[i + 3] as number];
  const [r4, r5, r6] = [half[i + 4] as number, half[i + 5] as number, half[i + 6] as number];
  const r7 = half[i + 7] as number;
  const shift = CONST_BITS + PASS_BITS + 3;
  const round = (1 << (shift - 1)) + (SAMPLE_CENTRE << shift);
  const even = imul(r2 + r6, FIX_0_541196100);
  const even2 = even - imul(r6, FIX_1_847759065);
  const even3 = even + imul(r2, FIX_0_765366865);
  const sum = ((c0 + r4) << CONST_BITS) + round;
  const difference = ((c0 - r4) << CONST_BITS) + round;
  const [a0, a3, a1, a2] = [sum + even3, sum - even3, difference + even2, difference - even2];
  const z5 = imul(r7 + r3 + r5 + r1, FIX_1_175875602);
  const z1 = -imul(r7 + r1, FIX_0_899976223);
  const z2 = -imul(r5 + r3, FIX_2_562915447);
  const z3 = z5 - imul(r7 + r3, FIX_1_961570560);
  const z4 = z5 - imul(r5 + r1, FIX_0_390180644);
  const b0 = imul(r7, FIX_0_298631336) + z1 + z3;
  const b1 = imul(r5, FIX_2_053119869) + z2 + z4;
  const b2 = imul(r3, FIX_3_072711026) + z2 + z3;
  const b3 = imul(r1, FIX_1_501321110) + z1 + z4;
  plane[at] = (a0 + b3) >> shift;
  plane[at + 7] = (a0 - b3) >> shift;
  plane[at + 1] = (a1 + b2) >> shift;
  plane[at + 6] = (a1 - b2) >> shift;
  plane[at + 2] = (a2 + b1) >> shift;
  plane[at + 5] = (a2 - b1) >> shift;
  plane[at + 3] = (a3 + b0) >> shift;
  plane[at + 4] = (a3 - b0) >> shift;
}

/** The same for a block that has no coefficient but the first. */
export function inverseDctFlat(
  first: number,
  plane: Uint8ClampedArray,
  offset: number,
  stride: number,
  side: number,
): void {
  const sample = ((first + 4) >> 3) + SAMPLE_CENTRE;
  // For so few samples `fill` costs more than it saves.
  for (let row = offset; row < offset + side * stride; row += stride) {
    for (let at = row; at < row + side; at += 1) plane[at] = sample;
  }
}

/** A reduced block of `side` by `side` samples (4, 2 or 1) from the lowest coefficients: the picture at 1/2, 1/4 or 1/8. */
export function inverseDctReduced(
  coefficients: Int32Array,
  plane: Uint8ClampedArray,
  offset: number,
  stride: number,
  side: 1 | 2 | 4,
): void {
  const basis = BASES[side];
  for (let y = 0; y < side; y += 1) {
    for (let x = 0; x < side; x += 1) {
      let sum = 0;
      for (let v = 0; v < side; v += 1) {
        let row = 0;
        for (let u = 0; u < side; u += 1) {
          row += (coefficients[8 * v + u] as number) * (basis[u * side + x] as number);
        }
        sum += row * (basis[v * side + y] as number);
      }
      plane[offset + y * stride + x] = sum + SAMPLE_CENTRE;
    }
  }
}

/** Entry u * side + x: the u-th cosine at sample x, scaled so that blocks of eight become blocks of `side`. */
function basisOf(side: number): Float64Array {
  return Float64Array.from({ length: side * side }, (_, i) => {
    const [u, x] = [Math.floor(i / side), i % side];
    const cosine = Math.cos(((2 * x + 1) * u * Math.PI) / (2 * side));
    return (cosine * (u === 0 ? 1 : Math.SQRT2)) / Math.sqrt(8);
  });
}

const BASES = { 1: basisOf(1), 2: basisOf(2), 4: basisOf(4) } as const;
