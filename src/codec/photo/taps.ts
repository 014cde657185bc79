import type { Grid } from "./grid.js";

/** The lattices of one plane at one level: C is known, the others are being coded in this order. */
export interface Lattices {
  C: Grid;
  readonly A: Grid;
  readonly B: Grid;
  readonly D: Grid;
  /** Where lattice C of the next level is put together. */
  next: Grid;
}

/** What the neighbours of one sample tell. */
export class Neighbourhood {
  /** Sum of the four nearest. */
  sum = 0;
  /** Deviations that the filter weighs; `taps` of them. */
  readonly deviations = new Int32Array(TAPS_MAX);
  taps = 0;
  /** 0 none, 1 or 2: along which of the two pairs of neighbours the picture changes less. */
  direction = 0;
  /** How much the neighbours differ. */
  energy = 0;

  /** Of a sample of lattice A, the centre of four of C. */
  centre({ C }: Lattices, column: number, row: number): void {
    const { data, stride } = C;
    const at = C.row(row) + column;
    const v = (index: number): number => data[index] ?? 0;
    const a = v(at);
    const b = v(at + 1);
    const c = v(at + stride);
    const d = v(at + stride + 1);
    const beside = v(at - 1) + v(at + 2) + v(at + stride - 1) + v(at + stride + 2);
    const above = v(at - stride) + v(at - stride + 1) + v(at + 2 * stride) + v(at + 2 * stride + 1);
    this.sum = a + b + c + d;
    this.deviations[0] = a + d - b - c;
    this.deviations[1] = beside - this.sum;
    this.deviations[2] = above - this.sum;
    this.taps = 3;
    const spread = this.weigh(Math.abs(a - d), Math.abs(b - c));
    const across = Math.abs(a + b - c - d) + Math.abs(a + c - b - d);
    this.energy = ((spread + (across >> 1)) * 3) >> 2;
  }

  /** Of a sample of lattice B, between two of C in a row. */
  between({ C, A }: Lattices, column: number, row: number): void {
    const { data, stride } = C;
    const at = C.row(row) + column;
    const v = (index: number): number => data[index] ?? 0;
    const left = v(at);
    const right = v(at + 1);
    let up = left;
    let down = right;
    let around = 2 * (left + right);
    if (A.width > 0 && A.height > 0) {
      const a = A.row(row) + column;
      const w = (index: number): number => A.data[index] ?? 0;
      up = w(a - A.stride);
      down = w(a);
      around = w(a - A.stride - 1) + w(a - A.stride + 1) + w(a - 1) + w(a + 1);
    }
    const far = v(at - 1) + v(at + 2);
    const corners = v(at - stride) + v(at - stride + 1) + v(at + stride) + v(at + stride + 1);
    this.cross(left, right, up, down);
    this.deviations[1] = 2 * far - this.sum;
    this.deviations[2] = corners - this.sum;
    this.deviations[3] = around - this.sum;
  }

  /** Of a sample of lattice D, between two of C in a column. */
  below({ C, A, B }: Lattices, column: number, row: number): void {
    const { data, stride } = C;
    const at = C.row(row) + column;
    const v = (index: number): number => data[index] ?? 0;
    const up = v(at);
    const down = v(at + stride);
    let left = up;
    let right = down;
    let corners = 2 * (up + down);
    let beside = up + down;
    if (A.width > 0 && A.height > 0) {
      const a = A.row(row) + column;
      const w = (index: number): number => A.data[index] ?? 0;
      left = w(a - 1);
      right = w(a);
      beside = w(a - 2) + w(a + 1);
      const b = B.row(row) + column;
      const u = (index: number): number => B.data[index] ?? 0;
      corners = u(b - 1) + u(b) + u(b + B.stride - 1) + u(b + B.stride);
    }
    const far = v(at - stride) + v(at + 2 * stride);
    this.cross(left, right, up, down);
    this.deviations[1] = 2 * far - this.sum;
    this.deviations[2] = corners - this.sum;
    this.deviations[3] = 2 * beside - this.sum;
  }

  private cross(left: number, right: number, up: number, down: number): void {
    this.sum = left + right + up + down;
    this.deviations[0] = left + right - up - down;
    this.taps = 4;
    const spread = this.weigh(Math.abs(left - right), Math.abs(up - down));
    this.energy = spread + Math.abs(left + right - up - down);
  }

  /** Sets the direction by the differences of two pairs, and gives their sum. */
  private weigh(first: number, second: number): number {
    this.direction = first > 2 * second + 1 ? 1 : second > 2 * first + 1 ? 2 : 0;
    return first + second;
  }
}

/** Sum of the magnitudes of residuals around a sample, of those in `rest` coded before it; phase 0 is A, 1 is B, 2 is D. */
export function noiseBeside(rest: Lattices, phase: number, column: number, row: number): number {
  const size = (grid: Grid, at: number): number => Math.abs(grid.data[at] ?? 0);
  const { C, A, B } = rest;
  if (phase === 0) {
    const at = C.row(row) + column;
    const below = at + C.stride;
    return size(C, at) + size(C, at + 1) + size(C, below) + size(C, below + 1);
  }
  if (A.width === 0 || A.height === 0) return 0;
  const at = A.row(row) + column;
  if (phase === 1) return size(A, at) + size(A, at - A.stride);
  const corner = B.row(row) + column;
  const below = corner + B.stride;
  const corners = size(B, corner - 1) + size(B, corner) + size(B, below - 1) + size(B, below);
  return size(A, at) + size(A, at - 1) + corners;
}

/** Deviations of samples, and two residuals of other planes. */
export const TAPS_MAX = 6;
