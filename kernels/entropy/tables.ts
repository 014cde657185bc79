// What the inner loops ask of tokens, made of the frequencies that the host has written: src/codec/entropy/model.ts and tokens.ts.

export const TOKENS_DIRECT: i32 = 16;
export const ESCAPE_TOKEN: i32 = 46;
export const VALUE_BITS: i32 = 19;
export const TOKEN_ROOM_BITS: i32 = 6;
export const FREQUENCY_BITS: i32 = 12;
/** Encoding begins with this state, and decoding ends with it. */
export const STATE_LOW: u32 = 0x1_0000;

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

/** What decoding asks of a token whatever its table, u32 each: its least value, and how many raw bits it has, as a number and as a mask. */
export const LEAST = memory.data(64 * 4, 16);
export const RAW_BITS = memory.data(64 * 4, 16);
export const RAW_MASK = memory.data(64 * 4, 16);

/**
 * Takes u16 frequencies of so many tables, 64 a table. Makes of them, for each token of each table, what decoding asks of it (`taken`, 4
 * bytes: u16 frequency, u16 start) and encoding (`put`, 16 bytes: u64 reciprocal, u32 frequency, u32 start), and for each of the 4,096
 * places of each table four times its token, a byte (`tokens`).
 */
export function makeTables(
  tables: i32,
  frequencies: usize,
  taken: usize,
  put: usize,
  tokens: usize,
): void {
  for (let token = 0; token <= ESCAPE_TOKEN; token += 1) describe(token);
  for (let table = 0; table < tables; table += 1) {
    let start = 0;
    for (let token = 0; token <= ESCAPE_TOKEN; token += 1) {
      const slot = <usize>((table << TOKEN_ROOM_BITS) + token);
      const frequency = <i32>load<u16>(frequencies + (slot << 1));
      store<u16>(taken + (slot << 2), <u16>frequency);
      store<u16>(taken + (slot << 2), <u16>start, 2);
      setPut(put + (slot << 4), frequency, start);
      const places = tokens + ((<usize>table) << FREQUENCY_BITS) + <usize>start;
      memory.fill(places, <u8>(token << 2), <usize>frequency);
      start += frequency;
    }
  }
}

function describe(token: i32): void {
  const at = (<usize>token) << 2;
  const bits = rawBitsOf(token);
  let least = token;
  if (token >= TOKENS_DIRECT) least = (2 | ((token - TOKENS_DIRECT) & 1)) << bits;
  if (token === ESCAPE_TOKEN) least = 0;
  store<i32>(LEAST + at, least);
  store<i32>(RAW_BITS + at, bits);
  store<i32>(RAW_MASK + at, (1 << bits) - 1);
}

function setPut(at: usize, frequency: i32, start: i32): void {
  const divisor = <u64>max(1, frequency);
  store<u64>(at, (((<u64>1) << RECIPROCAL_BITS) + divisor - 1) / divisor);
  store<u32>(at, frequency, 8);
  store<u32>(at, start, 12);
}

/**
 * Turns a payload round, so that raw bits lie in rising order, with zeros behind them. There must be 16 bytes before the
 * payload, and room for as many behind the target.
 */
export function turnRound(payload: usize, bytes: usize, target: usize): void {
  const order = i8x16(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  const end = payload + bytes;
  for (let at: usize = 0; at < bytes; at += 16) {
    v128.store(target + at, v128.swizzle(v128.load(end - at - 16), order));
  }
  v128.store(target + bytes, i32x4.splat(0));
}
