import { assert } from "../base/assert.js";

/*
 * The field of 256 elements: bytes, added by exclusive or, multiplied as
 * polynomials modulo x^8 + x^4 + x^3 + x^2 + 1, of which x (2) is a primitive
 * element. RFC 5510 section 8.1.
 */
const POLYNOMIAL = 0x11d;
const ORDER = 255;

/** Powers of x, twice over, so that a sum of two logarithms needs no reduction. */
const EXP = new Uint8Array(2 * ORDER);
const LOG = new Uint8Array(256);

for (let power = 0, value = 1; power < ORDER; power += 1) {
  EXP[power] = value;
  EXP[power + ORDER] = value;
  LOG[value] = power;
  value <<= 1;
  if (value > 0xff) value ^= POLYNOMIAL;
}

export function multiply(one: number, other: number): number {
  if (one === 0 || other === 0) return 0;
  return EXP[(LOG[one] as number) + (LOG[other] as number)] as number;
}

export function inverse(value: number): number {
  assert(value !== 0, "nothing times zero is one");
  return EXP[ORDER - (LOG[value] as number)] as number;
}
