import { BLOCK_SIDE, type Component } from "./frame.js";
import { NonzeroMap } from "./progressive-walk.js";
import { ZIGZAG } from "./sequential-decode.js";

/** Bytes of a block in a `NonzeroMap`. */
const MAP_BYTES = 8;

/**
 * The coefficients of one component of a progressive picture, as far as they have come.
 *
 * A reduced picture keeps the values of the lowest `side` by `side` only, and of the others merely which are not 0.
 */
export class Coefficients {
  readonly nonzero: NonzeroMap;
  /** Of each block, all those that fill the last MCUs included, the values that are kept. */
  private readonly values: Int16Array;
  private readonly kept: number;
  /** Of each coefficient in zigzag order, its place among a block's kept values, or -1. */
  private readonly slots = new Int8Array(64).fill(-1);

  constructor(
    private readonly component: Component,
    side: number,
  ) {
    this.kept = 0;
    for (let place = 0; place < 64; place += 1) {
      const natural = ZIGZAG[place] as number;
      if (natural >> 3 >= side || (natural & 7) >= side) continue;
      this.slots[place] = this.kept;
      this.kept += 1;
    }
    this.nonzero = new NonzeroMap(component.blocksAcross * component.blocksDown);
    this.values = new Int16Array(component.blockStride * component.blockRows * this.kept);
  }

  /** Bytes that they take. */
  static bytesFor({ blockStride, blockRows }: Component, side: number): number {
    return blockStride * blockRows * (2 * side * side + MAP_BYTES);
  }

  /** The number under which `add` and `load` know a block. */
  blockAt(column: number, row: number): number {
    return row * this.component.blockStride + column;
  }

  get(block: number, place: number): number {
    const slot = this.slots[place] as number;
    return slot < 0 ? 0 : (this.values[block * this.kept + slot] as number);
  }

  add(block: number, place: number, value: number): void {
    const slot = this.slots[place] as number;
    if (slot < 0) return;
    const at = block * this.kept + slot;
    this.values[at] = (this.values[at] as number) + value;
  }

  /** Writes a block's coefficients, multiplied out, row by row. Returns whether all but the first are 0. */
  load(block: number, target: Int32Array): boolean {
    const { slots, values, kept } = this;
    const quant = this.component.quant as Uint16Array;
    target.fill(0);
    let others = 0;
    for (let place = 0; place < 64; place += 1) {
      const slot = slots[place] as number;
      if (slot < 0) continue;
      const value = values[block * kept + slot] as number;
      if (value === 0) continue;
      target[ZIGZAG[place] as number] = Math.imul(value, quant[place] as number);
      if (place > 0) others += 1;
    }
    return others === 0;
  }
}

/** The side of the lowest coefficients that a picture reduced by `scale` keeps. */
export const keptSide = (scale: number): number => BLOCK_SIDE / scale;
