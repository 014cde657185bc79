import { type InstantUs, instantUs } from "../../base/units.js";

/** The monotonic clock that the machines are told: microseconds since the process began. */
export const nowUs = (): InstantUs => instantUs(Math.floor(performance.now() * 1_000));
