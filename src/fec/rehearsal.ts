import { assert } from "../base/assert.js";
import { ParityMaker, recover } from "./erasure.js";

const SOURCES = 32;
const SYMBOL_BYTES = 1_152;
const LOST = [3, 17];

/**
 * Codes a small group of made-up symbols and recovers two of them.
 *
 * Parity is wanted in one moment, the end of a transfer, when both sides wait for it; code that runs for the first time
 * then takes ten times as long as later. Called some times before, it has been compiled; and it is seen to work.
 */
export function rehearse(): void {
  const symbols = Array.from({ length: SOURCES }, (_, position) =>
    new Uint8Array(SYMBOL_BYTES).fill(position * 7 + 1),
  );
  const maker = new ParityMaker(SOURCES, 0, LOST.length, SYMBOL_BYTES);
  for (const symbol of symbols) maker.add(symbol);
  const parity = LOST.map((_, index) => {
    const bytes = new Uint8Array(SYMBOL_BYTES);
    maker.take(index, bytes);
    return { index, bytes };
  });
  const recovered = recover(SOURCES, LOST, parity, (position) => symbols[position]) ?? [];
  const isRight = LOST.every(
    (position, i) =>
      recovered[i]?.[0] === symbols[position]?.[0] && recovered[i]?.at(-1) === recovered[i]?.[0],
  );
  assert(isRight, "what parity gives back is what was lost");
}
