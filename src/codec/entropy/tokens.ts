/**
 * Values as the entropy coder takes them: a token, whose probability is modelled, and raw bits below it.
 * Values under 16 are their own tokens. A larger one with its highest bit at n has token 16 + 2 (n - 4) + (the bit below),
 * and its n - 1 lowest bits raw. A value whose token the table does not hold is coded as `ESCAPE_TOKEN` and 19 raw bits.
 */
export function tokenOf(value: number): number {
  if (value < TOKENS_DIRECT) return value;
  const top = 31 - Math.clz32(value);
  return TOKENS_DIRECT + 2 * (top - 4) + ((value >>> (top - 1)) & 1);
}

/** How many raw bits follow a token. */
export function rawBitsOf(token: number): number {
  if (token < TOKENS_DIRECT) return 0;
  return token === ESCAPE_TOKEN ? VALUE_BITS : ((token - TOKENS_DIRECT) >>> 1) + 3;
}

/** The value of a token with the given raw bits. */
export function valueWith(token: number, raw: number): number {
  if (token < TOKENS_DIRECT) return token;
  if (token === ESCAPE_TOKEN) return raw;
  const below = (token - TOKENS_DIRECT) & 1;
  return ((2 | below) << (((token - TOKENS_DIRECT) >>> 1) + 3)) | raw;
}

/** A number of either sign as a value: 0, -1, 1, -2, ... become 0, 1, 2, 3, ... */
export const fromSigned = (number: number): number => (number << 1) ^ (number >> 31);

/** The reverse. */
export const toSigned = (value: number): number => (value >>> 1) ^ -(value & 1);

/** Values are whole numbers below 2 to this power: residuals of 16-bit samples and of their differences fit. */
export const VALUE_BITS = 19;
/** Values below are tokens themselves. */
export const TOKENS_DIRECT = 16;
/** Follows the last token of a value, 16 + 2 (18 - 4) + 1. */
export const ESCAPE_TOKEN = 46;
/** Room for the tokens of a table, a power of two. */
export const TOKEN_ROOM = 64;
