/** startup -> drain -> down -> cruise -> refill -> up -> down ...; probeRtt from any, back to down. */
export type Phase = "startup" | "drain" | "down" | "cruise" | "refill" | "up" | "probeRtt";

/** draft-ietf-ccwg-bbr-05 section 5.6.1. */
export const PACING_GAINS: Record<Phase, number> = {
  startup: 2.773,
  drain: 0.5,
  down: 0.9,
  cruise: 1,
  refill: 1,
  up: 1.25,
  probeRtt: 1,
};
export const WINDOW_GAINS: Record<Phase, number> = {
  startup: 2,
  drain: 2,
  down: 2,
  cruise: 2,
  refill: 2,
  up: 2.25,
  probeRtt: 0.5,
};
