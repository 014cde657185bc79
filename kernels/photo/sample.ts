// One sample: its table, its token, its residual.
import { count, put, take } from "./entropy";
import { energyShift, highest, TABLE_OF, transformed } from "./memory";

const ENERGY_MAX: u32 = 1023;

/** The least value of the plane that is being coded. */
export let low: i32 = 0;
/** Negative once a decoded value was none of its plane. */
export let outside: i32 = 0;

export function beginPlane(plane: i32): void {
  low = transformed && (plane === 1 || plane === 2) ? -highest : 0;
}

export function beginPiece(): void {
  outside = 0;
}

/** Takes one sample (u32: encodes it, i32: decodes it, f32: counts its token, f64: only looks); its residual. */
export function code<T>(predicted: i32, flip: i32, group: usize, energy: i32, sample: usize): i32 {
  if (!isInteger<T>() || !isSigned<T>()) {
    const residual = load<i32>(sample) - predicted;
    const turned = (residual ^ flip) - flip;
    const value = (turned << 1) ^ (turned >> 31);
    if (isInteger<T>()) put(tableOf(group, energy), value);
    else if (sizeof<T>() === 4) count(((group - TABLE_OF) >> 6) + tableOf(group, energy), value);
    return residual;
  }
  const value = take(tableOf(group, energy));
  const turned = (value >>> 1) ^ -(value & 1);
  const residual = (turned ^ flip) - flip;
  const decoded = predicted + residual;
  outside |= (decoded - low) | (highest - decoded);
  store<i32>(sample, decoded);
  return residual;
}

function tableOf(group: usize, energy: i32): usize {
  const place = min<u32>(<u32>(energy >> energyShift), ENERGY_MAX);
  return <usize>load<u8>(group + <usize>place);
}
