// What the inner loops ask of tokens, made of the frequencies that the host has written: src/codec/entropy/model.ts.
import { FREQUENCIES, FREQUENCY_BITS, PUT, TAKEN, TOKEN_ROOM_BITS, TOKENS } from "./memory";

export const TOKENS_DIRECT: i32 = 16;
export const ESCAPE_TOKEN: i32 = 46;
export const VALUE_BITS: i32 = 19;

/**
 * A state is below its token's frequency times 2^20 when it is divided by it, so that the product with this power of two over the
 * frequency, rounded up, has 64 bits, and its highest bits are the quotient.
 */
export const RECIPROCAL_BITS: u64 = 44;

/** How many raw bits follow a token. */
export function rawBitsOf(token: i32): i32 {
  if (token < TOKENS_DIRECT) return 0;
  return token === ESCAPE_TOKEN ? VALUE_BITS : ((token - TOKENS_DIRECT) >> 1) + 3;
}

/** The token of a value. */
export function tokenOf(value: i32): i32 {
  if (value < TOKENS_DIRECT) return value;
  const top = 31 - clz(value);
  return TOKENS_DIRECT + 2 * (top - 4) + ((value >> (top - 1)) & 1);
}

/** Takes the frequencies of so many tables. */
export function setModel(tables: i32): void {
  for (let table = 0; table < tables; table += 1) {
    let start = 0;
    for (let token = 0; token <= ESCAPE_TOKEN; token += 1) {
      const slot = <usize>((table << TOKEN_ROOM_BITS) + token);
      const frequency = <i32>load<u16>(FREQUENCIES + (slot << 1));
      setTaken(TAKEN + (slot << 3), token, frequency, start);
      setPut(PUT + (slot << 4), frequency, start);
      const places = TOKENS + ((<usize>table) << FREQUENCY_BITS) + <usize>start;
      memory.fill(places, <u8>token, <usize>frequency);
      start += frequency;
    }
  }
}

function setTaken(at: usize, token: i32, frequency: i32, start: i32): void {
  const bits = rawBitsOf(token);
  let least = token;
  if (token >= TOKENS_DIRECT) least = (2 | ((token - TOKENS_DIRECT) & 1)) << bits;
  if (token === ESCAPE_TOKEN) least = 0;
  store<u16>(at, <u16>frequency);
  store<u16>(at, <u16>start, 2);
  store<u32>(at, ((<u32>least) << 8) | bits, 4);
}

function setPut(at: usize, frequency: i32, start: i32): void {
  const divisor = <u64>max(1, frequency);
  store<u64>(at, (((<u64>1) << RECIPROCAL_BITS) + divisor - 1) / divisor);
  store<u32>(at, frequency, 8);
  store<u32>(at, start, 12);
}
