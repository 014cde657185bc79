import { drawScenario } from "../../src/sim/draw.js";
import { type Outcome, type Scenario, simulate } from "../../src/sim/scenario.js";
import { sealing } from "./story.js";

/** A fixed seed, unless LACUNA_SEED names another: a number, or a commit's name as CI gives it. */
export const BASE_SEED = baseSeed(process.env.LACUNA_SEED);

/** Runs of each of the two halves of the suite, which two workers share. */
export const RUNS_OF_HALF = 2_000;

/**
 * Virtual seconds that any drawn run may take. The longest of 120,000 took 1,365: several images at half of
 * all datagrams lost each way, when NewReno's window is two datagrams a round trip of seconds.
 */
export const VIRTUAL_SECONDS_MAX = 3_000;

export interface Run {
  readonly scenario: Scenario;
  readonly outcome: Outcome;
}

/** Runs seeds [first, first + count); the first that does not end exact fails with the line that replays it. */
export function runSeeds(first: number, count: number): Run[] {
  const runs: Run[] = [];
  for (let seed = first; seed < first + count; seed += 1) {
    const scenario = drawScenario(seed, sealing);
    const outcome = replayable(seed, () => simulate(scenario));
    const { exact, end, seconds } = outcome;
    if (end === "timeLimit" || end.how !== "finished" || !exact || seconds > VIRTUAL_SECONDS_MAX) {
      throw new Error(`${replayLine(seed)}: ${JSON.stringify({ exact, end, seconds })}`);
    }
    runs.push({ scenario, outcome });
  }
  return runs;
}

function replayable(seed: number, run: () => Outcome): Outcome {
  try {
    return run();
  } catch (cause) {
    throw new Error(`${replayLine(seed)}: ${String(cause)}`, { cause });
  }
}

const replayLine = (seed: number): string => `npm run simulate -- --seed ${seed}`;

export interface NeedlessShare {
  readonly runs: number;
  readonly pieces: number;
  readonly needless: number;
  readonly share: number;
  /** The run with the largest share, and that share. */
  readonly worst: string;
}

/** Pieces that came although they were held, as a share of all pieces of the runs. */
export function needlessShare(runs: readonly Run[]): NeedlessShare {
  let pieces = 0;
  let needless = 0;
  let worst = { seed: 0, share: -1 };
  for (const { scenario, outcome } of runs) {
    pieces += outcome.pieces;
    needless += outcome.needless;
    const share = outcome.needless / outcome.pieces;
    if (share > worst.share) worst = { seed: scenario.seed, share };
  }
  const percent = (100 * worst.share).toFixed(0);
  return {
    runs: runs.length,
    pieces,
    needless,
    share: needless / pieces,
    worst: `seed ${worst.seed}: ${percent} %`,
  };
}

const links = ({ scenario }: Run) => [scenario.forward, scenario.backward];

/** How far datagrams may overtake each other in a run. */
export function disorder(run: Run): "none" | "fivePercent" | "wild" {
  if (links(run).some(({ jitterUs }) => (jitterUs ?? 0) > 0)) return "wild";
  const reorder = Math.max(...links(run).map(({ reorderShare }) => reorderShare ?? 0));
  if (reorder === 0) return "none";
  return reorder <= 0.05 ? "fivePercent" : "wild";
}

/** Whether nothing passes for some time. */
export const isCut = (run: Run): boolean =>
  links(run).some(({ cuts }) => cuts !== undefined && cuts.length > 0);

/** A receiver that holds pieces from before cannot say so before the first flight has left. */
export const isResumed = ({ scenario }: Run): boolean =>
  scenario.images.some(({ resumed }) => (resumed?.length ?? 0) > 0);

/** FNV-1a, 32 bits, for text that is not a number. */
function baseSeed(text: string | undefined): number {
  if (text === undefined || text === "") return 1;
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  let hash = 0x811c9dc5;
  for (const character of text) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  }
  return hash;
}
