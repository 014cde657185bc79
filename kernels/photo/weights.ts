// The weights of filters, laid out for four samples at a time that each may have another direction.
import { SPREAD, TAPS_MAX, WEIGHTS } from "./memory";

/** Filters of one plane, level and lattice, one for each direction. */
const DIRECTIONS: i32 = 3;
/** Sets of filters: four planes, two levels, three lattices. */
const SETS: i32 = 4 * 2 * 3;
/** Of a tap: the weight where there is no direction, and how much more it is by direction 1 and 2; each four times. */
const TAP_BYTES: usize = 48;

/** Where the weights of a plane (level 0 coarse, 1 finest; lattice 0 A, 1 B, 2 D) lie. */
export function spreadAt(plane: i32, level: i32, which: i32): usize {
  return SPREAD + <usize>((plane * 2 + level) * 3 + which) * TAPS_MAX * TAP_BYTES;
}

/** The first filter of a set. */
export function filterOf(plane: i32, level: i32, which: i32): usize {
  return <usize>(((plane * 2 + level) * 3 + which) * DIRECTIONS);
}

/** Takes the weights that the host has written. */
export function spreadWeights(): void {
  let to = SPREAD;
  for (let set = 0; set < SETS; set += 1) {
    for (let tap = 0; tap < TAPS_MAX; tap += 1) {
      const from = WEIGHTS + ((<usize>(set * DIRECTIONS * TAPS_MAX + tap)) << 2);
      const plain = load<i32>(from);
      v128.store(to, i32x4.splat(plain));
      v128.store(to, i32x4.splat(load<i32>(from, TAPS_MAX * 4) - plain), 16);
      v128.store(to, i32x4.splat(load<i32>(from, TAPS_MAX * 8) - plain), 32);
      to += TAP_BYTES;
    }
  }
}

/** Put in where it is used. */
export class Taps {
  /** Four deviations times the weights of a tap, where `one` and `two` tell the directions. */
  @inline
  static weigh(spread: usize, tap: usize, deviation: v128, one: v128, two: v128): v128 {
    const at = spread + tap * TAP_BYTES;
    const turned = i32x4.add(v128.load(at), v128.and(v128.load(at, 16), one));
    return i32x4.mul(i32x4.add(turned, v128.and(v128.load(at, 32), two)), deviation);
  }
}
