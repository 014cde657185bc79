import { expect, test } from "vitest";
import { promiseHalf } from "./half.js";
import { BASE_SEED, RUNS_OF_HALF, runSeeds } from "./suite.js";

promiseHalf(BASE_SEED + RUNS_OF_HALF);

/** Seeds that once did not end: they shall never again. */
const ONCE_FAILED = [
  // Two cycles of probing without a sample left Bbr with no bandwidth at all.
  17_656_930,
];

test.each(ONCE_FAILED)("seed %i, which once failed, ends exact", (seed) => {
  expect(runSeeds(seed, 1)).toHaveLength(1);
});
